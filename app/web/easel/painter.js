/**
 * Paints what is wanted, and only that.
 *
 * While something is dragged, small drafts are painted one after the other, always the newest; on release the whole
 * picture. What is no longer wanted is cancelled, and an answer to it is dropped.
 */

import { DRAFT_SIDE, FINER_SIDE } from "../photo/reading.js";
import { resultSize } from "../recipe/options.js";
import { fields, masks } from "../recipe/recipe.js";
import { paintedHere, state } from "../recipe/state.js";
import { stylize } from "../service/api.js";

/** Milliseconds without a change, after which the picture rests. */
const SETTLED = 600;

/** Of drafts on this device: the longest side below which they show nothing, and with which they begin. */
const LEAST_SIDE = 160;
const FIRST_SIDE = 256;

/** Milliseconds that the last draft took, by its longest side squared: the service, and this device. */
const pace = { there: 0, here: SETTLED / FIRST_SIDE ** 2 };
let running = null;
let next = null;
let settling;

/**
 * Paint the present choice.
 *
 * show: called with the painted blob, what is known of it, and whether it is a draft: the milliseconds it took whoever
 * painted it; whether this device did; and the size of the photo where the service had to reduce it, as 4000x3000.
 */
export function paint({ moving, show, fail, busy }) {
  clearTimeout(settling);
  const list = fields();
  if (!state.photo || state.live || !list.length) return stop(busy);
  if (moving) settling = setTimeout(() => paint({ moving: false, show, fail, busy }), SETTLED);
  const { photo, regions } = state;
  const here = paintedHere();
  const side = draftSide(here);
  if (here && moving && side < LEAST_SIDE) return; // it paints slowly, and waits until the picture rests
  const job = { draft: moving, here, fields: list, look: state.rest, regions, photo, side, show, fail, busy };
  if (job.draft && running?.draft) next = job;
  else start(job);
}

function stop(busy) {
  running?.abort.abort();
  running = next = null;
  busy(false);
}

async function start(job) {
  running?.abort.abort();
  next = null;
  const abort = new AbortController();
  const mine = { draft: job.draft, abort };
  running = mine;
  job.busy(!job.draft);
  try {
    const paint = job.here ? paintHere : job.draft ? paintDraft : paintWhole;
    const { painted, ...told } = await paint(job, abort.signal);
    if (job.draft) pace[job.here ? "here" : "there"] = told.milliseconds / job.side ** 2;
    if (running === mine) job.show(painted, { ...told, here: job.here }, job.draft);
  } catch (error) {
    if (running === mine) job.fail(error);
  }
  if (running !== mine) return;
  running = null;
  job.busy(false);
  if (next) start(next);
}

async function paintWhole({ photo, fields, regions }, signal) {
  return answered(await stylize(photo.blob, photo.name, [...fields, ...(await masks(regions))], { signal }));
}

/** As JPEG, which is written fastest; as WebP where the photo may be transparent. */
async function paintDraft({ photo, fields, regions, side }, signal) {
  const asked = fields.filter(([name]) => name !== "size");
  const list = [...asked, ["size", String(side)], ["quality", "80"], ...(await masks(regions))];
  const accept = mayBeTransparent(photo) ? "image/webp" : "image/jpeg";
  const draft = side > DRAFT_SIDE && side > photo.least ? await photo.finerDraft() : photo.draft;
  return answered(await stylize(draft, "draft", list, { signal, headers: { Accept: accept } }));
}

async function paintHere(job, signal) {
  const { paintForEasel } = await import("../device/pictures.js");
  return paintForEasel({ ...job, transparent: mayBeTransparent(job.photo) }, signal);
}

const mayBeTransparent = ({ blob }) => /png|webp|gif/.test(blob.type);

/**
 * Longest side of a draft in which strokes are as large, relative to the picture, as in the whole.
 *
 * The network's strokes are those of a picture of 512 pixels, and larger ones are painted at any size; those half as
 * large need 1,024. Where that takes so long that the picture rests before, and with still smaller ones, drafts have
 * strokes as small as can be, and the whole has the right ones. This device's drafts are as large as is fluent, and
 * coarser.
 */
function draftSide(here) {
  const { photo, stroke } = state;
  const { width, height } = resultSize();
  const fluent = Math.round(Math.sqrt(SETTLED / pace[here ? "here" : "there"]));
  if (here) return Math.max(photo.least, Math.min(DRAFT_SIDE, fluent));
  const most = Math.min(FINER_SIDE, Math.max(DRAFT_SIDE, fluent));
  const side = stroke < 1 ? Math.min(most, Math.round(DRAFT_SIDE / stroke)) : DRAFT_SIDE;
  return Math.max(photo.least, Math.min(side, Math.max(width, height)));
}

async function answered(answer) {
  const { headers } = answer;
  const stages = headers.get("Server-Timing") ?? "";
  const milliseconds = [...stages.matchAll(/dur=([\d.]+)/g)].reduce((sum, [, part]) => sum + Number(part), 0);
  return { painted: await answer.blob(), milliseconds, resizedFrom: headers.get("X-Resized-From") };
}
