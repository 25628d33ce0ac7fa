/** Whether browser and service see the same in a photo: of odd EXIF, programs make different things. */

import { state } from "../recipe/state.js";
import { stylize } from "../service/api.js";

/** Longest side of what the service is asked for, and side of the squares that are compared. */
const SMALL = 64;
const SQUARE = 16;
/** Mean difference of a channel, of 255, from which two squares show a photo in different ways. */
const APART = 6;

/** least: longest side at which the photo's shortest is just long enough for the service. */
export async function agree(bitmap, blob, name, least) {
  const asked = [["style", state.styles[0].id], ["strength", "0"], ["size", String(Math.max(SMALL, least))]];
  const answer = await stylize(blob, name, asked, { headers: { Accept: "image/webp" } });
  const read = await createImageBitmap(await answer.blob());
  const wide = ({ width, height }) => Math.sign(Math.round(width / height - height / width));
  const [one, other] = [bitmap, read].map(square);
  const apart = one.reduce((sum, value, place) => sum + Math.abs(value - other[place]), 0) / one.length;
  return wide(bitmap) === wide(read) && apart < APART;
}

function square(bitmap) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SQUARE;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, SQUARE, SQUARE);
  return context.getImageData(0, 0, SQUARE, SQUARE).data;
}
