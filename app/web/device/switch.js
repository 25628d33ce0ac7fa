/** The switch with which photos are painted on the visitor's own device, and what is said beside it. */

import { byId, showText } from "../parts/dom.js";
import { percent } from "../parts/numbers.js";
import { fetched } from "../parts/waiting.js";
import { change, paintedHere, state, watch } from "../recipe/state.js";

const KEPT = "impasto-on-device";
/** A module of WebAssembly whose one function has an instruction of SIMD. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
const STAYS = "It stays on this device.";
const GOES = "It goes to this service and nowhere else.";
const BY = { webgpu: "by its graphics card", wasm: "by its processor" };

const box = byId("on-device");
/** What is said while nothing is painted here, or not yet. */
let waitingFor = "";
/** Whether that goes without a connection too; null: nobody knows. */
let offline = null;

/** Offer it, where the service has what it takes; switched on at the last visit, it still is. */
export function startSwitch() {
  if (!state.info.browser_runtime) return;
  byId("on-device-option").hidden = false;
  box.disabled = !WebAssembly.validate(new Uint8Array(SIMD));
  if (box.disabled) waitingFor = "This browser cannot do it: it lacks WebAssembly with SIMD. The service paints.";
  box.addEventListener("change", () => (box.checked ? turnOn() : turnOff()));
  watch(["regions", "onDevice", "paintsBy"], show);
  if (!box.disabled && kept()) turnOn();
  show();
}

async function turnOn() {
  box.checked = true;
  showText(byId("on-device-error"), "");
  waitingFor = "Fetching what it takes.";
  change({ onDevice: true });
  const room = await fetched(import("./device.js"));
  if (!room) return turnOff();
  try {
    room.whileFetching((now, all) => {
      waitingFor = `Fetching what it takes: ${percent(now / all)} of ${Math.ceil(all / 1e6)} MB.`;
      show();
    });
    const keeping = await room.prepare();
    keep(box.checked);
    if (keeping) offline = await room.isKept();
  } catch (error) {
    if (box.checked) showText(byId("on-device-error"), error.message);
    turnOff();
  }
  show();
}

function turnOff() {
  box.checked = false;
  waitingFor = "";
  keep(false);
  change({ onDevice: false });
}

function show() {
  byId("whither").textContent = paintedHere() ? STAYS : GOES;
  byId("on-device-hint").textContent = inWords();
}

function inWords() {
  if (!box.checked) return waitingFor || "About 10 MB are fetched once; then your photos stay where they are.";
  if (!state.paintsBy) return waitingFor;
  if (state.regions.length) return "Pictures with regions are painted by the service.";
  const also = { true: ", without a connection too", false: "; its storage is too full to go without a connection" };
  return `Painted here ${BY[state.paintsBy]}${also[offline] ?? ""}.`;
}

/** For the next visit; a browser that stores nothing for pages does without. */
function keep(on) {
  try {
    if (on) localStorage.setItem(KEPT, "yes");
    else localStorage.removeItem(KEPT);
  } catch {}
}

function kept() {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}
