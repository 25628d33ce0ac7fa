/** From what the network painted to the picture that was asked for: its size, its strength, its colours. */

import { bounded, brightness, fromPixels, planes, sum } from "./planes.js";
import { enlargement } from "./enlarging.js";
import { resampledRows } from "./resample.js";

/** About as many pixels are floats at once: a large picture never is as a whole. */
const STRIP_PIXELS = 500_000;

/**
 * The pixels of a photo, painted, four bytes each with the photo's own alpha.
 *
 * painted: planes of the photo's size or another; shown: the photo as it was painted, of their size.
 */
export function finish(pixels, painted, shown, strokes, { strength, preserveColor }) {
  const { width, height, data } = pixels;
  const made = new Uint8ClampedArray(data);
  const rowsOf = inSize(painted, shown, [height, width], strokes);
  const together = Math.max(1, Math.floor(STRIP_PIXELS / width));
  for (let top = 0; top < height; top += together) {
    const bottom = Math.min(height, top + together);
    const photo = fromPixels(pixels, top, bottom);
    let strip = rowsOf(top, bottom, photo);
    if (preserveColor) strip = keepColor(strip, photo);
    if (strength !== 1) strip = sum([1 - strength, photo], [strength, strip]);
    const count = (bottom - top) * width;
    for (let place = 0, at = 4 * top * width; place < count; place += 1, at += 4)
      for (let channel = 0; channel < 3; channel += 1) made[at + channel] = 255 * strip.data[channel * count + place];
  }
  return { data: made, width, height };
}

function inSize(painted, shown, [height, width], strokes) {
  const larger = Math.max(painted.height, painted.width) > Math.max(height, width);
  const same = painted.height === height && painted.width === width;
  const rows = (top, bottom) => resampledRows(painted, height, width, top, bottom);
  if (same) return rows;
  if (larger) return (top, bottom) => bounded([1, rows(top, bottom)]);
  return enlargement(painted, shown, [height, width], strokes);
}

/** The brightness of a painting with the colours of its photo, as far as they fit: the service's `keep_color`. */
function keepColor(painted, photo) {
  const bright = brightness(painted).data;
  const grey = brightness(photo).data;
  const count = bright.length;
  const made = planes(photo.channels, photo.height, photo.width);
  for (let place = 0; place < count; place += 1) {
    let fits = 1;
    for (let channel = 0; channel < 3; channel += 1) {
      const chroma = photo.data[channel * count + place] - grey[place];
      const room = chroma > 0 ? 1 - bright[place] : bright[place];
      fits = Math.min(fits, room / Math.max(1e-6, Math.abs(chroma)));
    }
    for (let channel = 0; channel < 3; channel += 1) {
      const at = channel * count + place;
      made.data[at] = bright[place] + fits * (photo.data[at] - grey[place]);
    }
  }
  return made;
}
