/** Painting on this device: what it takes is fetched once, and a worker does it. */

import { titleOf, weightsById } from "../recipe/recipe.js";
import { change, networkId, state, watch } from "../recipe/state.js";
import { Problem } from "../service/api.js";
import { isKept, keepPage } from "./keeping.js";
import { ladder } from "./ladder.js";
import { fetchFiles, stylesOf, withoutKernels } from "./loading.js";
import { blend, vectorsOf } from "./styles.js";
import { asked, endWorker, startWorker } from "./turns.js";

/** Bytes that a pass takes for each pixel, and that WebAssembly has at the most. */
const BYTES = 700;
const MOST_BYTES = 4 * 2 ** 30;
/** Pixels of a picture that every browser's canvas holds. */
const MOST_PIXELS = 4096 ** 2;

const UNREADABLE = "this browser cannot read the photo; let the service paint, which reads more kinds of files";
/** What the worker cannot help, by the names of errors. */
const FAULTS_OF_FILES = {
  EncodingError: UNREADABLE,
  InvalidStateError: UNREADABLE,
  NotSupportedError: "this browser writes no such files; choose another format, or let the service paint",
};

const TOO_OLD = "was fitted to the large network only; take that, or fit its painting again";

/** The network that is wanted, with its id; another object each time that another one is. */
let wanted = null;
/** Resolves to whether the browser keeps all for later, when the worker has all that this network needs. */
let loading = null;
let told = () => {};
/** Whether what the browser keeps was damaged. */
let damaged = false;
/** Resolves to what the service says of its styles, with their vectors; null: it is to be asked. */
let styles = null;
/** By which the worker knows photos: their blobs become others on the way. */
const ids = new WeakMap();
let last = 0;

watch(["styles"], () => { styles = null; });

export { isKept };

/** Fetch what painting takes, and start the worker; another one with another network. Rejects with a Problem. */
export function prepare() {
  if (wanted?.id !== networkId()) {
    stop();
    styles = null;
    wanted = { id: networkId() };
    change({ paintsBy: null });
  }
  loading ??= load(wanted);
  return loading;
}

async function load(own) {
  try {
    const keeping = await fetchAndStart(own);
    return own === wanted ? keeping : prepare();
  } catch (error) {
    if (own !== wanted) return prepare(); // whatever went wrong, nobody waits for that any more
    stop();
    throw error;
  }
}

/** Call back with how many bytes have come, and with how many there are. */
export function whileFetching(callback) {
  told = callback;
}

async function fetchAndStart(own) {
  const keeping = await keepPage(); // which keeps what is fetched from then on
  let files;
  try {
    files = await fetchFiles({ network: own.id, version: state.info.browser_runtime, told, anew: damaged });
  } catch (error) {
    if (error instanceof Problem) throw error;
    damaged = true;
    throw explained("what was fetched is damaged, or the connection broke off; switch it on again to fetch it anew");
  }
  const facts = await knownStyles();
  if (own !== wanted) return false;
  startWorker();
  try {
    const { strokes, style_size: styleSize } = facts;
    const answer = await asked({ kind: "load", strokes, styleSize, ...files });
    if (!answer.by) {
      endWorker();
      withoutKernels(own.id);
      return fetchAndStart(own);
    }
    paintsBy(answer);
    damaged = false;
    return keeping;
  } catch (error) {
    damaged = own === wanted;
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
  const own = wanted;
  const known = await knownStyles();
  signal?.throwIfAborted();
  const unknown = Object.keys(weights).find((id) => !known.vectors.has(id));
  if (unknown) throw explained(`${titleOf(unknown)} ${TOO_OLD}`);
  const sizes = ladder([height, width], look.stroke, known.strokes);
  const most = Math.max(...sizes.map(([high, wide]) => high * wide));
  if (most * BYTES > MOST_BYTES || width * height > MOST_PIXELS) throw tooLarge(width, height);
  if (!ids.has(shown)) ids.set(shown, (last += 1));
  const style = blend(known.vectors, weights, known.style_size);
  const { strength, preserveColor, stroke } = look;
  const manner = { strength, preserveColor, stroke };
  const photo = { id: ids.get(shown), blob: shown };
  try {
    const job = { kind: "paint", photo, size: [height, width], style, manner, ...file };
    const answer = await asked(job, { signal, later });
    paintsBy(answer);
    return answer;
  } catch (error) {
    if (error === signal?.reason || own !== wanted) throw error; // its worker was ended, and the next one is well
    if (error.name in FAULTS_OF_FILES) throw explained(FAULTS_OF_FILES[error.name]);
    stop(); // whatever is left of it, the next picture begins anew
    if (/memory|alloc|aborted/i.test(error.message) || error.name === "RangeError") throw tooLarge(width, height);
    throw explained(`this device could not paint it (${error.message}); let the service paint`);
  }
}

function paintsBy({ by }) {
  if (by !== state.paintsBy) change({ paintsBy: by });
}

async function knownStyles() {
  styles ??= stylesOf(wanted.id).then((known) => ({ ...known, vectors: vectorsOf(known) }));
  return styles.catch((error) => {
    styles = null;
    throw error;
  });
}

function stop() {
  endWorker();
  loading = null;
}

const explained = (detail) => new Problem({ code: "device", detail });

function tooLarge(width, height) {
  const short = `this device has too little memory for ${width} × ${height} pixels`;
  return explained(`${short}; choose a smaller size, or let the service paint`);
}
