/** What links and recipes ask for, as far as it can be set here. */

import { between } from "../parts/numbers.js";
import { toast } from "../parts/status.js";
import { GIVEN, MOST_CHOSEN, styleOf } from "./state.js";
import { handleOf, weightsOf } from "./weights.js";

const near = (one, other) => Math.abs(one - other) < 0.005; // no difference in the percentages

const isPoint = (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
const span = ({ from, to }) => isPoint(from) && isPoint(to) && { from, to };
/** Of each kind of area, what the service takes of it; false when it is none. */
const AREAS = {
  mask: (text) => typeof text === "string",
  gradient: span,
  ellipse: ({ center, radii }) => isPoint(center) && isPoint(radii) && Math.min(...radii) > 0 && { center, radii },
  rectangle: span,
  polygon: (points) => points.length >= 3 && points.length <= 500 && Array.from(points).every(isPoint) && points,
};

/** Said of what paints so; recipes have that painting's style, which the page cannot send. */
export const NEEDS_GIVEN =
  "paints like a painting that was given along, which the page does not have; the command reads it from a recipe: " +
  "impasto paint PHOTO --recipe FILE";

/** Whether an id is that of a painting given along, and not of a style that was called so before. */
export const isGiven = (id) => id === GIVEN && !styleOf(id);

/** source: "link" or "recipe", for what is said. */
export function reader(source) {
  const unknown = new Set();
  let others = false;
  return { look, region, tell };

  /** ids and weights: of the blend; otherwise: how it is painted where that is not said. */
  function look(ids, weights, { strength, preserve_color: preserveColor, stroke }, otherwise) {
    for (const id of ids) if (!styleOf(id)) unknown.add(id);
    const chosen = [...new Set(ids)].filter(styleOf).slice(0, MOST_CHOSEN);
    const sum = weights.reduce((all, weight) => all + weight, 0);
    const usable =
      chosen.length > 1 && weights.length === chosen.length && weights.every((weight) => weight >= 0) && near(sum, 1);
    const shares = weights.map((weight) => weight / sum);
    const handle = usable ? handleOf(shares) : { x: 0.5, y: 0.5 };
    const same = weightsOf(chosen.length, handle).every((weight, place) => near(weight, weights[place]));
    if (weights.length && !same) others = true;
    return {
      chosen,
      handle,
      strength: number(strength, 0, 1, otherwise.strength),
      preserveColor: typeof preserveColor === "boolean" ? preserveColor : otherwise.preserveColor,
      stroke: stroke === "native" ? stroke : number(stroke, 0.25, 4, otherwise.stroke),
    };
  }

  /** A region from JSON; mask: the one that it has. Throws an error that says what is wrong. */
  function region(given, rest, mask) {
    const kinds = Object.keys(AREAS).filter((kind) => given?.[kind]);
    if (kinds.length !== 1) throw new Error(`it needs one of ${Object.keys(AREAS).join(", ")}`);
    const [kind] = kinds;
    const area = AREAS[kind](given[kind]);
    if (!area) throw new Error(`its ${kind} is none`);
    if (kind === "mask" && !mask) throw new Error("its mask is not there");
    const weights = Object.entries(given.weights ?? {}).filter(([, weight]) => weight > 0);
    if (!weights.length) throw new Error("it has no weights");
    const untouched = given.strength === 0; // the photo, whatever the styles
    const made = look(
      untouched ? [] : weights.map(([id]) => id),
      untouched ? [] : weights.map(([, weight]) => weight),
      untouched ? {} : given,
      rest,
    );
    const feather = number(given.feather, 0, 0.5, 0);
    return { ...made, feather, area: mask ? { mask } : { [kind]: area } };
  }

  /** Say what could not be set here, and why a region was left out. */
  function tell(faults = []) {
    if (unknown.has(GIVEN)) toast(`The ${source} ${NEEDS_GIVEN}.`);
    else if (unknown.size) toast(`This service does not have the style ${[...unknown].join(", ")}.`);
    else if (faults.length) toast(faults.join(" "));
    else if (others) toast(`The ${source}'s weights cannot be set here; it opens with others.`);
  }
}

function number(value, least, most, otherwise) {
  return value != null && Number.isFinite(Number(value)) ? between(Number(value), least, most) : otherwise;
}
