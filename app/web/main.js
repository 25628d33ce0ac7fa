/** The page put together, and what is given to it. */

import { startMixer } from "./blend/mixer.js";
import { startMosaic } from "./blend/mosaic.js";
import { startStrip } from "./blend/strip.js";
import { isClip, offerClips } from "./clip/kinds.js";
import { offerDevice } from "./device/offer.js";
import { startDownload } from "./easel/download.js";
import { startEasel } from "./easel/easel.js";
import { compare, showPhoto, startViewer } from "./easel/viewer.js";
import { byId, showText } from "./parts/dom.js";
import { kept } from "./parts/keeping.js";
import { fetched } from "./parts/waiting.js";
import { startIntake } from "./photo/intake.js";
import { readPhoto } from "./photo/reading.js";
import { startCode } from "./recipe/code.js";
import { openLink, startLink } from "./recipe/link.js";
import { startOptions } from "./recipe/options.js";
import { fields } from "./recipe/recipe.js";
import { change, state, styleOf, watch } from "./recipe/state.js";
import { json, request } from "./service/api.js";
import { onReturn } from "./service/connection.js";
import { startAbout } from "./styles/about.js";
import { startGallery } from "./styles/gallery.js";
import { loadStyles } from "./styles/list.js";

/** What is painted in before anything is chosen: bold, and a blend, so that its handle is there. */
const OPENING = ["picabia-udnie", "kirchner-street"];

/** The file that was given last. */
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
  for (const id of ["open-add", "add-more"]) byId(id).addEventListener("click", openAdd);
  for (const close of document.querySelectorAll("[data-close]"))
    close.addEventListener("click", () => close.closest("dialog").close());
  startIntake({
    onPhoto: takeFile,
    onPacks: takePacks,
    onPainting: takePainting,
    onRecipe: takeRecipe,
    onCamera: takeCamera,
  });
  startEasel();
  startLink();
  byId("open-kinds").addEventListener("click", addRegion);
  watch(["regions"], () => state.regions.length && fetchRegions());
  onReturn(loadStyles);
  const info = await json("v1/info");
  Object.assign(state, { info, limits: info.limits });
  offerDevice();
  offerClips(info.video);
  byId("how-well").hidden = !info.predicts;
  byId("add-time").hidden = !byId("how-well").hidden; // each of the ways tells its own
  const example = await readExample(); // before the styles: their previews would keep its painting waiting
  await loadStyles();
  startOptions(); // only now: a change keeps the link, and until it is read that would lose it
  openLink();
  putOnEasel(example);
  compare(0.3);
  await resume(); // before what was dropped meanwhile is taken: a clip is told that another is being painted
}

/** Take a photo or a clip; of several, the one that was given last. */
async function takeFile(file) {
  newest = file;
  const isNewest = () => newest === file;
  const fail = (error) => isNewest() && showText(byId("photo-error"), error.message);
  const takePhoto = (photo, title) => putPhoto(photo, title, isNewest).catch(fail);
  showText(byId("photo-error"), "");
  byId("stage").classList.add("reading");
  try {
    const moves = await isClip(file);
    await ready;
    if (!moves) await takePhoto(file, "Your photo");
    else await (await fetched(import("./clip/clip.js")))?.takeClip(file, { takePhoto, isNewest });
  } catch (error) {
    fail(error);
  } finally {
    if (isNewest()) byId("stage").classList.remove("reading");
  }
}

/** Put a photo on the easel, if it is wanted when it is read; whether it was. */
async function putPhoto(file, title, isWanted) {
  const photo = await readPhoto(file, title);
  if (!isWanted()) return false;
  const focused = byId("welcome").contains(document.activeElement);
  byId("welcome").hidden = true;
  if (focused) byId("viewport").focus({ preventScroll: true });
  putOnEasel(photo);
  return true;
}

/** What was under way when the page was left. */
async function resume() {
  if (kept("impasto-fit")) (await fetched(import("./styles/fit.js")))?.resumeFit();
  if (kept("impasto-clip")) (await fetched(import("./clip/clip.js")))?.resumeClip();
}

async function openAdd() {
  (await fetched(import("./styles/add.js")))?.openAdd();
}

/** Resolves when the room of the regions is there; null: nobody has asked for it. */
let regions = null;

/** Whether a region is to be added as soon as it is. */
let adding = false;

/** Most pictures have no regions: what they need comes with the first. */
async function fetchRegions() {
  if (regions) return;
  regions = fetched(import("./regions/regions.js"));
  const room = await regions;
  if (room) room.startRegions({ adding });
  else [regions, adding] = [null, false];
}

function addRegion() {
  adding = true;
  fetchRegions();
}

async function takeCamera(button) {
  await ready;
  (await fetched(import("./camera/camera.js")))?.startCamera({ button, take: takeFile });
}

async function takePacks(files) {
  (await fetched(import("./styles/packs.js")))?.importPacks(files);
}

async function takeRecipe(file) {
  await ready;
  (await fetched(import("./recipe/file.js")))?.openRecipe(file);
}

async function takePainting(file) {
  await ready;
  (await fetched(import("./styles/add.js")))?.givePainting(file);
}

function putOnEasel(photo) {
  for (const id of ["label", "actions"]) byId(id).hidden = false;
  showPhoto(photo);
  change(fields().length ? { photo } : { photo, rest: { ...state.rest, chosen: opening() } });
}

/** Of a network of one's own, which need not have them, the first style. */
function opening() {
  const known = OPENING.filter(styleOf);
  return known.length ? known : state.styles.slice(0, 1).map(({ id }) => id);
}

/** The photo that the HTML shows; it is painted until there is one of the user's. */
async function readExample() {
  const cat = await (await request("cat.jpg", { cache: "force-cache" })).blob();
  return readPhoto(new File([cat], "cat.jpg", { type: "image/jpeg" }), "Chelsea, a cat");
}

const ready = start();
ready.catch((error) => showText(byId("gallery-error"), error.message));
