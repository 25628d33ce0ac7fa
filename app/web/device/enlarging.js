/** Paintings of a photo's own size, where fewer pixels were painted. The service's `enlarging.py`, which says why. */

import { bounded, brightness, planes } from "./planes.js";
import { resampledRows } from "./resample.js";

/** Most that a colour of the painting changes with the photo's brightness: more is a fit to noise. */
const STEEPEST = 1.5;

/** @returns what gives some rows of the enlarged painting, for those rows of the photo; shown: what was painted */
export function enlargement(painted, shown, [height, width], { radius, noise }) {
  const bright = brightness(shown);
  const count = bright.data.length;
  const maps = planes(7, painted.height, painted.width);
  maps.data.set(painted.data);
  maps.data.set(slopes(painted, bright, radius, noise), 3 * count);
  maps.data.set(bright.data, 6 * count);
  return (top, bottom, photo) => {
    const { data } = resampledRows(maps, height, width, top, bottom);
    const seen = brightness(photo).data;
    const made = planes(3, bottom - top, width);
    for (let channel = 0; channel < 3; channel += 1)
      for (let place = 0, at = channel * seen.length; place < seen.length; place += 1, at += 1)
        made.data[at] = data[at] + data[at + 3 * seen.length] * (seen[place] - data[6 * seen.length + place]);
    return bounded([1, made]);
  };
}

/** How much each colour of a painting changes with the photo's brightness around each pixel. */
function slopes(painted, bright, radius, noise) {
  const { height, width } = bright;
  const mean = (values) => around(values, height, width, radius);
  const middle = mean(bright.data);
  const variance = mean(bright.data.map((value) => value * value));
  const count = height * width;
  const made = new Float32Array(3 * count);
  for (let channel = 0; channel < 3; channel += 1) {
    const color = painted.data.subarray(channel * count, (channel + 1) * count);
    const mixed = mean(color.map((value, place) => value * bright.data[place]));
    const alone = mean(color);
    for (let place = 0; place < count; place += 1) {
      const covariance = mixed[place] - alone[place] * middle[place];
      const spread = variance[place] - middle[place] * middle[place] + noise;
      made[channel * count + place] = Math.min(STEEPEST, Math.max(-STEEPEST, covariance / spread));
    }
  }
  return made;
}

/** The mean of the square around each place; beyond the edge are its own values again. */
function around(values, height, width, radius) {
  const rows = sums(values, height, width, radius, 1, width);
  return sums(rows, width, height, radius, width, 1).map((sum) => sum / (2 * radius + 1) ** 2);
}

/** Sums along lines. step: from one place of a line to the next; jump: from one line to the next. */
function sums(values, lines, length, radius, step, jump) {
  const made = new Float32Array(values.length);
  for (let line = 0; line < lines; line += 1)
    for (let place = 0; place < length; place += 1) {
      let sum = 0;
      for (let near = place - radius; near <= place + radius; near += 1)
        sum += values[line * jump + Math.min(length - 1, Math.max(0, near)) * step];
      made[line * jump + place * step] = sum;
    }
  return made;
}
