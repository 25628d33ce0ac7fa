/** The picture as a file. */

import { byId, showText } from "../parts/dom.js";
import { save, stem, SUFFIXES } from "../parts/files.js";
import { say } from "../parts/status.js";
import { fields, RECIPE } from "../recipe/recipe.js";
import { state, watch } from "../recipe/state.js";
import { stylize } from "../service/api.js";

export function startDownload() {
  byId("download").addEventListener("click", download);
  watch(["photo", ...RECIPE], showWhetherPossible); // while a picture is on its way, another may be asked for
}

async function download() {
  const { photo, chosen } = state;
  const format = byId("format").value;
  showText(byId("action-error"), "");
  byId("download").disabled = true;
  try {
    const answer = await stylize(photo.blob, photo.name, [...fields(), ["format", format]]);
    save(await answer.blob(), `${stem(photo.name)}-${chosen.join("-")}.${SUFFIXES[format]}`);
    say("The picture is downloaded.");
  } catch (error) {
    showText(byId("action-error"), error.message);
  } finally {
    showWhetherPossible();
  }
}

function showWhetherPossible() {
  byId("download").disabled = !state.chosen.length;
}
