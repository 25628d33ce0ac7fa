/** Undo and redo of all that is done to regions: they are replaced, never changed, so each step is the former list. */

import { byId } from "../parts/dom.js";
import { say } from "../parts/status.js";
import { change, state, styleOf, watch } from "../recipe/state.js";

const MOST_STEPS = 100;

let now = state.regions;
let past = [];
let future = [];

const undoing = byId("undo");
const redoing = byId("redo");

export function startHistory() {
  watch(["regions"], (moving) => moving || record());
  undoing.addEventListener("click", undo);
  redoing.addEventListener("click", redo);
  document.addEventListener("keydown", (event) => {
    const writes = event.target.matches("input:not([type=range], [type=checkbox]), select, dialog *");
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || writes) return;
    if (event.shiftKey ? redo() : undo()) event.preventDefault();
  });
}

function record() {
  if (state.regions === now) return;
  if (state.photo) past = [...past, now].slice(-MOST_STEPS); // before, it is what a link opens with
  future = [];
  now = state.regions;
  show();
}

const undo = () => step(past, future, "Undone.");
const redo = () => step(future, past, "Done again.");

function step(from, to, words) {
  if (!from.length) return false;
  to.push(now);
  now = from.pop().map((region) => ({ ...region, chosen: region.chosen.filter(styleOf) })); // some may be gone since
  change({ regions: now });
  show();
  say(words);
  return true;
}

function show() {
  const focused = [undoing, redoing].find((button) => button === document.activeElement);
  byId("history").hidden = !past.length && !future.length;
  undoing.disabled = !past.length;
  redoing.disabled = !future.length;
  if (focused?.disabled) (focused === undoing ? redoing : undoing).focus();
}
