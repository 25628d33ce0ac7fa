/** Many blends of the photo: in one request, `POST /v1/stylize/grid`, or on this device one after the other. */

import { manner, network } from "../recipe/recipe.js";
import { paintedHere, state } from "../recipe/state.js";
import { form, request } from "../service/api.js";

/** Of the state, what shows in every blend: all that is chosen but the weights and the size. */
export const IN_EVERY_BLEND = ["photo", "chosen", "strength", "preserveColor", "stroke", "network"];

/**
 * A painter of small pictures, one for each of the blends, which are weights of the chosen styles.
 *
 * show and fail: called with the pictures or the error, unless it was asked again since, if only for no blends at all.
 */
export function smallPictures({ size, show, fail }) {
  let abort = new AbortController();
  return async (blends) => {
    abort.abort();
    if (!blends.length) return;
    abort = new AbortController();
    const { signal } = abort;
    try {
      const painted = await (paintedHere() ? paintHere : paintThere)(blends, size, signal);
      if (!signal.aborted) show(painted);
    } catch (error) {
      if (!signal.aborted) fail(error);
    }
  };
}

/** @returns {Promise<Blob>} one picture with all of them, in a row, from the whole photo */
export async function paintSheet(blends, size) {
  if (paintedHere()) return (await import("../device/blends.js")).blendsOnSheet(blends, size);
  return grid(blends, size, [["columns", String(blends.length)]], state.photo.blob);
}

async function paintThere(blends, size, signal) {
  const { unzip } = await import("../service/unzip.js");
  return unzip(await grid(blends, size, [["output", "zip"]], state.photo.draft, signal), "image/jpeg");
}

async function paintHere(...asked) {
  const { paintBlends } = await import("../device/blends.js");
  return paintBlends(...asked);
}

/** The blends, with strength, colours and strokes as they are chosen; a panorama is larger than the size asked for. */
async function grid(blends, size, options, photo, signal) {
  const texts = blends.map((weights) => state.chosen.map((id, place) => `${id}=${weights[place]}`).join(","));
  const side = ["size", String(Math.max(size, state.photo.least))];
  const all = [...manner(state), ...network(), side, ["format", "jpeg"], ...options];
  const list = [...texts.map((text) => ["blend", text]), ...all];
  const body = form(list, { image: [photo, "photo"] });
  return (await request("v1/stylize/grid", { method: "POST", body, signal })).blob();
}
