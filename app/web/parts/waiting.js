/** Waiting that can be given up, and for what comes only when it is wanted. */

import { toast } from "./status.js";

/** Resolves after some milliseconds; rejects when the signal is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The module that import() fetches; null when it could not, which is said. */
export async function fetched(module) {
  try {
    return await module;
  } catch {
    toast("The service does not answer. Try it again when it is back.");
    return null;
  }
}
