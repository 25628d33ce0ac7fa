/** The picture as a file, and its recipe. */

import { byId, showText } from "../parts/dom.js";
import { save, stem, SUFFIXES } from "../parts/files.js";
import { say } from "../parts/status.js";
import { fetched } from "../parts/waiting.js";
import { fields, masks, RECIPE } from "../recipe/recipe.js";
import { paintedHere, state, watch } from "../recipe/state.js";
import { stylize } from "../service/api.js";

export function startDownload() {
  byId("download").addEventListener("click", download);
  byId("save-recipe").addEventListener("click", async () => (await fetched(import("../recipe/file.js")))?.saveRecipe());
  watch(["photo", ...RECIPE], showWhetherPossible); // while a picture is on its way, another may be asked for
}

async function download() {
  const { photo, rest, regions } = state;
  const format = byId("format").value;
  const name = [stem(photo.name), ...rest.chosen, ...(regions.length ? ["regions"] : [])].join("-");
  showText(byId("action-error"), "");
  byId("download").disabled = true;
  try {
    save(await (paintedHere() ? paintHere(format) : paintThere(format)), `${name}.${SUFFIXES[format]}`);
    say("The picture is downloaded.");
  } catch (error) {
    showText(byId("action-error"), error.message);
  } finally {
    showWhetherPossible();
  }
}

async function paintThere(format) {
  const { photo } = state;
  return (await stylize(photo.blob, photo.name, [...fields(), ...(await masks()), ["format", format]])).blob();
}

const paintHere = async (format) => (await import("../device/pictures.js")).paintFile(format);

function showWhetherPossible() {
  byId("download").disabled = byId("save-recipe").disabled = !fields().length;
}
