/** The one description of a painting: the fields of `POST /v1/stylize`, used for requests, links and code alike. */

import { percent } from "../parts/numbers.js";
import { state, styleOf, usualNetwork } from "./state.js";
import { weightsOf } from "./weights.js";

/** Of the state, what the fields are made of. */
export const RECIPE = ["rest", "regions", "byItself", "network", "size"];

/** @returns {[string, string][]} field and value, in the order in which they are sent; none when no style is chosen */
export function fields(regions = state.regions) {
  const { rest, byItself, size } = state;
  if (![rest, ...regions].some(({ chosen }) => chosen.length)) return [];
  const list = [...blend(rest), ...manner(rest)];
  if (regions.length && byItself) list.push(["statistics", "region"]);
  list.push(...regions.map((region, place) => ["region", JSON.stringify(asJson(region, maskName(place)))]));
  list.push(...network());
  if (size) list.push(["size", String(size)]);
  return list;
}

/** The same for `POST /v1/videos`, which paints the clip: as what regions leave, and in its own size. */
export function clipFields() {
  const { rest, clip } = state;
  if (!rest.chosen.length) return [];
  const written = [...(clip.flow ? [["flow", "true"]] : []), ["format", clip.format]];
  return [...blend(rest), ...manner(rest), ...network(), ...written];
}

function blend(look) {
  const weights = look.chosen.length > 1 ? weightsIn(look) : [];
  return [...look.chosen.map((id) => ["style", id]), ...weights.map((weight) => ["weight", String(weight)])];
}

/** How a look is painted, whatever its blend: the fields that are not as usual. */
export function manner({ strength, preserveColor, stroke }) {
  const list = [];
  if (strength !== 1) list.push(["strength", String(strength)]);
  if (preserveColor) list.push(["preserve_color", "true"]);
  if (stroke !== 1) list.push(["stroke", String(stroke)]);
  return list;
}

/** Which network paints, unless it is the large one wherever the link is opened. */
export const network = () =>
  (state.network === "large" && usualNetwork() === "large" ? [] : [["network", state.network]]);

/** The files of the regions that are painted masks, as the fields name them. @returns {Promise<["mask", File][]>} */
export async function masks(regions = state.regions) {
  if (!regions.some(({ area }) => area.mask)) return [];
  const { png } = await import("./masks.js"); // which came with the first mask, and only then
  const files = regions.map(async ({ area }, place) =>
    area.mask && ["mask", new File([await png(area.mask)], maskName(place), { type: "image/png" })]);
  return (await Promise.all(files)).filter(Boolean);
}

export const maskNames = () => state.regions.flatMap(({ area }, place) => (area.mask ? [maskName(place)] : []));

const maskName = (place) => `region-${place + 1}.png`;

/** A region as the service, links and recipes have it; what it has in common with the rest is left out. */
export function asJson({ area, feather, ...look }, mask) {
  const { strength, preserveColor, stroke } = state.rest;
  const json = { ...(area.mask ? { mask } : area), ...(feather && { feather }) };
  if (!look.chosen.length) return { ...json, weights: { [state.styles[0].id]: 1 }, strength: 0 }; // any: none is seen
  json.weights = weightsById(look);
  if (look.strength !== strength) json.strength = look.strength;
  if (look.preserveColor !== preserveColor) json.preserve_color = look.preserveColor;
  if (look.stroke !== stroke) json.stroke = look.stroke;
  return json;
}

const weightsIn = ({ chosen, handle }) => weightsOf(chosen.length, handle);

export function weightsById(look) {
  const weights = weightsIn(look);
  return Object.fromEntries(look.chosen.map((id, place) => [id, weights[place]]));
}

/** A blend in words: 30 % The Starry Night, 70 % The Great Wave. */
export function inWords({ chosen, handle } = state) {
  if (chosen.length < 2) return chosen.map(titleOf).join("");
  const weights = weightsOf(chosen.length, handle);
  return chosen.map((id, place) => `${percent(weights[place])} ${titleOf(id)}`).join(", ");
}

/** The whole painting in words: the rest, and each region. */
export function paintingInWords() {
  const { rest, regions } = state;
  if (!fields().length) return "";
  if (!regions.length) return inWords(rest);
  const parts = regions.map((region, place) => `region ${place + 1}: ${inWords(region) || "photo"}`);
  return [inWords(rest) || "photo", ...parts].join("; ");
}

export const titleOf = (id) => styleOf(id)?.title ?? id;
