/** A clip: its first frame is a photo on the easel, to choose how all of it is painted; the service does, as a job. */

import { byId, element, showText } from "../parts/dom.js";
import { keep, kept } from "../parts/keeping.js";
import { percent } from "../parts/numbers.js";
import { say, toast } from "../parts/status.js";
import { clipFields, RECIPE } from "../recipe/recipe.js";
import { change, state, watch } from "../recipe/state.js";
import { checkSize, form, json, Problem } from "../service/api.js";
import { followJob, newKey } from "../service/job.js";
import { telling } from "../service/upload.js";
import { firstFrame } from "./frame.js";
import { isFilm } from "./kinds.js";
import { clearScreen, putClip, putFrame, showScreen } from "./screen.js";

/** What it is kept as. */
const CLIP = "impasto-clip";
const OFF = "this service paints no films and no pictures that move; its operator lets it with IMPASTO_VIDEOS=true";
const GIVEN = "Its first frame is on the easel; all of it is painted as that is. It goes to this service, nowhere else.";
const UNSEEN = "This browser cannot show it; the service may. It goes to this service, nowhere else.";
const PHOTOS_ONLY = " Regions are of photos: a clip is painted as what they leave.";
/** By the stage: where the focus goes when its control is there no more. */
const FOCUS = {
  given: "clip-paint",
  sending: "clip-cancel",
  painting: "clip-cancel",
  painted: "clip-download",
  over: "clip-close",
};

const panel = byId("clip");
const formats = byId("clip-format");
const flow = byId("flow");

/** What was given; null: it is not here any more, since the page was loaded anew. */
let file = null;
/** Whether its first frame is on the easel. */
let seen = false;
/** The job that paints it, as /v1/jobs answers it; null: there is none yet. */
let job = null;
/** Ends what is under way: sending it, or following its job. */
let underway = null;
/** Of what is sent: sent anew after the connection broke off, it is the same job. */
let key = null;
/** Whether all of it has been sent, so that there may be a job. */
let sent = false;
/** Whether its job is to be cancelled as soon as it is known. */
let unwanted = false;
/** given, sending, painting, painted, or over: which came to nothing, of a file that is not here any more. */
let stage = null;

byId("clip-paint").addEventListener("click", send);
byId("clip-cancel").addEventListener("click", cancel);
byId("clip-close").addEventListener("click", close);
flow.addEventListener("change", () => change({ clip: { ...state.clip, flow: flow.checked } }));
formats.addEventListener("change", () => change({ clip: { ...state.clip, format: formats.value } }));
watch(["photo", "live"], () => {
  showScreen(false);
  if (state.clip && !underway) close();
});
watch(["clip", ...RECIPE], () => { key = null; });
watch(RECIPE, () => state.clip && file && !underway && !job && showGiven());

/**
 * Take a clip. takePhoto: has a file be the photo on the easel, under a title; isNewest: whether nothing else was given
 * meanwhile.
 */
export async function takeClip(given, { takePhoto, isNewest }) {
  if (underway) return toast("A clip is being painted. Give this one when that has ended.");
  const { video } = state.info;
  if (!video && isFilm(given)) throw new Problem({ code: "videos_off", detail: OFF });
  if (video) checkSize(given, { max_upload_bytes: video.max_bytes });
  const isWanted = () => isNewest() && !underway;
  const frame = isFilm(given) ? await firstFrame(given) : given;
  if (!isWanted()) return;
  const shown = frame !== null && (await takePhoto(frame, `${given.name}, its first frame`));
  if (!isWanted()) return;
  if (!video) return toast(`The first frame is painted: ${OFF}.`);
  [file, seen, job] = [given, shown, null];
  open({ name: given.name, format: usualFormat(given, video.writes), flow: false });
  showGiven();
  panel.scrollIntoView({ block: "nearest" });
}

/** Go on with a clip that was sent before the page was loaded. */
export function resumeClip() {
  const { job: known, clip } = kept(CLIP);
  [file, seen, job] = [null, false, known];
  open(clip);
  follow(known);
}

function open(clip) {
  const written = state.info.video?.writes ?? [clip.format];
  formats.replaceChildren(...written.map((format) => element("option", { value: format, textContent: format.toUpperCase() })));
  formats.value = clip.format;
  flow.checked = clip.flow;
  byId("clip-title").textContent = clip.name;
  showText(byId("clip-error"), "");
  clearScreen();
  byId("welcome").hidden = true;
  panel.hidden = false;
  change({ clip });
}

/** Its own, if that is written and played here; else what every browser plays. */
function usualFormat({ name, type }, writes) {
  const own = type.startsWith("image/") ? type.slice(6).replace("apng", "png") : name.split(".").at(-1).toLowerCase();
  return writes.includes(own) && !["mov", "mkv"].includes(own) ? own : "mp4";
}

function showGiven() {
  layOut("given");
  const chosen = clipFields().length > 0;
  byId("clip-paint").disabled = !chosen;
  tell((seen ? GIVEN : UNSEEN) + (state.regions.length ? PHOTOS_ONLY : ""));
}

function layOut(now) {
  const former = stage;
  stage = now;
  const waits = stage === "sending" || stage === "painting";
  byId("clip-choices").hidden = byId("clip-paint").hidden = stage !== "given";
  byId("clip-progress").hidden = byId("clip-cancel").hidden = !waits;
  byId("clip-cancel").disabled = false;
  byId("clip-download").hidden = stage !== "painted";
  byId("clip-close").hidden = waits;
  const { activeElement: focused } = document;
  const isLost = focused === document.body || (panel.contains(focused) && !focused.checkVisibility());
  if (isLost && former && stage !== former) byId(FOCUS[stage]).focus({ preventScroll: true });
}

async function send() {
  showText(byId("clip-error"), "");
  const mine = (underway = new AbortController());
  key ??= newKey();
  [sent, unwanted] = [false, false];
  layOut("sending");
  progress(0);
  try {
    const known = await json("v1/videos", {
      method: "POST",
      headers: { "Idempotency-Key": key },
      body: form(clipFields(), { video: [file, file.name] }),
      send: telling((share) => underway === mine && progress(share)),
      patient: false,
      signal: mine.signal,
    });
    key = null;
    follow(known);
    if (unwanted && underway) cancel();
  } catch (error) {
    if (underway !== mine) return;
    fail(mine.signal.aborted ? "" : error.message);
  }
}

function progress(share) {
  sent ||= share === 1;
  byId("clip-progress").value = share;
  tell(share < 1 ? `Sending: ${percent(share)}.` : "Sent; the service looks through it.");
}

async function follow(known) {
  const mine = (underway = new AbortController());
  layOut("painting");
  const preview = async (address) => {
    const first = !job.step;
    await putFrame(address, `${state.clip.name}, a painted frame`, mine.signal);
    if (first && !state.live) showScreen(true);
  };
  try {
    await followJob(known, { show, preview: (address) => preview(address).catch(() => {}), signal: mine.signal });
  } catch (error) {
    if (underway === mine) fail(error.message);
  }
}

function show(known) {
  job = known;
  const { step, steps, state: reached } = known;
  if (steps) byId("clip-progress").value = step / steps;
  else byId("clip-progress").removeAttribute("value");
  if (reached === "succeeded") return showPainted();
  if (reached === "failed") return fail(known.message);
  if (reached === "cancelled") return fail("");
  keep(CLIP, { job: known, clip: state.clip });
  tell(inWords(known));
}

function inWords({ state: reached, step, steps, seconds_left: left }) {
  if (reached === "queued") return "Waiting for its turn.";
  if (!steps) return "Getting ready.";
  return `Frame ${step} of ${steps}${left ? `, ${timeInWords(left)} left` : ""}.`;
}

function timeInWords(seconds) {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

async function showPainted() {
  underway?.abort();
  underway = null;
  keep(CLIP, { job, clip: state.clip });
  const { name, format } = state.clip;
  const [mine, download] = [job, byId("clip-download")];
  const address = `v1/jobs/${mine.id}/result`;
  download.removeAttribute("href"); // until it leads somewhere: a link does not send the key
  download.setAttribute("aria-disabled", "true");
  download.download = `painted.${format}`;
  layOut("painted");
  tell(`Painted: ${job.steps} frames.`);
  try {
    const source = await putClip(address, format, `${name}, painted`);
    if (job !== mine) return;
    download.href = source;
    download.removeAttribute("aria-disabled");
    if (!state.live) showScreen(true);
    say("The clip is painted.");
  } catch (error) {
    if (job === mine) fail(error.message);
  }
}

/** It came to nothing: with the file still here, it may be tried again. message: why, if that was not wanted. */
function fail(message) {
  underway?.abort();
  [underway, job] = [null, null];
  keep(CLIP, null);
  clearScreen();
  showText(byId("clip-error"), message);
  if (file) return showGiven();
  layOut("over");
  tell(message ? "" : "Cancelled.");
}

async function cancel() {
  byId("clip-cancel").disabled = true;
  if (!job && !sent) return underway.abort();
  if (!job) {
    unwanted = true;
    return tell("It is cancelled as soon as the service answers.");
  }
  try {
    show(await json(`v1/jobs/${job.id}`, { method: "DELETE" }));
  } catch (error) {
    byId("clip-cancel").disabled = false;
    showText(byId("clip-error"), error.message);
  }
}

/** Away with it; the photo stays. */
function close() {
  [file, job, stage] = [null, null, null];
  keep(CLIP, null);
  clearScreen();
  const focused = panel.contains(document.activeElement);
  panel.hidden = true;
  change({ clip: null });
  if (focused) byId("viewport").focus({ preventScroll: true });
}

const tell = (text) => showText(byId("clip-state"), text);
