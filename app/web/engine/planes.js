/**
 * Planes in the kernels' memory, {at, channels, height, width}, and what is made of them there: at is the address of the
 * first.
 */

import { Memory } from "./memory.js";
import { startThreads } from "./threads.js";

const FLOAT = 4;
const NONE = [0, { at: 0 }];

export class Planes {
  #call;
  #memory;
  #taken = new Set();

  constructor(exports, memory) {
    this.#call = exports;
    this.#memory = memory;
  }

  /** Without a network that paints them, in the caller's own thread. kernels: their bytes. */
  static async load(kernels) {
    const { exports, memory } = await startThreads(kernels, 1);
    return new Planes(exports, new Memory(memory, exports));
  }

  /** Planes of which nothing is known. */
  make(channels, height, width) {
    const at = this.#memory.take(channels * height * width * FLOAT);
    return this.own({ at, channels, height, width });
  }

  /** Planes that somebody has made in this memory, which are given back as all others. */
  own(planes) {
    this.#taken.add(planes.at);
    return planes;
  }

  /** A copy of those of an array, {data, channels, height, width}. */
  hold({ data, channels, height, width }) {
    const made = this.make(channels, height, width);
    this.#memory.view(Float32Array, made.at, data.length).set(data);
    return made;
  }

  /** A copy as an array. */
  read({ at, channels, height, width }) {
    const data = this.#memory.view(Float32Array, at, channels * height * width).slice();
    return { data, channels, height, width };
  }

  /** What some work resolves to, and if that is planes, they; all others that were made for it are given back. */
  async tidy(work) {
    const others = this.#taken;
    const own = (this.#taken = new Set());
    let made;
    try {
      made = await work();
      return made;
    } finally {
      this.#taken = others;
      if (own.delete(made?.at)) others.add(made.at);
      this.#memory.give(...own);
    }
  }

  /**
   * In another size. rows, columns: which of the image's each one is made of, and with which weights, as
   * {firsts, count, weights}; without them there are as many as before.
   */
  resample(image, height, width, { rows, columns }) {
    const { channels } = image;
    const lines = columns ? this.make(channels, image.height, width) : image;
    if (columns) {
      const sizes = [channels * image.height, image.width].map(BigInt);
      this.#call.resample_rows(image.at, ...sizes, ...this.#passed(columns), BigInt(width), lines.at);
    }
    const made = rows ? this.make(channels, height, width) : lines;
    if (rows) {
      const sizes = [channels, image.height, width].map(BigInt);
      this.#call.resample_columns(lines.at, ...sizes, ...this.#passed(rows), BigInt(height), 1, 0, 0, 0, 0, false, made.at);
    }
    this.#memory.called();
    if (lines !== image && lines !== made) this.#give(lines);
    return made;
  }

  #give({ at }) {
    this.#taken.delete(at);
    this.#memory.give(at);
  }

  #passed({ firsts, count, weights }) {
    return [this.#memory.pass(firsts), this.#memory.pass(Float32Array.from(weights)), BigInt(count)];
  }

  /** Weighted planes of one size, [weight, planes] each and three at the most, added. */
  sum(...terms) {
    return this.#added(terms, false);
  }

  /** The same, from 0 to 1. */
  bounded(...terms) {
    return this.#added(terms, true);
  }

  #added(terms, bounded) {
    const [[, image]] = terms;
    const { channels, height, width } = image;
    const made = this.make(channels, height, width);
    const all = [...terms, NONE, NONE].slice(0, 3).flatMap(([weight, { at }]) => [at, weight]);
    this.#call.add(BigInt(channels * height * width), ...all, bounded, made.at);
    return made;
  }
}
