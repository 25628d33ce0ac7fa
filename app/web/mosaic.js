/** The blend square filled with what it offers: the photo in sixteen of its blends, painted by one request. */

import { weightsOf } from "./blend.js";
import { byId, imageOf } from "./dom.js";
import { concernsGrids, paintMany } from "./grid.js";
import { state, watch } from "./state.js";

const SIDE = 4;
const PIXELS = 160;
/** Each picture is the blend in the middle of its place. */
const PLACES = Array.from({ length: SIDE * SIDE }, (_, place) => ({
  x: ((place % SIDE) + 0.5) / SIDE,
  y: (Math.floor(place / SIDE) + 0.5) / SIDE,
}));

const mosaic = byId("mosaic");
let abort = new AbortController();

export function startMosaic() {
  watch((changed, moving) => {
    if (changed.includes("photo") || changed.includes("chosen")) mosaic.replaceChildren();
    if (!moving && concernsGrids(changed)) load();
  });
}

async function load() {
  abort.abort();
  const count = state.chosen.length;
  if (!state.photo || count < 3) return;
  abort = new AbortController();
  const { signal } = abort;
  try {
    const painted = await paintMany(PLACES.map((place) => weightsOf(count, place)), PIXELS, signal);
    if (!signal.aborted) mosaic.replaceChildren(...painted.map((blob) => imageOf(blob, { alt: "", draggable: false })));
  } catch {
    if (!signal.aborted) mosaic.replaceChildren(); // an ornament: what is wrong is said below the painting itself
  }
}
