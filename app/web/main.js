/** The page put together: a change of what is chosen paints the photo anew. */

import { startAbout } from "./about.js";
import { givePainting, startAdd } from "./add.js";
import { json, request } from "./api.js";
import { startCode } from "./code.js";
import { onReturn } from "./connection.js";
import { byId, showText } from "./dom.js";
import { startDownload } from "./download.js";
import { startFit } from "./fit.js";
import { startGallery } from "./gallery.js";
import { startIntake } from "./intake.js";
import { keepLink, openLink } from "./link.js";
import { startMixer } from "./mixer.js";
import { resultSize, startOptions } from "./options.js";
import { importPacks } from "./packs.js";
import { paint } from "./painter.js";
import { readPhoto } from "./photo.js";
import { startMosaic } from "./mosaic.js";
import { inWords } from "./recipe.js";
import { change, state, watch } from "./state.js";
import { say } from "./status.js";
import { startStrip } from "./strip.js";
import { loadStyles } from "./styles.js";
import { setSize, showPainting, showPhoto, startViewer } from "./viewer.js";

const RECIPE = ["photo", "chosen", "handle", "strength", "preserveColor", "size"];
let limits;
let newest;

async function start() {
  startViewer();
  startGallery();
  startMixer();
  startCode();
  startDownload();
  startStrip();
  startMosaic();
  startAbout();
  startAdd();
  startIntake({ onPhoto: takePhoto, onPacks: importPacks, onPainting: takePainting });
  byId("sample").addEventListener("click", takeSample);
  watch(repaint);
  onReturn(loadStyles);
  limits = (await json("v1/info")).limits;
  await loadStyles();
  startOptions(limits); // only now: a change keeps the link, and until it is read that would lose it
  openLink();
  startFit();
}

async function takePhoto(file) {
  newest = file;
  showText(byId("photo-error"), "");
  byId("stage").classList.add("reading");
  try {
    await ready;
    const photo = await readPhoto(file, limits);
    if (newest !== file) return;
    const focused = byId("welcome").contains(document.activeElement);
    byId("welcome").hidden = true;
    for (const id of ["viewport", "label", "actions"]) byId(id).hidden = false;
    delete byId("stage").dataset.empty;
    if (focused) byId("viewport").focus({ preventScroll: true });
    showPhoto(photo);
    change({ photo, chosen: state.chosen.length ? state.chosen : state.styles.slice(0, 1).map(({ id }) => id) });
  } catch (error) {
    if (newest === file) showText(byId("photo-error"), error.message);
  } finally {
    if (newest === file) byId("stage").classList.remove("reading");
  }
}

async function takePainting(file) {
  await ready;
  givePainting(file, limits);
}

async function takeSample() {
  const cat = await (await request("cat.jpg")).blob();
  await takePhoto(new File([cat], "cat.jpg", { type: "image/jpeg" }));
}

function repaint(changed, moving) {
  if (!changed.some((each) => RECIPE.includes(each))) return;
  if (!moving) keepLink();
  if (!state.photo) return;
  if (!moving) {
    setSize(resultSize(limits));
    byId("label-facts").textContent = "";
  }
  showText(byId("paint-error"), "");
  byId("label-title").textContent = inWords() || "Your photo";
  if (!state.chosen.length) showPainting(state.photo.shown, "Your photo");
  paint({ moving, show, fail: (error) => showText(byId("paint-error"), error.message), busy });
}

function show(painted, milliseconds, draft) {
  showPainting(painted, `Your photo, painted: ${inWords()}`);
  byId("viewport").dataset.shown = draft ? "draft" : "whole";
  showText(byId("paint-error"), "");
  if (draft) return;
  const { width, height } = resultSize(limits);
  byId("label-facts").textContent = `${width} × ${height}, painted in ${(milliseconds / 1000).toFixed(2)} s`;
  say(`Painted: ${inWords()}.`);
}

function busy(working) {
  byId("busy").hidden = !working;
  byId("stage").setAttribute("aria-busy", String(working));
}

const ready = start();
ready.catch((error) => showText(byId("gallery-error"), error.message));
