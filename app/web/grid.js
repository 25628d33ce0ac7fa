/** Many blends of the photo in one request: `POST /v1/stylize/grid`. */

import { form, request } from "./api.js";
import { fields } from "./recipe.js";
import { state } from "./state.js";
import { unzip } from "./unzip.js";

/** Whether what was changed shows in every blend: all that is chosen but the weights and the size. */
export const concernsGrids = (changed) =>
  ["photo", "chosen", "strength", "preserveColor"].some((each) => changed.includes(each));

/** @returns {Promise<Blob[]>} small pictures in the order of the blends, each the weights of the chosen styles */
export async function paintMany(blends, size, signal) {
  const body = grid(blends, size, [["output", "zip"]], state.photo.draft);
  const answer = await request("v1/stylize/grid", { method: "POST", body, signal });
  return unzip(await answer.blob(), "image/jpeg");
}

/** @returns {Promise<Blob>} one picture with all of them, in a row, from the whole photo */
export async function paintSheet(blends, size) {
  const body = grid(blends, size, [["columns", String(blends.length)]], state.photo.blob);
  const answer = await request("v1/stylize/grid", { method: "POST", body });
  return answer.blob();
}

/** The blends, with strength and colours as they are chosen; a panorama is larger than the size asked for. */
function grid(blends, size, options, photo) {
  const chosen = fields().filter(([name]) => !["style", "weight", "size"].includes(name));
  const texts = blends.map((weights) => state.chosen.map((id, place) => `${id}=${weights[place]}`).join(","));
  const side = ["size", String(Math.max(size, state.photo.least))];
  const list = [...texts.map((text) => ["blend", text]), ...chosen, side, ["format", "jpeg"], ...options];
  return form(list, { image: [photo, "photo"] });
}
