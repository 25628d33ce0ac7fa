/**
 * What the user has chosen, in one place; whoever shows it watches it.
 *
 * @typedef {{name: string, title: string, blob: Blob, shown: Blob, draft: Blob, finerDraft: () => Promise<Blob>,
 *   width: number, height: number, least: number}} Photo
 *   title: what it is called on the page; blob: what was dropped; shown: the same for the browser; draft: small, for
 *   painting while something is dragged; finerDraft: for strokes that are too small for it; least: longest side at which
 *   its shortest is just long enough for the service
 * @typedef {{x: number, y: number}} Handle where the handle is: on the slider x alone counts
 * @typedef {{chosen: string[], handle: Handle, strength: number, preserveColor: boolean,
 *   stroke: number | "native"}} Look
 *   what a part of the picture is painted in; chosen: ids of the styles in its blend, in the order of picking; stroke:
 *   size of the strokes relative to the picture; native: one pass, whatever the size
 * @typedef {Look & {id: number, area: object, feather: number}} Region
 *   a part with a look of its own, never changed but replaced; area: where it is, as the service takes it, but that a
 *   mask is what is painted here
 * @typedef {{id: string, title: string, artist: string, year: string, origin: string, verdict: ?string}} Style
 */

export const MOST_CHOSEN = 4;
export const MOST_REGIONS = 8;
/** What a recipe calls the painting that was given along with the photo; no style is to have this id. */
export const GIVEN = "painting";

/** @type {Look} */
export const USUAL = { chosen: [], handle: { x: 0.5, y: 0.5 }, strength: 1, preserveColor: false, stroke: 1 };

export const state = {
  /** @type {?{max_upload_bytes: number, max_size: ?number, min_size: number}} what the service takes */
  limits: null,
  /** @type {?object} what the service says of itself, as /v1/info answers */
  info: null,
  /** @type {"large" | "small"} which of the service's networks paints */
  network: "large",
  /** @type {?Photo} */
  photo: null,
  /** @type {Style[]} every style of the service */
  styles: [],
  /** @type {Look} of what no region covers; without a style it stays the photo */
  rest: USUAL,
  /** @type {Region[]} */
  regions: [],
  /** @type {?number} id of the region whose look is chosen now; null: that of the rest */
  active: null,
  /** whether each region has statistics of its own, as if it were a picture by itself */
  byItself: false,
  /** @type {?number} longest side of the result; null: the photo's own */
  size: null,
  /** @type {?{title: string}} what is on the easel instead of the photo: what a camera sees */
  live: null,
  /** @type {?{name: string, format: string, flow: boolean}} the clip that is painted, or may be, and how it is written */
  clip: null,
  /** whether pictures without regions are painted here, and not by the service */
  onDevice: false,
  /** @type {?("webgpu" | "wasm")} by what they are */
  paintsBy: null,
};

/** The look is that of the active region, or of the rest: whoever shows or changes it need not know of which. */
for (const name of Object.keys(USUAL)) {
  Object.defineProperty(state, name, {
    enumerable: true,
    get: () => (activeRegion() ?? state.rest)[name],
    set: (value) => {
      if (activeRegion()) state.regions = withActive({ [name]: value });
      else state.rest = { ...state.rest, [name]: value };
    },
  });
}

/** The id of the network that paints. */
export const networkId = () => state.info[state.network === "small" ? "small_network_id" : "network_id"];

/** The network of that name, as far as the service has it. */
export const networkOf = (name) => (name === "small" && state.info.small_network_id ? "small" : "large");

/** The network that paints where none is asked for: a device has less patience than a server. */
export const usualNetwork = () => networkOf(state.onDevice ? "small" : "large");

/** @returns {Region | undefined} */
export const activeRegion = () => state.regions.find(({ id }) => id === state.active);

/** The regions, with changes to the active one. */
export const withActive = (changes) =>
  state.regions.map((region) => (region.id === state.active ? { ...region, ...changes } : region));

let last = 0;

/** A region with an id of its own. */
export const numbered = (region) => ({ ...region, id: (last += 1) });

const watchers = [];

/** Call back after every change of one of these, with whether the user is still moving. */
export function watch(names, callback) {
  watchers.push({ names, callback });
}

/** moving: more of the same will follow at once, as while a slider is dragged. */
export function change(changes, { moving = false } = {}) {
  const before = { ...state };
  Object.assign(state, changes);
  const changed = new Set(Object.keys(state).filter((name) => name in changes || state[name] !== before[name]));
  for (const { names, callback } of watchers) if (names.some((name) => changed.has(name))) callback(moving);
}

export const styleOf = (id) => state.styles.find((style) => style.id === id);

/** Whether the visitor's own device paints; regions are the service's. */
export const paintedHere = () => state.onDevice && !state.regions.length;

/** Take a style into the blend, or out of it. Returns whether there was room for it. */
export function toggle(id) {
  const without = state.chosen.filter((each) => each !== id);
  if (without.length === state.chosen.length && without.length === MOST_CHOSEN) return false;
  const chosen = without.length < state.chosen.length ? without : [...without, id];
  change({ chosen, handle: { x: 0.5, y: 0.5 } });
  return true;
}

/** What changes when styles are called otherwise, or are gone: renamed gives an id's new one, or undefined. */
export function withStyles(renamed) {
  const edited = (look) => ({ ...look, chosen: look.chosen.map(renamed).filter(Boolean) });
  const touched = [state.rest, ...state.regions].some(({ chosen }) => chosen.some((id) => renamed(id) !== id));
  return touched ? { rest: edited(state.rest), regions: state.regions.map(edited) } : {};
}
