/** What painting on this device takes, fetched from the service; the browser keeps it. */

import { json, request } from "../service/api.js";

const MODULE = "ort.webgpu.bundle.min.mjs";
const WASM = "ort-wasm-simd-threaded.asyncify.wasm.gz";

/** Where the large files are, relative to the page. */
export const addresses = ({ network_id: network, browser_runtime: version }) => ({
  module: `onnxruntime-web/${version}/${MODULE}`,
  wasm: `onnxruntime-web/${version}/${WASM}`,
  file: `v1/networks/${network}.onnx`,
});

/** The styles with their vectors, and how the network's strokes are painted. */
export const stylesOf = ({ network_id: network }) => json(`v1/networks/${network}/styles`);

/** told: called with the bytes that have come, and with all; anew: what is kept was damaged. */
export async function fetchFiles(info, { told, anew }) {
  const { module, wasm, file } = addresses(info);
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
  const [packed, network] = await Promise.all([bytesOf(wasm), bytesOf(file).then(whole)]);
  return {
    module: new URL(module, document.baseURI).href,
    wasm: await whole(packed.pipeThrough(new DecompressionStream("gzip"))),
    file: new Uint8Array(network),
  };
}
