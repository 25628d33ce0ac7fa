/** The picture as a file, and the link to its recipe. */

import { stylize } from "./api.js";
import { byId, showText } from "./dom.js";
import { copy, save, stem, SUFFIXES } from "./files.js";
import { fields } from "./recipe.js";
import { state, watch } from "./state.js";
import { say, toast } from "./status.js";

export function startDownload() {
  byId("download").addEventListener("click", download);
  watch(showWhetherPossible);
  byId("copy-link").addEventListener("click", async () => {
    toast((await copy(location.href)) ? "The link is copied." : `The link is in the address bar.`);
  });
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
