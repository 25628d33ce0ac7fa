/** Whether the service answers. When it does not, everyone who asks waits here until it does. */

import { byId, showText } from "../parts/dom.js";
import { pause } from "../parts/waiting.js";

const EVERY = 1000;
const GONE = "The service does not answer. What you see stays here; it goes on by itself when the service is back.";

/** Why each request that waits does so. */
const reasons = [];
const returned = new EventTarget();
let watching = null;

/** Resolves when the service can be reached again. */
export async function serviceIsBack(signal) {
  watching ??= watchForReturn();
  await unlessAborted(watching, signal);
}

/** What a promise resolves to; rejects when the signal is aborted before. */
export function unlessAborted(promise, signal) {
  return Promise.race([promise, aborted(signal)]);
}

/** Call back whenever the service has been away and is there again. */
export function onReturn(callback) {
  returned.addEventListener("return", callback);
}

/** Say why something waits until it, and everything else that does, goes on. */
export async function saying(reason, wait) {
  const show = () => showText(byId("connection"), reasons.at(-1) ?? "");
  reasons.push(reason);
  show();
  try {
    await wait();
  } finally {
    reasons.splice(reasons.indexOf(reason), 1);
    show();
  }
}

async function watchForReturn() {
  if (!(await answers())) {
    await saying(GONE, async () => {
      do await pause(EVERY); while (!(await answers()));
    });
    returned.dispatchEvent(new Event("return"));
  }
  watching = null;
}

async function answers() {
  try {
    return (await fetch("healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
