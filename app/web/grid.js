/** Many blends of the photo in one request: `POST /v1/stylize/grid`. */

import { form, request } from "./api.js";
import { fields } from "./recipe.js";
import { state } from "./state.js";
import { unzip } from "./unzip.js";

/** @returns {Promise<Blob[]>} small pictures in the order of the blends, each the weights of the chosen styles */
export async function paintMany(blends, size, signal) {
  const body = grid(blends, [["output", "zip"], ["size", String(size)], ["format", "jpeg"]], state.photo.draft);
  const answer = await request("v1/stylize/grid", { method: "POST", body, signal });
  return unzip(await answer.blob(), "image/jpeg");
}

/** @returns {Promise<Blob>} one picture with all of them, in a row, from the whole photo */
export async function paintSheet(blends, size) {
  const options = [["columns", String(blends.length)], ["size", String(size)], ["format", "jpeg"]];
  const answer = await request("v1/stylize/grid", { method: "POST", body: grid(blends, options, state.photo.blob) });
  return answer.blob();
}

/** The blends, with strength and colours as they are chosen. */
function grid(blends, options, photo) {
  const chosen = fields().filter(([name]) => !["style", "weight", "size"].includes(name));
  const texts = blends.map((weights) => state.chosen.map((id, place) => `${id}=${weights[place]}`).join(","));
  return form([...texts.map((text) => ["blend", text]), ...chosen, ...options], { image: [photo, "photo"] });
}
