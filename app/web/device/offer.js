/** Whether painting on the visitor's own device is offered; the switch itself comes when it is first wanted. */

import { byId } from "../parts/dom.js";
import { fetched } from "../parts/waiting.js";
import { change, networkOf, state } from "../recipe/state.js";
import { kept } from "./choice.js";

/** A module of WebAssembly whose one function has an instruction of SIMD. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];

/** What is fetched once, in megabytes; the second number is for graphics cards. */
const FETCHED = { small: "1 to 8", large: "4 to 10" };

const box = byId("on-device");

/** Offer it, where the service has what it takes; switched on at the last visit, it still is. */
export function offerDevice() {
  if (!state.info.browser_runtime) return;
  byId("on-device-option").hidden = false;
  box.disabled = !WebAssembly.validate(new Uint8Array(SIMD));
  byId("on-device-hint").textContent = box.disabled
    ? "This browser cannot do it: it lacks WebAssembly with SIMD. The service paints."
    : `${FETCHED[networkOf("small")]} MB are fetched once; then your photos stay where they are.`;
  if (box.disabled) return;
  box.addEventListener("change", turn);
  if (!kept()) return;
  box.checked = true;
  Object.assign(state, { onDevice: true, network: networkOf("small") }); // a change would keep a link not yet read
  turn();
}

async function turn() {
  const room = await fetched(import("./switch.js"));
  if (room) return room.turn();
  box.checked = false;
  change({ onDevice: false });
}
