/** What computes with planes from one level of strokes to the next: JavaScript, or the kernels where memory is shared. */

import { bounded, sum } from "./planes.js";
import { bicubic, resample } from "./resample.js";

const itself = (image) => image;

/** On arrays. */
export const onArrays = { hold: itself, read: itself, resample, sum, bounded, tidy: (work) => work() };

/** In the kernels' memory. planes: of engine/planes.js. */
export function inMemory(planes) {
  return {
    hold: (image) => planes.hold(image),
    read: (image) => planes.read(image),
    sum: (...terms) => planes.sum(...terms),
    bounded: (...terms) => planes.bounded(...terms),
    tidy: (work) => planes.tidy(work),
    resample(image, height, width) {
      const rows = height !== image.height && bicubic(image.height, height);
      const columns = width !== image.width && bicubic(image.width, width);
      return planes.resample(image, height, width, { rows, columns });
    },
  };
}
