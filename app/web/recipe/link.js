/** The part of the address after #, which reopens the same styles, weights and options. */

import { byId } from "../parts/dom.js";
import { copy } from "../parts/files.js";
import { toast } from "../parts/status.js";
import { fields, RECIPE } from "./recipe.js";
import { reader } from "./reading.js";
import { MOST_REGIONS, USUAL, change, networkOf, numbered, state, styleOf, usualNetwork, watch } from "./state.js";

export function startLink() {
  watch(RECIPE, (moving) => moving || keepLink());
  addEventListener("hashchange", () => state.styles.length && openLink());
  byId("copy-link").addEventListener("click", async () => {
    const done = (await copy(location.href)) ? "The link is copied." : "The link is in the address bar.";
    toast(state.regions.every(isShape) ? done : `${done} Painted regions are in the recipe only.`);
  });
}

/** A painted mask is too large for an address. */
const isShape = ({ area }) => !area.mask;

/** Take over what the address asks for. */
export function openLink() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const styles = asked.getAll("style");
  const given = asked.getAll("region");
  if (!styles.length && !given.length) return;
  const weights = asked.getAll("weight").map(Number);
  const known = new Set(styles.filter(styleOf)).size;
  if (weights.length === 1 && known === 2) weights.push(1 - weights[0]);
  const { look, region, tell } = reader("link");
  const manner = Object.fromEntries(["strength", "stroke"].map((name) => [name, asked.get(name)]));
  const rest = look(styles, weights, { ...manner, preserve_color: asked.get("preserve_color") === "true" }, USUAL);
  const regions = [];
  const faults = [];
  given.forEach((text, place) => {
    try {
      if (place >= MOST_REGIONS) throw new Error(`${MOST_REGIONS} are the most`);
      regions.push(numbered(region(JSON.parse(text), rest)));
    } catch (error) {
      faults.push(`Region ${place + 1} of the link is left out: ${error.message}.`);
    }
  });
  tell(faults);
  const size = Number(asked.get("size"));
  change({
    rest,
    regions,
    active: null,
    byItself: asked.get("statistics") === "region",
    network: asked.has("network") ? networkOf(asked.get("network")) : usualNetwork(),
    size: Number.isInteger(size) && size > 0 ? size : null,
  });
}

/** Milliseconds until the address is tried again: Safari lets it change a hundred times in thirty seconds. */
const PATIENCE = 1000;
let later;

/** Let the address say what is chosen now, or as soon as the browser allows it. */
function keepLink() {
  clearTimeout(later);
  const hash = new URLSearchParams(fields(state.regions.filter(isShape))).toString();
  if (hash === location.hash.slice(1)) return;
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  } catch {
    later = setTimeout(keepLink, PATIENCE);
  }
}
