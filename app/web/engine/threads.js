/** WebAssembly's threads: workers that share the kernels' memory, and wait for what kernels give them to do. */

/** Pages of 64 kB that are tried: not every browser reserves room for all. */
const MOST_PAGES = [65535, 32768, 16384, 8192, 4096];
const STACK = 1024 * 1024;

/** The kernels, with so many threads, the caller among them, which may wait: no page's main thread. */
export async function startThreads(bytes, threads) {
  const module = await WebAssembly.compile(bytes);
  const memory = reserved();
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  exports._initialize();
  exports.set_threads(threads);
  const started = Array.from({ length: threads - 1 }, (_, n) => start({ module, memory, exports, thread: n + 1 }));
  await Promise.all(started);
  return { exports, memory };
}

/** Resolves when it waits for work: a browser starts no worker while its owner waits for it. */
function start({ module, memory, exports, thread }) {
  const worker = new Worker(new URL("./thread.js", import.meta.url), { type: "module" });
  worker.postMessage({ module, memory, stack: exports.malloc(STACK) + STACK, thread });
  return new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}

function reserved() {
  for (const maximum of MOST_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: 64, maximum, shared: true });
    } catch {}
  }
  throw new RangeError("out of memory");
}
