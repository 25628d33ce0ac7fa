/** What painting on this device takes, fetched from the service; the browser keeps it. */

import { json, request } from "../service/api.js";

/** The service's own kernels, in WebAssembly. */
const KERNELS = new URL("../engine/kernels.wasm", import.meta.url).href;
/** ONNX Runtime Web, for WebGPU and WebAssembly, or for WebAssembly alone, which is half of that. */
const RUNTIMES = {
  webgpu: ["ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm.gz"],
  wasm: ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm.gz"],
};
/** Networks that the kernels are not for. */
const unsuited = new Set();

/** Resolves to the graphics card, if there is one. A browser complains each time that there is none. */
let adapter = null;
const findAdapter = async () => navigator.gpu?.requestAdapter().catch(() => null);

/** Where the large files are, relative to the page. network: its id; version: of ONNX Runtime Web. */
export async function addresses(network, version) {
  const file = `v1/networks/${network}.onnx`;
  const card = await (adapter ??= findAdapter());
  const own = crossOriginIsolated ? { kernels: KERNELS } : {}; // whose memory is shared
  if (!card && crossOriginIsolated && !unsuited.has(network)) return { ...own, file };
  const [module, wasm] = RUNTIMES[card ? "webgpu" : "wasm"];
  return { module: `onnxruntime-web/${version}/${module}`, wasm: `onnxruntime-web/${version}/${wasm}`, ...own, file };
}

/** What painting takes where the kernels are not for a network. */
export function withoutKernels(network) {
  unsuited.add(network);
}

/** The styles with their vectors, and how the network's strokes are painted. */
export const stylesOf = (network) => json(`v1/networks/${network}/styles`);

/** ONNX Runtime Web's bytes, which every network needs; null: they are to be fetched. */
let runtime = null;

/** told: called with the bytes that have come, and with all; anew: what is kept was damaged. */
export async function fetchFiles({ network, version, told, anew }) {
  if (anew) runtime = null;
  const { kernels, module, wasm, file } = await addresses(network, version);
  const came = {};
  const bytesOf = async (address) => {
    const answer = await request(address, anew ? { cache: "reload" } : {});
    came[address] = { now: 0, all: Number(answer.headers.get("Content-Length")) };
    const counted = new TransformStream({
      transform(chunk, controller) {
        came[address].now += chunk.length;
        const sum = (name) => Object.values(came).reduce((bytes, each) => bytes + each[name], 0);
        told(sum("now"), sum("all"));
        controller.enqueue(chunk);
      },
    });
    return answer.body.pipeThrough(counted);
  };
  const whole = (stream) => new Response(stream).arrayBuffer();
  const ofNetwork = async () => new Uint8Array(await whole(await bytesOf(file)));
  const ofKernels = async () => kernels && whole(await bytesOf(kernels));
  const unpacked = async () => whole((await bytesOf(wasm)).pipeThrough(new DecompressionStream("gzip")));
  const ofRuntime = async () => wasm && (runtime ??= await unpacked());
  const [written, own, bytes] = await Promise.all([ofNetwork(), ofKernels(), ofRuntime()]);
  return { module: module && new URL(module, document.baseURI).href, wasm: bytes, kernels: own, file: written };
}
