/** Nine weights of one pair, painted by one request. */

import { byId, element, imageOf, showText, unfold } from "../parts/dom.js";
import { save, stem } from "../parts/files.js";
import { percent } from "../parts/numbers.js";
import { titleOf } from "../recipe/recipe.js";
import { change, state, watch } from "../recipe/state.js";
import { weightsOf } from "../recipe/weights.js";
import { IN_EVERY_BLEND, paintSheet, smallPictures } from "./grid.js";

const PLACES = Array.from({ length: 9 }, (_, place) => ({ x: place / 8, y: 0.5 }));
const BLENDS = PLACES.map((place) => weightsOf(2, place));
const SHEET_SIDE = 512;

const strip = byId("strip");
const pictures = byId("strip-pictures");
const fail = (error) => showText(byId("strip-error"), error.message);
const paint = smallPictures({ size: 256, show, fail });

export function startStrip() {
  byId("open-strip").addEventListener("click", () => {
    unfold(strip, strip.hidden);
    load();
  });
  byId("download-sheet").addEventListener("click", downloadSheet);
  watch(["photo", "chosen", "regions"], () => {
    const plain = !state.regions.length; // of regions, grids know nothing
    const two = state.photo !== null && state.chosen.length === 2 && plain;
    byId("open-strip").hidden = !two;
    if (!two) unfold(strip, false);
    pictures.replaceChildren();
  });
  watch(["handle"], mark);
  watch(IN_EVERY_BLEND, (moving) => moving || load());
}

function load() {
  if (!strip.hidden) showText(byId("strip-error"), "");
  paint(strip.hidden ? [] : BLENDS);
}

function show(painted) {
  const titles = state.chosen.map(titleOf);
  const made = painted.map((blob, place) => {
    const words = titles.map((title, style) => `${percent(BLENDS[place][style])} ${title}`).join(", ");
    const onclick = () => change({ handle: PLACES[place] });
    return element("li", {}, element("button", { type: "button", onclick }, imageOf(blob, { alt: words })));
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
    fail(error);
  }
}
