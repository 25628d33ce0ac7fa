/** The page put together, and what is given to it. */

import { startAbout } from "./about.js";
import { givePainting, startAdd } from "./add.js";
import { json, request } from "./api.js";
import { startCode } from "./code.js";
import { onReturn } from "./connection.js";
import { byId, showText } from "./dom.js";
import { startDownload } from "./download.js";
import { startEasel } from "./easel.js";
import { startFit } from "./fit.js";
import { startGallery } from "./gallery.js";
import { startIntake } from "./intake.js";
import { openLink, startLink } from "./link.js";
import { startMixer } from "./mixer.js";
import { startMosaic } from "./mosaic.js";
import { startOptions } from "./options.js";
import { importPacks } from "./packs.js";
import { readPhoto } from "./photo.js";
import { change, state } from "./state.js";
import { startStrip } from "./strip.js";
import { loadStyles } from "./styles.js";
import { showPhoto, startViewer } from "./viewer.js";

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
  startEasel();
  startLink();
  onReturn(loadStyles);
  state.limits = (await json("v1/info")).limits;
  await loadStyles();
  startOptions(); // only now: a change keeps the link, and until it is read that would lose it
  openLink();
  startFit();
}

async function takePhoto(file) {
  newest = file;
  showText(byId("photo-error"), "");
  byId("stage").classList.add("reading");
  try {
    await ready;
    const photo = await readPhoto(file);
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
  givePainting(file);
}

async function takeSample() {
  const cat = await (await request("cat.jpg")).blob();
  await takePhoto(new File([cat], "cat.jpg", { type: "image/jpeg" }));
}

const ready = start();
ready.catch((error) => showText(byId("gallery-error"), error.message));
