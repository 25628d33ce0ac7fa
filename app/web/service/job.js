/** A job, told until it has ended, also where the connection breaks off meanwhile. */

import { pause } from "../parts/waiting.js";
import { json } from "./api.js";
import { events } from "./events.js";

/** Milliseconds before the events are asked for again. */
const BETWEEN = 2000;
const ENDS = ["succeeded", "failed", "cancelled"];

export const hasEnded = ({ state }) => ENDS.includes(state);

/**
 * show: called with the job, as /v1/jobs answers it, now and whenever it has changed; preview: with the address of what
 * there is to see. Rejects where the service knows the job no more, and with the signal's reason.
 */
export async function followJob(job, { show, preview, signal }) {
  let known = job;
  show(known);
  while (!hasEnded(known)) {
    try {
      for await (const { event, data } of events(`v1/jobs/${job.id}/events`, { signal })) {
        if (event === "preview") preview(data.url);
        else show((known = data));
      }
    } catch {} // they broke off
    signal.throwIfAborted();
    if (hasEnded(known)) return;
    await pause(BETWEEN, signal);
    show((known = await json(`v1/jobs/${job.id}`, { signal })));
  }
}

/** For a header Idempotency-Key: what is sent twice with it, when the service was away, is one job. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
