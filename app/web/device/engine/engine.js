/**
 * The network on a device's processor, by the server's own kernels in WebAssembly: model/network/fast_network.py says what
 * is computed, and why.
 */

import { planes } from "../planes.js";
import { threads } from "../processor.js";
import { weightsIn } from "./file.js";
import { Kernels, UnknownWidth, inner } from "./kernels.js";
import { beyond, layersOf } from "./layers.js";
import { Memory } from "./memory.js";
import { startThreads } from "./threads.js";

/** Of a picture with which it is found out whether there are kernels. */
const TRIAL = 32;

export class Engine {
  #memory;
  #kernels;
  #layers;

  /** What paints. */
  by = "wasm";

  /** kernels: their bytes; file: the network's. Resolves to null where they are not for it, or no memory is shared. */
  static async load({ kernels, file }) {
    const layers = layersOf(weightsIn(file));
    if (!layers || !crossOriginIsolated) return null;
    const engine = new Engine();
    const { exports, memory } = await startThreads(kernels, threads());
    engine.#memory = new Memory(memory, exports);
    engine.#kernels = new Kernels(exports, engine.#memory);
    engine.#layers = layers.map((layer) => ({ ...layer, weights: engine.#kept(layer.weights) }));
    try {
      engine.paint(planes(3, TRIAL, TRIAL), new Float32Array(layers.reduce((sum, { channels }) => sum + 2 * channels, 0)));
      return engine;
    } catch (error) {
      if (error instanceof UnknownWidth) return null;
      throw error;
    }
  }

  /** Weights, of which all arrays go into the kernels' memory. */
  #kept(weights) {
    const kept = Object.entries(weights).map(([name, value]) => [name, ArrayBuffer.isView(value) ? this.#memory.keep(value) : value]);
    return Object.fromEntries(kept);
  }

  /** Planes, painted in one pass. style: its vector. */
  paint(image, style) {
    const [kernels, layers] = [this.#kernels, this.#layers];
    const sizes = layers.map(({ shrink }) => [image.height, image.width].map((side) => Math.ceil(side / shrink)));
    const photo = kernels.enter(image, padding(layers[0], sizes[0], [image.height, image.width]));
    let features = kernels.convolve(layers[0], kernels.whole(photo), sizes[0]);
    kernels.give(photo);
    let block = null;
    let read = 0;
    for (const [n, layer] of layers.slice(0, -1).entries()) {
      const own = styleOf(layer, style, read);
      read += 2 * layer.channels;
      const ahead = layers[n + 1];
      const around = padding(ahead, sizes[n + 1], sizes[n]);
      const before = features;
      if (layer.adds || layers[n + 2]?.adds) {
        const residual = layer.adds ? block.inner : null;
        const normalized = kernels.normalize(before, own, { padding: around, replicate: ahead.replicate, residual });
        if (layer.adds) kernels.give(block.whole);
        features = kernels.convolve(ahead, kernels.whole(normalized), sizes[n + 1]);
        if (layers[n + 2]?.adds) block = { whole: normalized, inner: inner(normalized, around) };
        else kernels.give(normalized);
      } else {
        const reading = kernels.scaled(before, own, around, ahead.replicate);
        features = kernels.convolve(ahead, reading, sizes[n + 1]);
        this.#memory.give(reading.scale, reading.shift);
      }
      kernels.give(before);
    }
    const last = kernels.normalize(features, styleOf(layers.at(-1), style, read), { relu: false });
    kernels.give(features);
    const painted = kernels.leave(last);
    kernels.give(last);
    return painted;
  }
}

const styleOf = ({ channels }, style, from) => ({
  gamma: style.subarray(from, from + channels),
  beta: style.subarray(from + channels, from + 2 * channels),
});

/** Left, right, above and below: what a layer reads beyond the border, for a size, of pixels of another. */
function padding(layer, [height, width], [rows, columns]) {
  return [...beyond(layer, width, columns), ...beyond(layer, height, rows)];
}
