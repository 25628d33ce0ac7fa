/** The one description of a painting: the fields of `POST /v1/stylize`, used for requests, links and code alike. */

import { percent } from "../parts/numbers.js";
import { state, styleOf } from "./state.js";
import { weightsOf } from "./weights.js";

/** Of the state, what the fields are made of. */
export const RECIPE = ["chosen", "handle", "strength", "preserveColor", "stroke", "size"];

/** @returns {[string, string][]} field and value, in the order in which they are sent; none when no style is chosen */
export function fields() {
  const { chosen, handle, strength, preserveColor, stroke, size } = state;
  if (!chosen.length) return [];
  const list = chosen.map((id) => ["style", id]);
  if (chosen.length > 1) list.push(...weightsOf(chosen.length, handle).map((weight) => ["weight", String(weight)]));
  if (strength !== 1) list.push(["strength", String(strength)]);
  if (preserveColor) list.push(["preserve_color", "true"]);
  if (stroke !== 1) list.push(["stroke", String(stroke)]);
  if (size) list.push(["size", String(size)]);
  return list;
}

/** The blend in words: 30 % The Starry Night, 70 % The Great Wave. */
export function inWords() {
  const { chosen, handle } = state;
  if (chosen.length < 2) return chosen.map(titleOf).join("");
  const weights = weightsOf(chosen.length, handle);
  return chosen.map((id, place) => `${percent(weights[place])} ${titleOf(id)}`).join(", ");
}

export const titleOf = (id) => styleOf(id)?.title ?? id;
