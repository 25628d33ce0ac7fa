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

/** Planes in another size, antialiased; edges overshoot a little. */
export const resample = (image, height, width) => resampledRows(image, height, width, 0, height);

/** Some rows of what `resample` makes. */
export function resampledRows(image, height, width, top, bottom) {
  if (height === image.height) return alongRows(image, width, top, bottom);
  const rows = taps(BICUBIC, image.height, height, top, bottom);
  const first = rows[0].first;
  const last = rows.at(-1).first + rows.at(-1).weights.length;
  const narrow = alongRows(image, width, first, last);
  const made = planes(image.channels, bottom - top, width);
  for (let channel = 0; channel < image.channels; channel += 1)
    rows.forEach(({ first: from, weights }, row) => {
      const begin = (channel * made.height + row) * width;
      const target = made.data.subarray(begin, begin + width);
      weights.forEach((weight, tap) => {
        const source = (channel * narrow.height + from - first + tap) * width;
        for (let column = 0; column < width; column += 1) target[column] += weight * narrow.data[source + column];
      });
    });
  return made;
}

/** Rows of planes in another width. */
function alongRows(image, width, top, bottom) {
  const made = planes(image.channels, bottom - top, width);
  const columns = taps(BICUBIC, image.width, width, 0, width);
  for (let channel = 0; channel < image.channels; channel += 1)
    for (let row = top; row < bottom; row += 1) {
      const source = (channel * image.height + row) * image.width;
      const target = (channel * made.height + row - top) * width;
      if (width === image.width) made.data.set(image.data.subarray(source, source + width), target);
      else
        for (let column = 0; column < width; column += 1) {
          const { first, weights } = columns[column];
          let sum = 0;
          for (let tap = 0; tap < weights.length; tap += 1) sum += weights[tap] * image.data[source + first + tap];
          made.data[target + column] = sum;
        }
    }
  return made;
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
  const all = taps(LANCZOS, source, length, 0, length);
  for (let line = 0; line < lines; line += 1)
    for (let place = 0; place < length; place += 1) {
      const { first, weights } = all[place];
      for (let channel = 0; channel < 4; channel += 1) {
        let at = channel + first * step + line * (along ? 4 * source : 4);
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap += 1, at += step) sum += weights[tap] * data[at];
        made[channel + place * step + line * (along ? 4 * length : 4)] = sum;
      }
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

/** Of each place from `begin` to `end` in a line of another length: which of its `source` places count, and how much. */
function taps(kernel, source, length, begin, end) {
  const scale = source / length;
  const stretch = Math.max(1, scale); // of the kernel: what cannot be shown is not to show as something else
  const reach = kernel.reach * stretch;
  return Array.from({ length: end - begin }, (_, place) => {
    const center = (begin + place + 0.5) * scale;
    const first = between(Math.trunc(center - reach + 0.5), 0, source - 1);
    const last = between(Math.trunc(center + reach + 0.5), first + 1, source);
    const weights = Float64Array.from({ length: last - first }, (_, tap) =>
      kernel.at((first + tap + 0.5 - center) / stretch));
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
