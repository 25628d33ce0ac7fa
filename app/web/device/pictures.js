/** What is on the easel, painted on this device: to be shown, and as files. */

import { halfToEven } from "../parts/numbers.js";
import { recipe } from "../recipe/file.js";
import { resultSize } from "../recipe/options.js";
import { state } from "../recipe/state.js";
import { paint } from "./device.js";

/** transparent: whether the photo may be; side: longest of a draft in pixels. */
export function paintForEasel({ photo, look, draft, side, transparent }, signal) {
  const { width, height } = resultSize();
  const scale = draft ? Math.min(1, side / Math.max(width, height)) : 1;
  const size = { width: halfToEven(width * scale), height: halfToEven(height * scale) };
  const type = transparent ? "image/png" : "image/jpeg";
  return paint({ photo, look, size, type, quality: draft ? 0.8 : 0.9 }, { signal });
}

/** @returns {Promise<Blob>} the whole picture with its recipe */
export async function paintFile(format) {
  const { photo, rest } = state;
  const file = { type: `image/${format}`, quality: 0.9, recipe: JSON.stringify(await recipe()) };
  return (await paint({ photo, look: rest, size: resultSize(), ...file })).painted;
}
