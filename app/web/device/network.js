/** The network in ONNX Runtime Web: by WebGPU where there is one that computes what it should, else by WebAssembly. */

import { planes } from "./planes.js";
import { threads } from "./processor.js";

/** Sides of the picture with which a graphics card is tried out, and by how much it may differ from the processor's. */
const TRIAL = [48, 64];
const APART = 0.02;

export class Network {
  #ort;
  #sessions;

  /** What paints: "webgpu" or "wasm". */
  by = "wasm";

  /** module: address of ONNX Runtime Web; wasm: its bytes; file: the network's; styleSize: numbers of a style. */
  static async load({ module, wasm, file, styleSize }) {
    const network = new Network();
    network.#ort = await import(module);
    const { env, InferenceSession } = network.#ort;
    env.logLevel = "error";
    env.wasm.wasmBinary = wasm;
    env.wasm.numThreads = threads();
    const session = (by) => InferenceSession.create(file, { executionProviders: [by], logSeverityLevel: 3 });
    network.#sessions = { wasm: await session("wasm") };
    try {
      if (!(await navigator.gpu?.requestAdapter())) return network;
      network.#sessions.webgpu = await session("webgpu");
      if (await network.#agree(styleSize)) network.by = "webgpu";
    } catch {} // a graphics card that is none for this
    return network;
  }

  /** Planes, painted in one pass. A graphics card that fails, as when it is lost, is done without from then on. */
  async paint(image, style) {
    if (this.by === "webgpu") {
      try {
        const painted = await this.#run("webgpu", image, style);
        if (!painted.data.some(Number.isNaN)) return painted;
      } catch {}
      this.by = "wasm";
    }
    return this.#run("wasm", image, style);
  }

  /** Whether both paint the same: not every runtime, driver and card does. */
  async #agree(styleSize) {
    const [height, width] = TRIAL;
    const waves = (length, pace) => Float32Array.from({ length }, (_, place) => 0.5 + 0.5 * Math.sin(place * pace));
    const given = [planes(3, height, width, waves(3 * height * width, 0.37)), waves(styleSize, 1.7)];
    const [{ data: one }, { data: other }] = [await this.#run("wasm", ...given), await this.#run("webgpu", ...given)];
    return one.every((value, place) => Math.abs(value - other[place]) < APART);
  }

  async #run(by, { data, height, width }, style) {
    const { Tensor } = this.#ort;
    const given = {
      image: new Tensor("float32", data, [1, 3, height, width]),
      style: new Tensor("float32", style, [1, style.length]),
    };
    const { painting } = await this.#sessions[by].run(given, ["painting"]);
    return planes(3, height, width, painting.data);
  }
}
