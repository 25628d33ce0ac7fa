/** The blend by hand: a slider between two styles, a square of up to four. */

import { button, byId, element } from "../parts/dom.js";
import { between, percent } from "../parts/numbers.js";
import { arrow, followPointer } from "../parts/pointer.js";
import { inWords, titleOf } from "../recipe/recipe.js";
import { change, state, styleOf, toggle, watch } from "../recipe/state.js";
import { weightsOf } from "../recipe/weights.js";
import { previewPath } from "../service/api.js";

const alpha = byId("alpha");
const square = byId("square");
const handle = byId("handle");
const list = byId("chosen");

export function startMixer() {
  alpha.addEventListener("input", () => change({ handle: { x: alpha.value / 100, y: 0.5 } }, { moving: true }));
  alpha.addEventListener("change", () => change({ handle: { x: alpha.value / 100, y: 0.5 } }));
  followPointer(square, (place, last) => {
    if (!last) handle.focus({ preventScroll: true });
    change({ handle: place }, { moving: !last });
  });
  handle.addEventListener("keydown", moveByKey);
  handle.addEventListener("keyup", (event) => arrow(event) && change({ handle: state.handle }));
  watch(["chosen", "styles"], showChosen);
  watch(["chosen", "styles", "handle"], showWeights);
}

function moveByKey(event) {
  const direction = arrow(event);
  if (!direction) return;
  event.preventDefault();
  const moved = (value, steps) => between(Math.round(value * 100 + steps) / 100, 0, 1);
  const { x, y } = state.handle;
  change({ handle: { x: moved(x, direction[0]), y: moved(y, direction[1]) } }, { moving: true });
}

function showChosen() {
  const { chosen } = state;
  byId("mixer-hint").hidden = chosen.length > 1;
  byId("mixer-hint").textContent = chosen.length
    ? "Pick a second style, and the two blend."
    : "Pick a style below to paint with it. Pick a second, and they blend.";
  byId("slider").hidden = chosen.length !== 2;
  square.hidden = chosen.length < 3;
  square.dataset.count = chosen.length;
  list.replaceChildren(...chosen.map(entry));
}

function entry(id) {
  return element(
    "li",
    {},
    element("img", { src: previewPath(styleOf(id) ?? { id }), alt: "", width: 48, height: 48 }),
    element("span", { className: "chosen-title", textContent: titleOf(id) }),
    element("span", { className: "chosen-weight" }),
    button("remove", "×", `Take ${titleOf(id)} out of the blend`, () => takeOut(id)),
  );
}

/** Take a style out of the blend; the focus goes on to the next that could be. */
function takeOut(id) {
  const place = state.chosen.indexOf(id);
  toggle(id);
  const left = [...list.querySelectorAll(".remove")];
  (left[place] ?? left.at(-1) ?? byId("styles")).focus({ preventScroll: true });
}

function showWeights() {
  const { chosen, handle: place } = state;
  const weights = weightsOf(chosen.length || 1, place);
  list.querySelectorAll(".chosen-weight").forEach((shown, index) => {
    shown.textContent = chosen.length > 1 ? percent(weights[index]) : "";
  });
  alpha.value = Math.round(place.x * 100);
  alpha.setAttribute("aria-valuetext", inWords());
  handle.style.left = `${place.x * 100}%`;
  handle.style.top = `${place.y * 100}%`;
  handle.setAttribute("aria-valuenow", String(Math.round(place.x * 100)));
  handle.setAttribute("aria-valuetext", inWords());
}
