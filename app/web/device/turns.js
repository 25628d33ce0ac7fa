/** The worker's turns: one thing after the other, drafts and whole pictures before the small ones beside them. */

let worker = null;
let working = null;
const waiting = [];

export function startWorker() {
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { done, failed } }) => {
    if (failed) working.reject(Object.assign(new Error(failed.message), { name: failed.name }));
    else working.resolve(done);
    working = null;
    goOn();
  };
  worker.onerror = ({ message }) => endWorker(message);
}

/** Whoever waits for it is told why. */
export function endWorker(reason = "painting here was ended") {
  worker?.terminate();
  for (const { reject } of [...(working ? [working] : []), ...waiting.splice(0)]) reject(new Error(reason));
  worker = working = null;
}

/** The worker's answer to a message, when its turn has come; later: after all that is not. */
export function asked(message, { signal, later = false } = {}) {
  return new Promise((resolve, reject) => {
    const job = { message, resolve, reject, later };
    const behind = later ? -1 : waiting.findIndex((other) => other.later);
    waiting.splice(behind < 0 ? waiting.length : behind, 0, job);
    signal?.addEventListener("abort", () => {
      reject(signal.reason);
      if (working === job) worker.postMessage({ kind: "leave" });
      else if (waiting.includes(job)) waiting.splice(waiting.indexOf(job), 1);
    }, { once: true });
    goOn();
  });
}

function goOn() {
  if (working || !waiting.length) return;
  working = waiting.shift();
  worker.postMessage(working.message);
}
