/**
 * What the user has chosen, in one place; whoever shows it watches it.
 *
 * @typedef {{x: number, y: number}} Handle where the handle is: on the slider x alone counts
 * @typedef {{id: string, title: string, artist: string, year: string, origin: string, verdict: ?string}} Style
 */

export const MOST_CHOSEN = 4;

export const state = {
  /** @type {?import("./photo.js").Photo} */
  photo: null,
  /** @type {Style[]} every style of the service */
  styles: [],
  /** @type {string[]} ids of the styles in the blend, in the order of picking */
  chosen: [],
  /** @type {Handle} */
  handle: { x: 0.5, y: 0.5 },
  strength: 1,
  preserveColor: false,
  /** @type {?number} longest side of the result; null: the photo's own */
  size: null,
};

const watchers = [];

/** Call back after every change with what was changed and whether the user is still moving. */
export function watch(callback) {
  watchers.push(callback);
}

/** moving: more of the same will follow at once, as while a slider is dragged. */
export function change(changes, { moving = false } = {}) {
  Object.assign(state, changes);
  for (const callback of watchers) callback(Object.keys(changes), moving);
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
