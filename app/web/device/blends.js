/** Many blends of the photo, painted on this device: by themselves, or on one sheet as the service lays them out. */

import { halfToEven, percent } from "../parts/numbers.js";
import { titleOf } from "../recipe/recipe.js";
import { state } from "../recipe/state.js";
import { paint } from "./device.js";

const MARGIN = 12;
const CAPTION = 26;

/** Blends, which are weights of the chosen styles, as JPEGs; what is on the easel comes first. */
export async function paintBlends(blends, size, signal) {
  const { photo, rest } = state;
  const scale = Math.max(size, photo.least) / Math.max(photo.width, photo.height);
  const small = { width: halfToEven(photo.width * scale), height: halfToEven(photo.height * scale) };
  const painted = [];
  for (const blend of blends) {
    const weights = Object.fromEntries(rest.chosen.map((id, place) => [id, blend[place]]));
    const job = { photo, look: rest, weights, size: small, type: "image/jpeg", quality: 0.9 };
    painted.push((await paint(job, { signal, later: true })).painted);
  }
  return painted;
}

/** @returns {Promise<Blob>} a JPEG with all of them in a row, each with its name */
export async function blendsOnSheet(blends, size) {
  const captions = blends.map(inWords);
  const pictures = await paintBlends(blends, size);
  const bitmaps = await Promise.all(pictures.map((picture) => createImageBitmap(picture)));
  const [{ width, height }] = bitmaps;
  const canvas = new OffscreenCanvas(bitmaps.length * (width + MARGIN) + MARGIN, height + CAPTION + 2 * MARGIN);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = "15px sans-serif";
  bitmaps.forEach((bitmap, place) => {
    const left = MARGIN + place * (width + MARGIN);
    context.drawImage(bitmap, left, MARGIN);
    context.fillText(captions[place], left, MARGIN + height + 18, width);
  });
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

const inWords = (blend) => state.chosen.map((id, place) => `${percent(blend[place])} ${titleOf(id)}`).join(", ");
