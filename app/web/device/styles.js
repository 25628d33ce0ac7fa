/** Styles and their blends as the network takes them. */

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
  return Float32Array.from(new Uint16Array(bytes.buffer), half);
}

/** A number, from the 16 bits of a float16. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
  return bits >> 15 ? -size : size;
}
