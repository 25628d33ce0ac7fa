/** What is said to everyone: spoken by screen readers, and shown for a moment. */

import { byId } from "./dom.js";

const SHOWN = 5000;
let fading;

/** For screen readers only: what others see in the picture. */
export function say(text) {
  const room = document.querySelector("dialog[open]") ?? document.body; // outside of a dialog all is dimmed and silent
  if (byId("status").parentElement !== room) room.append(byId("status"), byId("toast"));
  byId("status").textContent = text;
}

/** For everyone. */
export function toast(text) {
  say(text);
  const shown = byId("toast");
  shown.textContent = text;
  shown.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { shown.hidden = true; }, SHOWN);
}
