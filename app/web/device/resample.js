/** Pictures in other sizes, by the kernels with which the service makes them: of PyTorch, and for photos of Pillow. */

import { between } from "../parts/numbers.js";
import { planes } from "./planes.js";

/** The kernel of Keys with a = -0.5. */
const BICUBIC = {
  reach: 2,
  at(distance) {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((2.5 - 0.5 * x) * x - 4) * x + 2 : 0;
  },
};
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const LANCZOS = { reach: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) };

/** Of which places of a line each one of a line of another length is made, and with which weights. */
export const bicubic = (source, length) => taps(BICUBIC, source, length, 0, length);

/** Planes in another size, antialiased; edges overshoot a little. Of their own size they are themselves. */
export function resample(image, height, width) {
  const same = height === image.height && width === image.width;
  return same ? image : resampledRows(image, height, width, 0, height);
}

/** Some rows of what `resample` makes. */
export function resampledRows(image, height, width, top, bottom) {
  if (height === image.height) return alongRows(image, width, top, bottom);
  const { firsts, count, weights } = taps(BICUBIC, image.height, height, top, bottom);
  const begin = firsts[0];
  const { data, height: lines } = alongRows(image, width, begin, firsts.at(-1) + count);
  const made = planes(image.channels, bottom - top, width);
  for (let line = 0; line < image.channels * made.height; line += 1) {
    const row = line % made.height;
    const source = (Math.floor(line / made.height) * lines + firsts[row] - begin) * width;
    const target = made.data.subarray(line * width, (line + 1) * width);
    for (let tap = 0; tap < count; tap += 1) add(target, data, source + tap * width, weights[row * count + tap]);
  }
  return made;
}

/** Adds a weighted row, from a place on. */
function add(target, data, source, weight) {
  for (let column = 0; column < target.length; column += 1) target[column] += weight * data[source + column];
}

/** Rows of planes in another width. */
function alongRows(image, width, top, bottom) {
  const lines = bottom - top;
  const made = planes(image.channels, lines, width);
  const columns = taps(BICUBIC, image.width, width, 0, width);
  for (let line = 0; line < image.channels * lines; line += 1) {
    const source = (Math.floor(line / lines) * image.height + top + (line % lines)) * image.width;
    const row = image.data.subarray(source, source + image.width);
    const target = made.data.subarray(line * width, (line + 1) * width);
    if (width === image.width) target.set(row);
    else stretch(target, row, columns);
  }
  return made;
}

function stretch(target, row, { firsts, count, weights }) {
  for (let place = 0, at = 0; place < target.length; place += 1) {
    let sum = 0;
    for (let from = firsts[place], end = from + count; from < end; from += 1, at += 1) sum += weights[at] * row[from];
    target[place] = sum;
  }
}

/** Pixels of four bytes in another size, rounded to bytes after each direction, as Pillow does. */
export function resized(pixels, width, height) {
  if (width === pixels.width && height === pixels.height) return pixels;
  const { data } = premultiplied(pixels); // colours under transparent pixels stay there
  const narrow = stretched(data, { source: pixels.width, length: width, lines: pixels.height, along: true });
  const made = stretched(narrow, { source: pixels.height, length: height, lines: width, along: false });
  return unmultiplied({ data: made, width, height });
}

/** Lines of pixels in another length. along: whether lines are rows. */
function stretched(data, { source, length, lines, along }) {
  if (source === length) return data;
  const made = new Uint8ClampedArray(4 * length * lines);
  const step = along ? 4 : 4 * lines;
  const { firsts, count, weights } = taps(LANCZOS, source, length, 0, length);
  for (let line = 0; line < lines; line += 1)
    for (let place = 0; place < length; place += 1)
      for (let channel = 0; channel < 4; channel += 1) {
        let at = channel + firsts[place] * step + line * (along ? 4 * source : 4);
        let sum = 0;
        for (let tap = 0; tap < count; tap += 1, at += step) sum += weights[place * count + tap] * data[at];
        made[channel + place * step + line * (along ? 4 * length : 4)] = sum;
      }
  return made;
}

const premultiplied = (pixels) => perPixel(pixels, (value, alpha) => (value * alpha) / 255);
const unmultiplied = (pixels) => perPixel(pixels, (value, alpha) => (alpha ? (value * 255) / alpha : 0));

function perPixel({ data, ...size }, make) {
  const made = new Uint8ClampedArray(data);
  for (let at = 0; at < data.length; at += 4)
    for (let channel = 0; data[at + 3] < 255 && channel < 3; channel += 1)
      made[at + channel] = make(data[at + channel], data[at + 3]);
  return { data: made, ...size };
}

/** Of places from `begin` to `end` in a line of another length: which of its `source` places count, and how much. */
function taps(kernel, source, length, begin, end) {
  const scale = source / length;
  const stretched = Math.max(1, scale); // of the kernel: what cannot be shown is not to show as something else
  const reach = kernel.reach * stretched;
  const count = Math.min(source, Math.ceil(2 * reach));
  const firsts = new Int32Array(end - begin);
  const weights = new Float64Array((end - begin) * count);
  for (let place = 0; place < end - begin; place += 1) {
    const center = (begin + place + 0.5) * scale;
    const first = between(Math.trunc(center - reach + 0.5), 0, source - 1);
    const last = between(Math.trunc(center + reach + 0.5), first + 1, source);
    firsts[place] = Math.min(first, source - count);
    const own = weights.subarray(place * count, (place + 1) * count);
    for (let at = first; at < last; at += 1) own[at - firsts[place]] = kernel.at((at + 0.5 - center) / stretched);
    const sum = own.reduce((all, weight) => all + weight, 0);
    own.forEach((weight, tap) => { own[tap] = weight / sum; });
  }
  return { firsts, count, weights };
}
