/** The blend square filled with what it offers: the photo in sixteen of its blends, painted by one request. */

import { byId, imageOf } from "../parts/dom.js";
import { state, watch } from "../recipe/state.js";
import { weightsOf } from "../recipe/weights.js";
import { IN_EVERY_BLEND, smallPictures } from "./grid.js";

const SIDE = 4;
/** Each picture is the blend in the middle of its place. */
const PLACES = Array.from({ length: SIDE * SIDE }, (_, place) => ({
  x: ((place % SIDE) + 0.5) / SIDE,
  y: (Math.floor(place / SIDE) + 0.5) / SIDE,
}));

const mosaic = byId("mosaic");
const paint = smallPictures({
  size: 160,
  show: (painted) => mosaic.replaceChildren(...painted.map((blob) => imageOf(blob, { alt: "", draggable: false }))),
  fail: () => mosaic.replaceChildren(), // an ornament: what is wrong is said below the painting itself
});

export function startMosaic() {
  watch(["photo", "chosen"], () => mosaic.replaceChildren());
  watch(IN_EVERY_BLEND, (moving) => moving || paint(blends()));
}

function blends() {
  const count = state.chosen.length;
  return state.photo && count > 2 ? PLACES.map((place) => weightsOf(count, place)) : [];
}
