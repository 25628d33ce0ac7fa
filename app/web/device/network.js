/** The network in ONNX Runtime Web: by WebGPU where there is one that works, else by WebAssembly. */

import { planes } from "./planes.js";

/** More threads than fast cores make a phone slower. */
const MOST_THREADS = 4;

export class Network {
  #ort;
  #file;
  #session;

  /** "webgpu", or "wasm". */
  by;

  /**
   * module: address of ONNX Runtime Web; wasm: its bytes; file: the network's.
   */
  static async load({ module, wasm, file }) {
    const ort = await import(module);
    ort.env.logLevel = "error";
    ort.env.wasm.wasmBinary = wasm;
    ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
    const network = new Network();
    network.#ort = ort;
    network.#file = file;
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    await network.#start(adapter ? "webgpu" : "wasm");
    return network;
  }

  async #start(by) {
    try {
      this.#session = await this.#ort.InferenceSession.create(this.#file, { executionProviders: [by] });
      this.by = by;
    } catch (error) {
      if (by === "wasm") throw error;
      await this.#start("wasm");
    }
  }

  /** Planes, painted in one pass. A graphics card that fails, as when it is lost, is done without from then on. */
  async paint(image, style) {
    try {
      const painted = await this.#run(image, style);
      if (this.by === "wasm" || !painted.data.some(Number.isNaN)) return painted;
    } catch (error) {
      if (this.by === "wasm") throw error;
    }
    await this.#start("wasm");
    return this.#run(image, style);
  }

  async #run({ data, height, width }, style) {
    const { Tensor } = this.#ort;
    const given = {
      image: new Tensor("float32", data, [1, 3, height, width]),
      style: new Tensor("float32", style, [1, style.length]),
    };
    const { painting } = await this.#session.run(given, ["painting"]);
    return planes(3, height, width, painting.data);
  }
}
