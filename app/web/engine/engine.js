/**
 * The network on a device's processor, by the server's own kernels in WebAssembly: model/network/fast_network.py says
 * what is computed, and why.
 */

import { weightsIn } from "./file.js";
import { Kernels, UnknownWidth, inner } from "./kernels.js";
import { beyond, layersOf } from "./layers.js";
import { Memory } from "./memory.js";
import { Planes } from "./planes.js";
import { startThreads } from "./threads.js";

/** Sides of a picture with which it is found out whether there are kernels. */
const TRIAL = 32;

export class Engine {
  #memory;
  #kernels;
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
    engine.#memory = new Memory(memory, exports);
    engine.#kernels = new Kernels(exports, engine.#memory);
    engine.planes = new Planes(exports, engine.#memory);
    engine.#layers = layers.map((layer) => ({ ...layer, weights: engine.#kept(layer.weights) }));
    const style = new Float32Array(layers.reduce((sum, { channels }) => sum + 2 * channels, 0));
    try {
      const black = { data: new Float32Array(3 * TRIAL ** 2), channels: 3, height: TRIAL, width: TRIAL };
      await engine.planes.tidy(async () => { engine.paint(engine.planes.hold(black), style); });
      return engine;
    } catch (error) {
      if (error instanceof UnknownWidth) return null;
      throw error;
    }
  }

  /** Weights with the addresses of their arrays. */
  #kept(weights) {
    const addressed = (value) => (ArrayBuffer.isView(value) ? this.#memory.keep(value) : value);
    return Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, addressed(value)]));
  }

  /** Planes, painted in one pass. style: its vector. */
  paint(image, style) {
    const [kernels, layers] = [this.#kernels, this.#layers];
    const size = [image.height, image.width];
    const sizes = layers.map(({ shrink }) => size.map((side) => Math.ceil(side / shrink)));
    const styles = layerStyles(layers, style);
    const photo = kernels.enter(image, padding(layers[0], sizes[0], size));
    let features = kernels.convolve(layers[0], kernels.whole(photo), sizes[0]);
    kernels.give(photo);
    let block = null;
    for (const [n, ahead] of layers.slice(1).entries()) {
      const around = padding(ahead, sizes[n + 1], sizes[n]);
      const then = { padding: around, replicate: ahead.replicate };
      const before = features;
      const [enters, leaves] = [layers[n + 2]?.adds, layers[n].adds];
      if (enters || leaves) {
        const normalized = kernels.normalize(before, styles[n], { ...then, residual: leaves ? block.inner : null });
        features = kernels.convolve(ahead, kernels.whole(normalized), sizes[n + 1]);
        if (leaves) kernels.give(block.whole);
        if (enters) block = { whole: normalized, inner: inner(normalized, around) };
        else kernels.give(normalized);
      } else {
        const reading = kernels.normalizing(before, styles[n], then);
        features = kernels.convolve(ahead, reading, sizes[n + 1]);
        this.#memory.give(reading.scale, reading.shift);
      }
      kernels.give(before);
    }
    const last = kernels.normalize(features, styles.at(-1), { relu: false });
    kernels.give(features);
    const painted = this.planes.make(image.channels, image.height, image.width);
    kernels.leave(last, painted);
    kernels.give(last);
    return painted;
  }
}

/** Of each layer. */
function layerStyles(layers, style) {
  let read = 0;
  const next = (count) => style.subarray(read, (read += count));
  return layers.map(({ channels }) => ({ gamma: next(channels), beta: next(channels) }));
}

/** Left, right, above and below: what a layer reads beyond the border, for a size, of pixels of another. */
function padding(layer, [height, width], [rows, columns]) {
  return [...beyond(layer, width, columns), ...beyond(layer, height, rows)];
}
