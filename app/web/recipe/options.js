/** Strength, the photo's colours, size. */

import { byId, element } from "../parts/dom.js";
import { percent } from "../parts/numbers.js";
import { change, state, watch } from "./state.js";

const SIDES = [256, 512, 768, 1024, 1536, 2048, 3072, 4096];

const strength = byId("strength");
const size = byId("size");
const preserveColor = byId("preserve-color");

export function startOptions() {
  strength.addEventListener("input", () => change({ strength: strength.value / 100 }, { moving: true }));
  strength.addEventListener("change", () => change({ strength: strength.value / 100 }));
  preserveColor.addEventListener("change", () => change({ preserveColor: preserveColor.checked }));
  size.addEventListener("change", () => change({ size: Number(size.value) || null }));
  watch(["photo", "size"], showSizes);
  watch(["strength"], showStrength);
  watch(["preserveColor"], () => { preserveColor.checked = state.preserveColor; });
  showSizes();
}

/** Width and height of the result. */
export function resultSize() {
  const { width, height } = state.photo;
  const longest = Math.max(width, height);
  const scale = (state.size ?? Math.min(longest, most())) / longest;
  return { width: rounded(width * scale), height: rounded(height * scale) };
}

/** Longest side of any result. */
const most = () => state.limits.max_size ?? Infinity;

/** As the service rounds: a half to the even number. */
const rounded = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

function showStrength() {
  strength.value = Math.round(state.strength * 100);
  strength.setAttribute("aria-valuetext", percent(state.strength));
  byId("strength-value").textContent = percent(state.strength);
}

function showSizes() {
  const { photo } = state;
  const own = photo ? `: ${Math.min(most(), Math.max(photo.width, photo.height))} px` : "";
  const sides = SIDES.filter((side) => side <= most());
  if (state.size && !sides.includes(state.size)) sides.push(state.size);
  sides.sort((one, other) => one - other);
  size.replaceChildren(
    element("option", { value: "", textContent: `Original${own}` }),
    ...sides.map((side) => element("option", { value: side, textContent: `${side} px` })),
  );
  size.value = state.size ?? "";
}
