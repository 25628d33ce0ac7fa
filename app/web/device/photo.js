/** A photo's pixels, four bytes each, in any size. */

import { bounded, channelOf, fromPixels, planes } from "./planes.js";
import { resample, resized } from "./resample.js";

/** The last one read: while something is dragged, all drafts are of one photo. */
let last = { id: null };

/** @returns {Promise<{data: Uint8ClampedArray, width: number, height: number}>} */
export async function pixelsOf({ id, blob }, width, height) {
  if (last.id !== id) last = { id, whole: await decoded(blob), sized: null };
  if (last.sized?.width !== width || last.sized?.height !== height) last.sized = resized(last.whole, width, height);
  return last.sized;
}

/** Pixels as planes of another size, without the whole as floats. */
export function asPlanes(pixels, [height, width]) {
  if (pixels.height === height && pixels.width === width) return fromPixels(pixels);
  const made = planes(3, height, width);
  for (let channel = 0; channel < 3; channel += 1)
    made.data.set(resample(channelOf(pixels, channel), height, width).data, channel * height * width);
  return bounded([1, made]);
}

/** The picture's file. */
export async function encoded({ data, width, height }, type, quality) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.putImageData(new ImageData(data, width, height), 0, 0);
  if (type === "image/jpeg") { // which is never transparent
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
  }
  return canvas.convertToBlob({ type, quality });
}

async function decoded(blob) {
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { data, width, height };
}
