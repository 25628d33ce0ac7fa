/** The page without a connection: offline.js keeps what it takes, in the browser's storage. */

import { pause } from "../parts/waiting.js";
import { networkId, state } from "../recipe/state.js";
import { previewPath, request } from "../service/api.js";
import { addresses } from "./loading.js";

/** Milliseconds that the browser may take to let it in, and to store what it was given. */
const PATIENCE = 10_000;
const STORING = 3000;
const EVERY = 250;

/** Have everything kept from now on. Resolves to whether the browser does so: only for secure pages, if at all. */
export async function keepPage() {
  const workers = navigator.serviceWorker;
  if (!workers) return false;
  try {
    const { active } = await registered(workers);
    if (!workers.controller) {
      const controlled = new Promise((resolve) => {
        workers.addEventListener("controllerchange", resolve, { once: true });
      });
      active.postMessage("claim"); // a page that was loaded anew past everything kept has none
      await inTime(controlled);
    }
    return true;
  } catch {
    return false;
  }
}

/** Have kept what the page opened with, and resolve to whether all that painting takes is there, or is in a moment. */
export async function isKept() {
  const files = await addresses(networkId(), state.info.browser_runtime);
  const opening = ["v1/info", "v1/styles", ...state.styles.map(previewPath)];
  for (const path of opening) if (!(await caches.match(path))) await request(path).catch(() => {});
  for (let tries = 0; tries < STORING / EVERY; tries += 1) {
    const found = await Promise.all(Object.values(files).map((address) => caches.match(address)));
    if (found.every(Boolean)) return true;
    await pause(EVERY);
  }
  return false;
}

async function registered(workers) {
  await workers.register(`offline.js?${state.info.page}`);
  return inTime(workers.ready);
}

function inTime(promise) {
  return Promise.race([promise, new Promise((_, reject) => { setTimeout(reject, PATIENCE); })]);
}
