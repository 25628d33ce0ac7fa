/** Nine weights of one pair, painted by one request. */

import { form, request } from "./api.js";
import { percent } from "./blend.js";
import { byId, element, showText } from "./dom.js";
import { save, stem } from "./files.js";
import { fields, titleOf } from "./recipe.js";
import { change, state, watch } from "./state.js";
import { unzip } from "./unzip.js";

const SHARES = Array.from({ length: 9 }, (_, place) => place / 8);
const SIDE = "256";

const strip = byId("strip");
const pictures = byId("strip-pictures");
let abort = new AbortController();

export function startStrip() {
  byId("open-strip").addEventListener("click", () => {
    strip.hidden = !strip.hidden;
    byId("open-strip").setAttribute("aria-expanded", String(!strip.hidden));
    load();
  });
  byId("download-sheet").addEventListener("click", downloadSheet);
  watch((changed, moving) => {
    const two = state.photo && state.chosen.length === 2;
    byId("open-strip").hidden = !two;
    if (!two) strip.hidden = true;
    if (strip.hidden) byId("open-strip").setAttribute("aria-expanded", "false");
    if (changed.includes("handle")) mark();
    if (!moving && ["photo", "chosen", "strength", "preserveColor"].some((each) => changed.includes(each))) load();
  });
}

/** The nine blends, from the first style to the second, with the other options as they are. */
function grid() {
  const [one, other] = state.chosen;
  const options = fields().filter(([name]) => !["style", "weight", "size"].includes(name));
  return [...SHARES.map((share) => ["blend", `${one}=${1 - share},${other}=${share}`]), ...options];
}

async function load() {
  abort.abort();
  if (strip.hidden) return;
  abort = new AbortController();
  const { signal } = abort;
  showText(byId("strip-error"), "");
  try {
    const body = form([...grid(), ["output", "zip"], ["size", SIDE], ["format", "jpeg"]], {
      image: [state.photo.draft, "draft"],
    });
    const answer = await request("v1/stylize/grid", { method: "POST", body, signal });
    const painted = await unzip(await answer.blob(), "image/jpeg");
    if (!signal.aborted) show(painted);
  } catch (error) {
    if (!signal.aborted) showText(byId("strip-error"), error.message);
  }
}

function show(painted) {
  const made = painted.map((blob, place) => {
    const words = `${percent(1 - SHARES[place])} ${titleOf(state.chosen[0])}, ${percent(SHARES[place])} ${titleOf(state.chosen[1])}`;
    const image = element("img", { src: URL.createObjectURL(blob), alt: words });
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    const pick = element("button", { type: "button" }, image);
    pick.addEventListener("click", () => change({ handle: { x: SHARES[place], y: 0.5 } }));
    return element("li", {}, pick);
  });
  pictures.replaceChildren(...made);
  mark();
}

function mark() {
  [...pictures.children].forEach((each, place) => {
    each.firstChild.setAttribute("aria-pressed", String(Math.abs(state.handle.x - SHARES[place]) < 0.005));
  });
}

async function downloadSheet() {
  try {
    const body = form([...grid(), ["columns", "9"], ["size", "512"], ["format", "jpeg"]], {
      image: [state.photo.blob, state.photo.name],
    });
    const answer = await request("v1/stylize/grid", { method: "POST", body });
    save(await answer.blob(), `${stem(state.photo.name)}-nine-weights.jpg`);
  } catch (error) {
    showText(byId("strip-error"), error.message);
  }
}
