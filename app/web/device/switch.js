/** The switch with which photos are painted on the visitor's own device, and what is said beside it. */

import { byId, showText } from "../parts/dom.js";
import { percent } from "../parts/numbers.js";
import { change, networkOf, paintedHere, state, watch } from "../recipe/state.js";
import { keep } from "./choice.js";
import { isKept, prepare, whileFetching } from "./device.js";

const STAYS = "It stays on this device.";
const GOES = "It goes to this service and nowhere else.";
const OFFERED = byId("on-device-hint").textContent;
const FETCHING = "Fetching what it takes";
const BY = { webgpu: "by its graphics card", wasm: "by its processor" };
const OFFLINE = { true: ", without a connection too", false: "; its storage is too full to go without a connection" };

const box = byId("on-device");
/** What is said until something can be painted here. */
let fetching = "";
/** Whether it goes without a connection too; null: nobody knows. */
let offline = null;

watch(["regions", "onDevice", "paintsBy"], show);
watch(["network"], () => state.onDevice && turn());
whileFetching((now, all) => {
  fetching = `${FETCHING}: ${percent(now / all)} of ${Math.ceil(all / 1e6)} MB.`;
  show();
});

/** As the box says, and with the network that is chosen: the usual one of those who paint here, until another is. */
export async function turn() {
  if (!box.checked) return turnOff();
  if (!state.onDevice) return change({ onDevice: true, network: networkOf("small") }); // for which this is called
  showText(byId("on-device-error"), "");
  fetching = `${FETCHING}.`;
  try {
    const keeping = await prepare();
    keep(box.checked);
    if (keeping) offline = await isKept();
  } catch (error) {
    if (box.checked) showText(byId("on-device-error"), error.message);
    turnOff();
  }
  show();
}

function turnOff() {
  box.checked = false;
  keep(false);
  change({ onDevice: false, network: "large" });
}

function show() {
  byId("whither").textContent = paintedHere() ? STAYS : GOES;
  byId("on-device-hint").textContent = inWords();
}

function inWords() {
  if (!box.checked) return OFFERED;
  if (!state.paintsBy) return fetching;
  if (state.regions.length) return "Pictures with regions are painted by the service.";
  return `Painted here ${BY[state.paintsBy]}${OFFLINE[offline] ?? ""}.`;
}
