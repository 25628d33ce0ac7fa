/** Painting on this device: a worker does it, and what is wanted waits for it here. */

import { weightsById } from "../recipe/recipe.js";
import { change, state, watch } from "../recipe/state.js";
import { Problem } from "../service/api.js";
import { isKept, keepPage } from "./keeping.js";
import { ladder } from "./ladder.js";
import { fetchFiles, stylesOf } from "./loading.js";
import { blend, vectorsOf } from "./styles.js";

/** Bytes that a pass takes for each pixel, and that WebAssembly has at the most. */
const BYTES = 700;
const MOST_BYTES = 4 * 2 ** 30;
/** Pixels of a picture that every browser's canvas holds. */
const MOST_PIXELS = 4096 ** 2;

let worker = null;
/** Resolves to whether the browser keeps all for later, when the worker has all that it needs. */
let loading = null;
let told = () => {};
/** Whether what the browser keeps was damaged. */
let damaged = false;
/** Resolves to the service's JSON of styles; null: it is to be asked for. */
let styles = null;
let working = null;
const waiting = [];
/** By which the worker knows photos: their blobs become others on the way. */
const ids = new WeakMap();
let last = 0;

watch(["styles"], () => { styles = null; });

export { isKept };

/** Fetch what painting takes, and start the worker. Rejects with a Problem. */
export function prepare() {
  loading ??= load().catch((error) => {
    stop();
    throw error;
  });
  return loading;
}

/** Call back with how many bytes have come, and with how many there are. */
export function whileFetching(callback) {
  told = callback;
}

async function load() {
  const keeping = await keepPage(); // which keeps what is fetched from then on
  let files;
  try {
    files = await fetchFiles(state.info, { told, anew: damaged });
  } catch (error) {
    if (error instanceof Problem) throw error;
    damaged = true;
    throw explained("what was fetched is damaged, or the connection broke off; switch it on again to fetch it anew");
  }
  const facts = await knownStyles();
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  try {
    const { strokes, style_size: styleSize } = facts;
    paintsBy(await asked({ kind: "load", strokes, styleSize, ...files }));
    damaged = false;
    return keeping;
  } catch (error) {
    damaged = true;
    throw explained(`what was fetched does not run in this browser (${error.message})`);
  }
}

/**
 * Paint a photo, as the browser shows it, in a look.
 *
 * weights: of the look's styles, by id; size: width and height of the picture; file: its type, and as far as they are
 * wanted its quality and recipe; later: whether everything else comes first.
 * @returns {Promise<{painted: Blob, milliseconds: number}>} rejects with a Problem, or with the signal's reason
 */
export async function paint(
  { photo: { shown }, look, weights = weightsById(look), size: { width, height }, ...file },
  { signal, later = false } = {},
) {
  await prepare();
  const known = await knownStyles();
  signal?.throwIfAborted();
  const sizes = ladder([height, width], look.stroke, known.strokes);
  const most = Math.max(...sizes.map(([high, wide]) => high * wide));
  if (most * BYTES > MOST_BYTES || width * height > MOST_PIXELS) throw tooLarge(width, height);
  if (!ids.has(shown)) ids.set(shown, (last += 1));
  const style = blend(vectorsOf(known), weights, known.style_size);
  const { strength, preserveColor, stroke } = look;
  const manner = { strength, preserveColor, stroke };
  const photo = { id: ids.get(shown), blob: shown };
  try {
    const answer = await asked({ kind: "paint", photo, size: [height, width], style, manner, ...file }, { signal, later });
    paintsBy(answer);
    return answer;
  } catch (error) {
    if (error === signal?.reason) throw error;
    if (!/memory|alloc|aborted/i.test(error.message) && error.name !== "RangeError") throw inWords(error);
    stop(); // what is left of it paints nothing more
    throw tooLarge(width, height);
  }
}

function paintsBy({ by }) {
  if (by !== state.paintsBy) change({ paintsBy: by });
}

async function knownStyles() {
  styles ??= stylesOf(state.info).catch((error) => {
    styles = null;
    throw error;
  });
  return styles;
}

/** The worker's answer to a message, when its turn has come. */
function asked(message, { signal, later = false } = {}) {
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
  worker.onmessage = ({ data: { done, failed } }) => {
    if (failed) working.reject(Object.assign(new Error(failed.message), { name: failed.name }));
    else working.resolve(done);
    working = null;
    goOn();
  };
  worker.onerror = ({ message }) => {
    working?.reject(new Error(message || "the worker was ended"));
    stop();
  };
  worker.postMessage(working.message);
}

function stop() {
  worker?.terminate();
  worker = loading = working = null;
  for (const { reject } of waiting.splice(0)) reject(new Error("painting here was ended"));
}

const explained = (detail) => new Problem({ code: "device", detail });

function tooLarge(width, height) {
  const pixels = `${width} × ${height}`;
  return explained(`this device has too little memory for ${pixels} pixels; choose a smaller size, or let the service paint`);
}

function inWords({ name, message }) {
  if (["EncodingError", "InvalidStateError"].includes(name))
    return explained("this browser cannot read the photo; let the service paint, which reads more kinds of files");
  return explained(`this device could not paint it (${message}); let the service paint`);
}
