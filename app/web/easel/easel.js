/** What stands on the easel, and the label below it: a change of what is chosen paints the photo anew. */

import { byId, showText } from "../parts/dom.js";
import { say } from "../parts/status.js";
import { resultSize } from "../recipe/options.js";
import { fields, paintingInWords, RECIPE } from "../recipe/recipe.js";
import { state, watch } from "../recipe/state.js";
import { paint } from "./painter.js";
import { setSize, showPainting } from "./viewer.js";

export function startEasel() {
  watch(["photo", ...RECIPE, "onDevice", "live"], repaint);
}

function repaint(moving) {
  if (!state.photo) return;
  showText(byId("paint-error"), "");
  byId("label-title").textContent = paintingInWords() || (state.live ?? state.photo).title;
  if (!state.live) showUnpainted(moving);
  paint({ moving, show, fail: (error) => showText(byId("paint-error"), error.message), busy });
}

function showUnpainted(moving) {
  if (!moving) {
    setSize(resultSize());
    byId("label-facts").textContent = "";
  }
  if (!fields().length) showPainting(state.photo.shown, state.photo.title);
}

function show(painted, { milliseconds, resizedFrom, here }, draft) {
  showPainting(painted, `${state.photo.title}, painted: ${paintingInWords()}`);
  byId("viewport").dataset.shown = draft ? "draft" : "whole";
  showText(byId("paint-error"), "");
  if (draft) return;
  const { width, height } = resultSize();
  const reduced = resizedFrom ? `, reduced from ${resizedFrom.replace("x", " × ")}: the service's limit` : "";
  const where = here ? " on this device" : "";
  const seconds = (milliseconds / 1000).toFixed(2);
  byId("label-facts").textContent = `${width} × ${height}, painted${where} in ${seconds} s${reduced}`;
  say(`Painted: ${paintingInWords()}.`);
}

function busy(working) {
  byId("busy").hidden = !working;
  byId("stage").setAttribute("aria-busy", String(working));
}
