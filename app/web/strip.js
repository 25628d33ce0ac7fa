/** Nine weights of one pair, painted by one request. */

import { percent, weightsOf } from "./blend.js";
import { byId, element, imageOf, showText } from "./dom.js";
import { save, stem } from "./files.js";
import { concernsGrids, paintMany, paintSheet } from "./grid.js";
import { titleOf } from "./recipe.js";
import { change, state, watch } from "./state.js";

const PLACES = Array.from({ length: 9 }, (_, place) => ({ x: place / 8, y: 0.5 }));
const BLENDS = PLACES.map((place) => weightsOf(2, place));
const SIDE = 256;
const SHEET_SIDE = 512;

const strip = byId("strip");
const pictures = byId("strip-pictures");
let abort = new AbortController();

export function startStrip() {
  byId("open-strip").addEventListener("click", () => {
    open(strip.hidden);
    load();
  });
  byId("download-sheet").addEventListener("click", downloadSheet);
  watch((changed, moving) => {
    const two = state.photo !== null && state.chosen.length === 2;
    byId("open-strip").hidden = !two;
    if (!two) open(false);
    if (changed.includes("photo") || changed.includes("chosen")) pictures.replaceChildren();
    if (changed.includes("handle")) mark();
    if (!moving && concernsGrids(changed)) load();
  });
}

function open(wanted) {
  strip.hidden = !wanted;
  byId("open-strip").setAttribute("aria-expanded", String(wanted));
}

async function load() {
  abort.abort();
  if (strip.hidden) return;
  abort = new AbortController();
  const { signal } = abort;
  showText(byId("strip-error"), "");
  try {
    const painted = await paintMany(BLENDS, SIDE, signal);
    if (!signal.aborted) show(painted);
  } catch (error) {
    if (!signal.aborted) showText(byId("strip-error"), error.message);
  }
}

function show(painted) {
  const titles = state.chosen.map(titleOf);
  const made = painted.map((blob, place) => {
    const words = titles.map((title, style) => `${percent(BLENDS[place][style])} ${title}`).join(", ");
    const pick = element("button", { type: "button" }, imageOf(blob, { alt: words }));
    pick.addEventListener("click", () => change({ handle: PLACES[place] }));
    return element("li", {}, pick);
  });
  pictures.replaceChildren(...made);
  mark();
}

function mark() {
  [...pictures.children].forEach((each, place) => {
    each.firstChild.setAttribute("aria-pressed", String(Math.abs(state.handle.x - PLACES[place].x) < 0.005));
  });
}

async function downloadSheet() {
  showText(byId("strip-error"), "");
  try {
    save(await paintSheet(BLENDS, SHEET_SIDE), `${stem(state.photo.name)}-nine-weights.jpg`);
  } catch (error) {
    showText(byId("strip-error"), error.message);
  }
}
