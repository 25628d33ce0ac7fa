/**
 * Paints what is wanted, and only that.
 *
 * While something is dragged, small drafts are painted one after the other, always the newest; on release the whole
 * picture. What is no longer wanted is cancelled, and an answer to it is dropped.
 */

import { DRAFT_SIDE, FINER_SIDE } from "../photo/reading.js";
import { resultSize } from "../recipe/options.js";
import { fields, masks } from "../recipe/recipe.js";
import { state } from "../recipe/state.js";
import { stylize } from "../service/api.js";

/** Milliseconds without a change, after which the picture rests. */
const SETTLED = 600;

/** Milliseconds that the service took for the last draft, by its longest side squared. */
let pace = 0;
let running = null;
let next = null;
let settling;

/**
 * Paint the present choice.
 *
 * show: called with the painted blob, what the service says of it (`facts`), and whether it is a draft.
 */
export function paint({ moving, show, fail, busy }) {
  clearTimeout(settling);
  const list = fields();
  if (!state.photo || !list.length) return stop(busy);
  if (moving) settling = setTimeout(() => paint({ moving: false, show, fail, busy }), SETTLED);
  const { photo, regions } = state;
  const job = { draft: moving, fields: list, regions, photo, side: draftSide(), show, fail, busy };
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
    const answer = job.draft ? await paintDraft(job, abort.signal) : await paintWhole(job, abort.signal);
    const painted = await answer.blob();
    const told = facts(answer);
    if (job.draft) pace = told.milliseconds / job.side ** 2;
    if (running === mine) job.show(painted, told, job.draft);
  } catch (error) {
    if (running === mine) job.fail(error);
  }
  if (running !== mine) return;
  running = null;
  job.busy(false);
  if (next) start(next);
}

async function paintWhole({ photo, fields, regions }, signal) {
  return stylize(photo.blob, photo.name, [...fields, ...(await masks(regions))], { signal });
}

/** As JPEG, which is written fastest; as WebP where the photo may be transparent. */
async function paintDraft({ photo, fields, regions, side }, signal) {
  const asked = fields.filter(([name]) => name !== "size");
  const list = [...asked, ["size", String(side)], ["quality", "80"], ...(await masks(regions))];
  const accept = /png|webp|gif/.test(photo.blob.type) ? "image/webp" : "image/jpeg";
  const draft = side > DRAFT_SIDE && side > photo.least ? await photo.finerDraft() : photo.draft;
  return stylize(draft, "draft", list, { signal, headers: { Accept: accept } });
}

/**
 * Longest side of a draft in which strokes are as large, relative to the picture, as in the whole.
 *
 * The network's strokes are those of a picture of 512 pixels, and larger ones are painted at any size; those half as
 * large need 1,024. Where that takes so long that the picture rests before, and with still smaller ones, drafts have
 * strokes as small as can be, and the whole has the right ones.
 */
function draftSide() {
  const { photo, stroke } = state;
  const { width, height } = resultSize();
  const most = Math.min(FINER_SIDE, Math.max(DRAFT_SIDE, Math.round(Math.sqrt(SETTLED / pace))));
  const side = stroke < 1 ? Math.min(most, Math.round(DRAFT_SIDE / stroke)) : DRAFT_SIDE;
  return Math.max(photo.least, Math.min(side, Math.max(width, height)));
}

/** The milliseconds that the service itself took, and the size of the photo where it had to reduce it, as 4000x3000. */
function facts({ headers }) {
  const stages = headers.get("Server-Timing") ?? "";
  const milliseconds = [...stages.matchAll(/dur=([\d.]+)/g)].reduce((sum, [, part]) => sum + Number(part), 0);
  return { milliseconds, resizedFrom: headers.get("X-Resized-From") };
}
