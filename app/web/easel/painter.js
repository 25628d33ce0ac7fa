/**
 * Paints what is wanted, and only that.
 *
 * While something is dragged, small drafts are painted one after the other, always the newest; on release the whole
 * picture. What is no longer wanted is cancelled, and an answer to it is dropped.
 */

import { DRAFT_SIDE } from "../photo/reading.js";
import { fields } from "../recipe/recipe.js";
import { state } from "../recipe/state.js";
import { stylize } from "../service/api.js";

const SETTLED = 600;

let running = null;
let next = null;
let settling;

/**
 * Paint the present choice.
 *
 * show: called with the painted blob, the milliseconds it took, and whether it is a draft.
 */
export function paint({ moving, show, fail, busy }) {
  clearTimeout(settling);
  if (!state.photo || !state.chosen.length) return stop(busy);
  if (moving) settling = setTimeout(() => paint({ moving: false, show, fail, busy }), SETTLED);
  const job = { draft: moving, fields: fields(), photo: state.photo, show, fail, busy };
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
    if (running === mine) job.show(painted, milliseconds(answer), job.draft);
  } catch (error) {
    if (running === mine) job.fail(error);
  }
  if (running !== mine) return;
  running = null;
  job.busy(false);
  if (next) start(next);
}

const paintWhole = ({ photo, fields }, signal) => stylize(photo.blob, photo.name, fields, { signal });

/** As JPEG, which is written fastest; as WebP where the photo may be transparent. */
function paintDraft({ photo, fields }, signal) {
  const smaller = fields.filter(([name, value]) => name !== "size" || value < DRAFT_SIDE);
  const accept = /png|webp|gif/.test(photo.blob.type) ? "image/webp" : "image/jpeg";
  return stylize(photo.draft, "draft", [...smaller, ["quality", "80"]], { signal, headers: { Accept: accept } });
}

/** What the service itself took. */
function milliseconds(answer) {
  const stages = answer.headers.get("Server-Timing") ?? "";
  return [...stages.matchAll(/dur=([\d.]+)/g)].reduce((sum, [, part]) => sum + Number(part), 0);
}
