/**
 * Weights as the kernels take them: model/network/fast_network.py, winograd.py, nested.py and direct.py have the same
 * functions, and say what they are for.
 */

/** Channels that are computed together. */
export const BLOCK = 32;
/** Channels of a picture. */
export const PICTURE = 3;

/** Where polynomials are evaluated, and the scale of the weights there. */
const POINTS = [[0, 1 / 4], [1, -1 / 6], [-1, -1 / 6], [2, 1 / 48], [-2, 1 / 48]];
const NESTED_POINTS = [[0, 1 / 2], [1, -1 / 2], [-1, -1 / 6], [2, 1 / 6]];
/** Of a nested piece of a kernel. */
const SIDE = 3;
/** Above what the sizes of a channel's integers add up to, the largest of them, and a scale where all are 0. */
const LIMIT = 2 ** 31 / 2 ** 14;
const MOST = 32767;
const LEAST = 1e-30;

/** A weight whose every value is computed from its place. */
function weight(shape, compute) {
  const [written, read, height, width] = shape;
  const values = new Float32Array(written * read * height * width);
  let at = 0;
  for (let o = 0; o < written; o += 1)
    for (let i = 0; i < read; i += 1)
      for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) values[at++] = compute(o, i, y, x);
  return { shape, values };
}

/** What stands at a place of a weight; 0 beyond its kernel. */
function reader({ shape: [, read, size], values }) {
  return (o, i, y, x) => (y < size && x < size ? values[((o * read + i) * size + y) * size + x] : 0);
}

/** Weights for features of which every pixel was repeated 2 × 2, as those for the four pixels around a corner. */
export function cornerWeights(own) {
  const [written, read, size] = own.shape;
  const at = reader(own);
  const corners = Math.ceil(size / 2);
  const seen = (corner, pixel) => [2 * corner - pixel, 2 * corner + 1 - pixel].filter((row) => row >= 0);
  return weight([4 * written, read, corners, corners], (four, i, y, x) => {
    const [pixel, o] = [Math.floor(four / written), four % written];
    let sum = 0;
    for (const row of seen(y, pixel >> 1)) for (const column of seen(x, pixel & 1)) sum += at(o, i, row, column);
    return sum;
  });
}

/** Weights of a stride of two as those of none, for pixels two by two. */
export function twoByTwo(own) {
  const [written, read] = own.shape;
  const at = reader(own);
  return weight([written, 4 * read, 2, 2], (o, four, y, x) => {
    const place = Math.floor(four / read);
    return at(o, four % read, 2 * y + (place >> 1), 2 * x + (place & 1));
  });
}

/** As they are read by two pixels, (size, size, PICTURE, channels). */
export function inOrder(own) {
  const [channels, read, size] = own.shape;
  const at = reader(own);
  return { values: weight([size, size, read, channels], (y, x, i, o) => at(o, i, y, x)).values };
}

/** What the weights of a kernel are multiplied by for its values at all pairs of points, and at infinity. */
function evaluations(points, size) {
  const finite = points.map(([point, scale]) => Array.from({ length: size }, (_, power) => scale * point ** power));
  const sums = [...finite, [...Array(size - 1).fill(0), 1]];
  const products = (rows, columns) => Float64Array.from(rows.flatMap((y) => columns.map((x) => y * x)));
  return sums.flatMap((rows) => sums.map((columns) => products(rows, columns)));
}

/** A kernel's value, from where it begins on. */
function evaluated(times, values, from) {
  let sum = 0;
  for (let k = 0; k < times.length; k += 1) sum += times[k] * values[from + k];
  return sum;
}

/** As integers, and what these are multiples of: (blocks, 36, read / 2, BLOCK, 2) and (blocks, 36, BLOCK). */
export function quantized({ shape: [written, read, size], values }) {
  const products = evaluations(POINTS, size);
  const blocks = Math.ceil(written / BLOCK);
  const integers = new Int16Array(blocks * products.length * read * BLOCK);
  const scales = new Float32Array(blocks * products.length * BLOCK);
  for (let o = 0; o < written; o += 1)
    for (const [product, times] of products.entries()) {
      const found = Float32Array.from({ length: read }, (_, i) => evaluated(times, values, (o * read + i) * size ** 2));
      const sizes = found.map(Math.abs);
      const whole = sizes.reduce((sum, value) => sum + value);
      const scale = Math.max(whole / (LIMIT - read), Math.max(...sizes) / MOST, LEAST);
      const [place, c] = [Math.floor(o / BLOCK) * products.length + product, o % BLOCK];
      scales[place * BLOCK + c] = scale;
      for (let i = 0; i < read; i += 1) {
        const pair = (place * read) / 2 + (i >> 1);
        integers[(pair * BLOCK + c) * 2 + (i & 1)] = Math.round(found[i] / scale);
      }
    }
  return { integers, scales };
}

/** From a picture, in nested pieces: (25, pieces, pieces · PICTURE, channels). */
export function forWider(own) {
  const [channels, , size] = own.shape;
  const [at, pieces] = [reader(own), Math.ceil(size / SIDE)];
  return nested(pieces, [pieces ** 2 * PICTURE, channels], (row, o, y, x) => {
    const [piece, i] = [Math.floor(row / PICTURE), row % PICTURE];
    return at(o, i, Math.floor(piece / pieces) * SIDE + y, (piece % pieces) * SIDE + x);
  });
}

/** To a picture, in nested pieces: (25, pieces, PICTURE, pieces · channels). */
export function forNarrower(own) {
  const [, channels, size] = own.shape;
  const [at, pieces] = [reader(own), Math.ceil(size / SIDE)];
  return nested(pieces, [pieces * PICTURE, pieces * channels], (row, column, y, x) => {
    const [down, across] = [Math.floor(row / PICTURE), Math.floor(column / channels)];
    return at(row % PICTURE, column % channels, down * SIDE + y, across * SIDE + x);
  });
}

/** Pieces of a kernel, evaluated. compute: what stands at a row and a column of a piece, whose place is two numbers. */
function nested(pieces, [rows, columns], compute) {
  const { values } = weight([rows, columns, SIDE, SIDE], compute);
  const [products, count] = [evaluations(NESTED_POINTS, SIDE), rows * columns];
  const found = Float32Array.from({ length: products.length * count }, (_, at) => (
    evaluated(products[Math.floor(at / count)], values, (at % count) * SIDE ** 2)));
  return { values: found, pieces };
}
