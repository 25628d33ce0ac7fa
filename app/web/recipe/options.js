/** Strength, the photo's colours, the size of strokes and that of the picture. */

import { byId, element } from "../parts/dom.js";
import { halfToEven, percent } from "../parts/numbers.js";
import { change, state, watch } from "./state.js";

const SIDES = [256, 512, 768, 1024, 1536, 2048, 3072, 4096];

const strength = byId("strength");
const stroke = byId("stroke");
const size = byId("size");
const preserveColor = byId("preserve-color");
const small = byId("small");

export function startOptions() {
  strength.addEventListener("input", () => change({ strength: strength.value / 100 }, { moving: true }));
  strength.addEventListener("change", () => change({ strength: strength.value / 100 }));
  stroke.addEventListener("input", () => change({ stroke: chosenStroke() }, { moving: true }));
  stroke.addEventListener("change", () => change({ stroke: chosenStroke() }));
  preserveColor.addEventListener("change", () => change({ preserveColor: preserveColor.checked }));
  byId("small-option").hidden = !state.info.small_network_id;
  small.addEventListener("change", () => change({ network: small.checked ? "small" : "large" }));
  size.addEventListener("change", () => change({ size: Number(size.value) || null }));
  watch(["photo", "size"], showSizes);
  watch(["strength"], showStrength);
  watch(["stroke"], showStroke);
  watch(["preserveColor"], () => { preserveColor.checked = state.preserveColor; });
  watch(["network"], showNetwork);
  showSizes();
  showStrength();
  showStroke();
  showNetwork();
}

/** Width and height of the result. */
export function resultSize() {
  const { width, height } = state.photo;
  const longest = Math.max(width, height);
  const scale = (state.size ?? Math.min(longest, largest())) / longest;
  return { width: halfToEven(width * scale), height: halfToEven(height * scale) };
}

/** Longest side that the service paints; it need not have a limit. */
const largest = () => state.limits.max_size ?? Infinity;

function showStrength() {
  strength.value = Math.round(state.strength * 100);
  strength.setAttribute("aria-valuetext", percent(state.strength));
  byId("strength-value").textContent = percent(state.strength);
}

/** The slider has octaves, so that each of its steps changes strokes by as much as any other. */
const chosenStroke = () => Number((2 ** stroke.value).toPrecision(2));

function showStroke() {
  const native = state.stroke === "native";
  const text = native ? "native" : `${state.stroke}\u00a0×`;
  stroke.value = native ? 0 : Math.log2(state.stroke);
  stroke.setAttribute("aria-valuetext", text);
  byId("stroke-value").textContent = text;
}

function showNetwork() {
  small.checked = state.network === "small";
}

function showSizes() {
  const { photo } = state;
  const most = largest();
  const own = photo ? `: ${Math.min(most, Math.max(photo.width, photo.height))} px` : "";
  const sides = SIDES.filter((side) => side <= most);
  if (state.size && !sides.includes(state.size)) sides.push(state.size);
  sides.sort((one, other) => one - other);
  size.replaceChildren(
    element("option", { value: "", textContent: `Original${own}` }),
    ...sides.map((side) => element("option", { value: side, textContent: `${side} px` })),
  );
  size.value = state.size ?? "";
}
