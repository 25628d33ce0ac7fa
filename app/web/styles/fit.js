/** A style being learned: followed by server-sent events, also after the page was loaded anew. */

import { byId, described, showText } from "../parts/dom.js";
import { keep, kept } from "../parts/keeping.js";
import { toast } from "../parts/status.js";
import { change, styleOf } from "../recipe/state.js";
import { json, previewPath, request } from "../service/api.js";
import { followJob, hasEnded } from "../service/job.js";
import { loadStyles } from "./list.js";

/** What it is kept as. */
const FIT = "impasto-fit";
const HEADINGS = { succeeded: "Learned: ", failed: "Not learned: ", cancelled: "Cancelled: " };

let shown = null;
/** What the losses were at first. */
let began = {};
/** Ends the events of the job that is followed. */
let following = null;

byId("fit-cancel").addEventListener("click", cancel);
byId("fit-use").addEventListener("click", () => {
  change({ chosen: [shown.style] });
  byId("add").close();
});

/** Go on with one that was begun before the page was loaded, if there is one. */
export function resumeFit() {
  const known = kept(FIT);
  if (known) follow(known.job, known.title, known.began);
}

/** Whether a style is being learned now. */
export const isLearning = () => shown !== null && !hasEnded(shown);

/** Show a job, as /v1/jobs answers it, until it has ended; first: its losses when it began, as far as known. */
export function follow(job, title, first = {}) {
  began = first;
  byId("fit-title").dataset.title = title;
  byId("fit-picture").hidden = true;
  byId("add-form").hidden = true;
  byId("fit").hidden = false;
  following?.abort();
  following = new AbortController();
  listen(job, following);
}

async function listen(job, mine) {
  try {
    await followJob(job, { show, preview: (address) => showPicture(`.${address}`, mine.signal), signal: mine.signal });
  } catch (error) {
    if (following === mine && !mine.signal.aborted) lost(error);
  }
}

/** Back to the form, for the next style. */
export function showForm() {
  byId("fit").hidden = true;
  byId("add-form").hidden = false;
}

async function showPicture(address, signal) {
  const picture = byId("fit-picture");
  try {
    const blob = await (await request(address, { signal })).blob();
    picture.src = URL.createObjectURL(blob);
    picture.onload = () => URL.revokeObjectURL(picture.src);
    picture.hidden = false;
  } catch {} // the next one comes soon
}

function show(job) {
  const { activeElement: active } = document; // in the form, where a job has ended before it is shown
  const focused = [document.body, byId("fit-cancel")].includes(active) || byId("add-form").contains(active);
  shown = job;
  const ended = !isLearning();
  byId("fit-title").textContent = (HEADINGS[job.state] ?? "Learning: ") + byId("fit-title").dataset.title;
  byId("fit-state").textContent = inWords(job);
  const progress = byId("fit-progress");
  progress.hidden = ended;
  if (job.steps) progress.value = job.step / job.steps;
  else progress.removeAttribute("value");
  byId("fit-losses").replaceChildren(...described({
    "Lost of the photo": loss(job, "content_error"),
    "Distance from the painting": loss(job, "style_distance"),
  }));
  byId("fit-cancel").hidden = ended;
  byId("fit-cancel").disabled = false;
  byId("fit-another").hidden = !ended;
  byId("fit-use").hidden = job.state !== "succeeded";
  byId("open-add").textContent = ended ? "Add a style" : `Learning…${job.steps ? ` ${job.step} / ${job.steps}` : ""}`;
  showText(byId("fit-error"), job.state === "failed" ? job.message : "");
  if (!ended) return keep(FIT, { job, title: byId("fit-title").dataset.title, began });
  if (focused) byId(job.state === "succeeded" ? "fit-use" : "fit-another").focus();
  end(job);
}

/** What it is now, after what it was at first. */
function loss({ losses }, name) {
  const now = losses[name]?.toFixed(2);
  began[name] ??= now;
  return began[name] === now ? now : `${began[name]} → ${now}`;
}

function inWords({ state, step, steps, seconds_left: left, message }) {
  if (state === "queued") return "Waiting for its turn.";
  const predicted = steps === 0; // and not fitted
  if (state === "running" && predicted) return "Predicting the style, and judging it.";
  if (state === "running" && !step) return "Getting ready: looking for a style to begin from.";
  if (state === "running") return `Pass ${step} of ${steps}${left ? `, ${Math.ceil(left)} s left at the most` : ""}.`;
  if (state === "succeeded") return `The ${predicted ? "prediction" : "fit"} is ${message}.`;
  return state === "cancelled" ? "Nothing was added." : "";
}

async function end(job) {
  following?.abort();
  keep(FIT, null);
  if (job.state !== "succeeded") return;
  await loadStyles();
  toast(`${byId("fit-title").dataset.title} is in the gallery.`);
  const learned = styleOf(job.style);
  if (shown === job && learned && byId("fit-picture").hidden) showPicture(previewPath(learned)); // no pass showed it
}

async function cancel() {
  byId("fit-cancel").disabled = true;
  try {
    show(await json(`v1/jobs/${shown.id}`, { method: "DELETE" }));
  } catch (error) {
    if (isLearning()) showText(byId("fit-error"), error.message); // else it was quicker
  }
}

/** The service knows the job no more, or answers with an error. */
function lost({ message }) {
  shown = null;
  keep(FIT, null);
  showForm();
  byId("open-add").textContent = "Add a style";
  showText(byId("add-error"), message);
}
