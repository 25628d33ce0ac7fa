/**
 * What the user has chosen, in one place; whoever shows it watches it.
 *
 * @typedef {{name: string, title: string, blob: Blob, shown: Blob, draft: Blob, finerDraft: () => Promise<Blob>,
 *   width: number, height: number, least: number}} Photo
 *   title: what it is called on the page; blob: what was dropped; shown: the same for the browser; draft: small, for
 *   painting while something is dragged; finerDraft: for strokes that are too small for it; least: longest side at which
 *   its shortest is just long enough for the service
 * @typedef {{x: number, y: number}} Handle where the handle is: on the slider x alone counts
 * @typedef {{id: string, title: string, artist: string, year: string, origin: string, verdict: ?string}} Style
 */

export const MOST_CHOSEN = 4;

export const state = {
  /** @type {?{max_upload_bytes: number, max_size: ?number, min_size: number}} what the service takes */
  limits: null,
  /** @type {?Photo} */
  photo: null,
  /** @type {Style[]} every style of the service */
  styles: [],
  /** @type {string[]} ids of the styles in the blend, in the order of picking */
  chosen: [],
  /** @type {Handle} */
  handle: { x: 0.5, y: 0.5 },
  strength: 1,
  preserveColor: false,
  /** @type {number | "native"} size of the strokes relative to the picture; native: one pass, whatever the size */
  stroke: 1,
  /** @type {?number} longest side of the result; null: the photo's own */
  size: null,
};

const watchers = [];

/** Call back after every change of one of these, with whether the user is still moving. */
export function watch(names, callback) {
  watchers.push({ names, callback });
}

/** moving: more of the same will follow at once, as while a slider is dragged. */
export function change(changes, { moving = false } = {}) {
  Object.assign(state, changes);
  for (const { names, callback } of watchers) if (names.some((name) => name in changes)) callback(moving);
}

export const styleOf = (id) => state.styles.find((style) => style.id === id);

/** Take a style into the blend, or out of it. Returns whether there was room for it. */
export function toggle(id) {
  const without = state.chosen.filter((each) => each !== id);
  if (without.length === state.chosen.length && without.length === MOST_CHOSEN) return false;
  const chosen = without.length < state.chosen.length ? without : [...without, id];
  change({ chosen, handle: { x: 0.5, y: 0.5 } });
  return true;
}
