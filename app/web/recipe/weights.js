/** From a handle to weights and back. */

const THOUSANDTHS = 1000;

/**
 * The weights of up to four styles.
 *
 * Two lie at the ends of a slider; four at the corners of a square, and the weights are bilinear; of three, the third
 * has the whole lower edge.
 */
export function weightsOf(count, { x, y }) {
  if (count === 1) return [1];
  if (count === 2) return rounded([1 - x, x]);
  if (count === 3) return rounded([(1 - x) * (1 - y), x * (1 - y), y]);
  return rounded([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]);
}

/** The handle that gives such weights; of four that no handle gives, the nearest in both directions. */
export function handleOf(weights) {
  const [, second = 0, third = 0, fourth = 0] = weights;
  if (weights.length === 2) return { x: second, y: 0.5 };
  const y = third + fourth;
  if (weights.length === 4) return { x: second + fourth, y };
  return { x: y < 1 ? second / (1 - y) : 0.5, y };
}

/** To thousandths, with a sum of exactly 1: the largest takes what rounding leaves. */
function rounded(weights) {
  const parts = weights.map((weight) => Math.round(weight * THOUSANDTHS));
  const largest = parts.indexOf(Math.max(...parts));
  parts[largest] += THOUSANDTHS - parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / THOUSANDTHS);
}
