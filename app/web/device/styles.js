/** Styles and their blends as the network takes them. */

import { fromHalves } from "../engine/halves.js";

/** @returns {Map<string, Float32Array>} the vectors of the service's JSON by the styles' ids */
export const vectorsOf = ({ styles }) => new Map(styles.map(({ id, vector }) => [id, decoded(vector)]));

/** A weighted sum. weights: by id. */
export function blend(vectors, weights, size) {
  const mixed = new Float32Array(size);
  for (const [id, weight] of Object.entries(weights))
    vectors.get(id).forEach((value, place) => { mixed[place] += weight * value; });
  return mixed;
}

function decoded(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return fromHalves(new Uint16Array(bytes.buffer));
}
