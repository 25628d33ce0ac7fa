/**
 * Pictures as the network takes them: red, green and blue as planes of floats from 0 to 1, one after the other.
 *
 * @typedef {{data: Float32Array, channels: number, height: number, width: number}} Planes
 */

/** @returns {Planes} */
export function planes(channels, height, width, data = new Float32Array(channels * height * width)) {
  return { data, channels, height, width };
}

/** Weighted planes of one size, [weight, planes] each and three at the most, added. */
export function sum([first, { data, channels, height, width }], ...others) {
  const made = planes(channels, height, width);
  const [[second, { data: two }] = [0, { data }], [third, { data: three }] = [0, { data }]] = others;
  for (let place = 0; place < data.length; place += 1)
    made.data[place] = first * data[place] + second * two[place] + third * three[place];
  return made;
}

/** The same, from 0 to 1. */
export function bounded(...terms) {
  const made = sum(...terms);
  for (let place = 0; place < made.data.length; place += 1)
    made.data[place] = Math.min(1, Math.max(0, made.data[place]));
  return made;
}

/** Rows of pixels with four bytes each, from one row to another. */
export function fromPixels({ data, width, height }, top = 0, bottom = height) {
  const made = planes(3, bottom - top, width);
  const count = made.height * width;
  for (let place = 0, at = 4 * top * width; place < count; place += 1, at += 4)
    for (let channel = 0; channel < 3; channel += 1) made.data[channel * count + place] = data[at + channel] / 255;
  return made;
}

/** One channel of such pixels, of all rows. */
export function channelOf({ data, width, height }, channel) {
  const made = planes(1, height, width);
  for (let place = 0, at = channel; at < data.length; place += 1, at += 4) made.data[place] = data[at] / 255;
  return made;
}

/** How much red, green and blue add to brightness (ITU-R BT.601, on gamma-encoded values). */
export function brightness({ data, height, width }) {
  const made = planes(1, height, width);
  const count = height * width;
  for (let place = 0; place < count; place += 1)
    made.data[place] = 0.299 * data[place] + 0.587 * data[count + place] + 0.114 * data[2 * count + place];
  return made;
}
