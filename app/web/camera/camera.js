/** The camera on the easel: switched on and off, turned round, and the photo taken. */

import { showFrame, showPhoto } from "../easel/viewer.js";
import { byId, showText } from "../parts/dom.js";
import { say } from "../parts/status.js";
import { paintingInWords } from "../recipe/recipe.js";
import { change, state, watch } from "../recipe/state.js";
import { paintLive } from "./live.js";
import { openCamera } from "./stream.js";

const LIVE = { title: "What the camera sees" };
/** On phones, what one would photograph with them. */
const FIRST = { facingMode: "environment" };

const controls = byId("live");
const turning = byId("other-camera");

/** Ends what the camera that is on does; null: it is off. */
let session = null;
let camera = null;
/** Which camera it is, as constraints. */
let which;
/** Which button it was switched on with, and who gets the photo. */
let opener;
let onPhoto;
/** Width and height of what the camera sees, as on the easel. */
let seen;
let taking = false;

byId("shutter").addEventListener("click", shoot);
byId("camera-off").addEventListener("click", end);
turning.addEventListener("click", turnRound);
watch(["photo"], end);
document.addEventListener("visibilitychange", () => {
  if (!session) return;
  if (document.hidden) session.abort();
  else open(which);
});
document.addEventListener("keydown", ({ key, target, defaultPrevented }) => {
  if (key === "Escape" && !defaultPrevented && !target.closest("dialog, select, [type=search]")) end();
});

/** Show on the easel what the camera sees, painted. button: had it switched on; take: called with the photo's file. */
export async function startCamera({ button, take }) {
  if (session) return;
  [opener, onPhoto] = [button, take];
  showText(byId("photo-error"), "");
  await open(FIRST);
}

async function open(wanted) {
  session?.abort();
  session = new AbortController();
  const { signal } = session;
  which = wanted;
  try {
    camera = await openCamera(wanted, signal);
    turning.hidden = !(await camera.other());
    seen = null;
    await paintLive(camera, { show, tell, fail }, signal);
  } catch (error) {
    if (signal.aborted) return;
    end();
    showText(byId("photo-error"), error.message);
  }
}

async function show({ blob }, painted) {
  const { width, height } = camera.size;
  if (!state.live) begin();
  if (seen?.width !== width || seen.height !== height) { // another camera, or a phone that was turned
    seen = { width, height };
    showPhoto({ shown: painted, ...LIVE, ...seen });
  }
  const words = paintingInWords();
  await showFrame(blob, painted, words ? `${LIVE.title}, painted: ${words}` : LIVE.title);
  byId("viewport").dataset.shown = "frame";
  showText(byId("paint-error"), "");
}

function begin() {
  change({ live: LIVE });
  tell("");
  controls.hidden = false;
  byId("shutter").focus({ preventScroll: true });
  say("The camera is on, and what it sees is painted.");
}

function tell(text) {
  byId("label-facts").textContent = text;
}

function fail({ message }) {
  showText(byId("paint-error"), message);
}

async function turnRound() {
  const wanted = await camera.other();
  if (wanted && session) await open(wanted);
}

async function shoot() {
  if (taking || !session) return;
  taking = true;
  const { signal } = session;
  const file = await camera.photo().finally(() => { taking = false; });
  if (signal.aborted) return;
  session.abort();
  session = null;
  await onPhoto(file);
  end(); // where the file could not be read, which is said; else it has come to an end with the former photo
}

/** Off, with the photo on the easel again. */
function end() {
  session?.abort();
  session = null;
  if (!state.live) return;
  const focused = controls.contains(document.activeElement);
  controls.hidden = true;
  showPhoto(state.photo);
  change({ live: null });
  if (focused) (opener.checkVisibility() ? opener : byId("viewport")).focus({ preventScroll: true });
  say("The camera is off.");
}
