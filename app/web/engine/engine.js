/**
 * The network on a device's processor, by the server's own kernels in WebAssembly: model/network/fast_network.py says
 * what is computed, and why.
 */

import { weightsIn } from "./file.js";
import { layersOf } from "./layers.js";
import { Memory } from "./memory.js";
import { passOf } from "./passes.js";
import { Planes } from "./planes.js";
import { startThreads } from "./threads.js";
import { PICTURE } from "./weights.js";

/** Sides of a picture with which it is found out whether there are kernels. */
const TRIAL = 32;
/** What is taken from a photo; fast_network.py says why. */
const GREY = 0.5;
/** What `paint` of passes.cpp returns. */
const [UNKNOWN_CHANNELS, NO_MEMORY] = [1, 2];

export class Engine {
  #call;
  #memory;
  #layers;

  /** What paints. */
  by = "wasm";

  /** @type {Planes} what is painted, and what it is painted of */
  planes;

  /** kernels: their bytes; file: the network's; threads: how many paint. Resolves to null where they are not for it. */
  static async load({ kernels, file, threads }) {
    const layers = layersOf(weightsIn(file));
    if (!layers) return null;
    const { exports, memory } = await startThreads(kernels, threads);
    const engine = new Engine();
    engine.#call = exports;
    engine.#memory = new Memory(memory, exports);
    engine.planes = new Planes(exports, engine.#memory);
    engine.#layers = layers.map((layer) => ({ ...layer, weights: engine.#kept(layer.weights) }));
    const style = new Float32Array(layers.reduce((sum, { channels }) => sum + 2 * channels, 0));
    try {
      const black = { data: new Float32Array(PICTURE * TRIAL ** 2), channels: PICTURE, height: TRIAL, width: TRIAL };
      await engine.planes.tidy(async () => { engine.paint(engine.planes.hold(black), style); });
      return engine;
    } catch (error) {
      if (error instanceof UnknownChannels) return null;
      throw error;
    }
  }

  /** Weights with the addresses of their arrays. */
  #kept(weights) {
    const addressed = (value) => (ArrayBuffer.isView(value) ? this.#memory.keep(value) : value);
    return Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, addressed(value)]));
  }

  /** Planes, painted in one pass. style: its vector. */
  paint({ at, height, width }, style) {
    const [call, memory] = [this.#call, this.#memory];
    const { border, integers } = passOf(this.#layers, [height, width]);
    const failure = memory.pass(new Int32Array(1));
    const photo = [at, false, 1n, BigInt(height), BigInt(width), memory.passIntegers(border), GREY];
    const pass = [memory.passIntegers(integers), BigInt(this.#layers.length), memory.pass(style), 0, 0];
    const painted = call.paint(...photo, ...pass, failure) >>> 0;
    const [failed] = memory.view(Int32Array, failure, 1);
    memory.called();
    check(failed);
    return this.planes.own({ at: painted, channels: PICTURE, height, width });
  }
}

function check(failure) {
  if (failure === UNKNOWN_CHANNELS) throw new UnknownChannels("there are no kernels for the network's channels");
  if (failure === NO_MEMORY) throw new RangeError("out of memory");
}

class UnknownChannels extends Error {}
