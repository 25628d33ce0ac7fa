/** The part of the address after #, which reopens the same styles, weights and options. */

import { byId } from "../parts/dom.js";
import { copy } from "../parts/files.js";
import { between } from "../parts/numbers.js";
import { toast } from "../parts/status.js";
import { fields, RECIPE } from "./recipe.js";
import { MOST_CHOSEN, change, state, styleOf, watch } from "./state.js";
import { handleOf, weightsOf } from "./weights.js";

const near = (one, other) => Math.abs(one - other) < 0.005; // no difference in the percentages

export function startLink() {
  watch(RECIPE, (moving) => moving || keepLink());
  addEventListener("hashchange", () => state.styles.length && openLink());
  byId("copy-link").addEventListener("click", async () => {
    toast((await copy(location.href)) ? "The link is copied." : "The link is in the address bar.");
  });
}

/** Take over what the address asks for. */
export function openLink() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const wanted = asked.getAll("style");
  if (!wanted.length) return;
  const unknown = wanted.filter((id) => !styleOf(id));
  const chosen = [...new Set(wanted)].filter(styleOf).slice(0, MOST_CHOSEN);
  const weights = asked.getAll("weight").map(Number);
  if (weights.length === 1 && chosen.length === 2) weights.push(1 - weights[0]);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const usable =
    chosen.length > 1 && weights.length === chosen.length && weights.every((weight) => weight >= 0) && near(sum, 1);
  const handle = usable ? handleOf(weights.map((weight) => weight / sum)) : { x: 0.5, y: 0.5 };
  const same = weightsOf(chosen.length, handle).every((weight, place) => near(weight, weights[place]));
  if (unknown.length) toast(`This service does not have the style ${unknown.join(", ")}.`);
  else if (weights.length && !same) toast("The link's weights cannot be set here; it opens with others.");
  const number = (name, least, most) => {
    const value = Number(asked.get(name) ?? 1);
    return Number.isFinite(value) ? between(value, least, most) : 1;
  };
  const size = Number(asked.get("size"));
  change({
    chosen,
    handle,
    strength: number("strength", 0, 1),
    preserveColor: asked.get("preserve_color") === "true",
    stroke: asked.get("stroke") === "native" ? "native" : number("stroke", 0.25, 4),
    size: Number.isInteger(size) && size > 0 ? size : null,
  });
}

/** Milliseconds until the address is tried again: Safari lets it change a hundred times in thirty seconds. */
const PATIENCE = 1000;
let later;

/** Let the address say what is chosen now, or as soon as the browser allows it. */
function keepLink() {
  clearTimeout(later);
  const hash = new URLSearchParams(fields()).toString();
  if (hash === location.hash.slice(1)) return;
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  } catch {
    later = setTimeout(keepLink, PATIENCE);
  }
}
