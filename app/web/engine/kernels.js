/** The kernels, called: what model/network/kernels.py does on a server, for one picture in one style. */

import { places } from "./layers.js";
import { BLOCK, PICTURE } from "./weights.js";

const [FLOAT, DOUBLE] = [4, 8];
const UNPADDED = [0, 0, 0, 0];
/** What is taken from a photo; fast_network.py says why. */
const GREY = 0.5;

/**
 * Pixels in memory, channels-last.
 *
 * at: address of the first. height, width: of the picture; rows, columns: of what lies there, pixels, or corners with
 * the four around each if they are doubled; row: how many numbers one lies behind the one before. measured: address of
 * their means and variances, 0 if these are not known.
 *
 * @typedef {{at: number, height: number, width: number, rows: number, columns: number, row: number, channels: number,
 *   doubled: boolean, measured: number}} Features
 *
 * What a convolution reads of features: with which padding, left, right, above and below, and normalized by what is
 * multiplied and then added to each channel, addresses, or as they are.
 *
 * @typedef {{features: Features, padding: number[], replicate: boolean, scale: number, shift: number}} Reading
 */

export class Kernels {
  #call;
  #memory;

  constructor(exports, memory) {
    this.#call = exports;
    this.#memory = memory;
  }

  give({ at, measured }) {
    this.#memory.give(at, measured);
  }

  /** Memory for a picture's pixels, or for corners between them. */
  features(height, width, channels, { doubled = false } = {}) {
    const [rows, columns] = [height, width].map((side) => places({ doubled }, side));
    const row = columns * channels * (doubled ? 4 : 1);
    const at = this.#memory.take(rows * row * FLOAT);
    return { at, height, width, rows, columns, row, channels, doubled, measured: 0 };
  }

  /** @returns {Features} of a photo's planes, mirrored around it */
  enter({ at, channels, height, width }, padding) {
    const [left, right, above, below] = padding;
    const out = this.features(above + height + below, left + width + right, channels);
    this.#call.as_pixels(at, 1n, BigInt(height), BigInt(width), this.#memory.passIntegers(padding), GREY, out.at);
    this.#memory.called();
    return out;
  }

  /** A painting's planes, of what the last normalization leaves. */
  leave({ at, height, width }, out) {
    this.#call.leave(at, BigInt(height), BigInt(width), out.at);
  }

  /** @returns {Features} of a layer, from a Reading. size: height and width */
  convolve(layer, reading, [height, width]) {
    const out = this.features(height, width, layer.channels, layer);
    const pixel = out.row / out.columns;
    const layout = this.#memory.passIntegers([1, out.rows, out.columns, out.rows * out.row, out.row, pixel]);
    this[layer.by](layer, reading, out, layout);
    this.#memory.called();
    return out;
  }

  winograd({ weights, kernel, stride, channels }, reading, out, layout) {
    if (channels % BLOCK === 0) out.measured = this.#memory.take(2 * channels * DOUBLE);
    const { measured, height, width, doubled } = out;
    const sizes = [BigInt(kernel), BigInt(stride)];
    const given = [...this.#reading(reading), weights.integers, weights.scales, ...sizes];
    checked(this.#call.convolve_winograd(...given, out.at, layout, measured, BigInt(height), BigInt(width), doubled));
  }

  narrower({ weights }, reading, out, layout) {
    const given = [...this.#reading(reading), weights.values, BigInt(weights.pieces)];
    checked(this.#call.convolve_narrower(...given, out.at, layout));
  }

  wider({ weights }, { features }, out, layout) {
    const given = [features.at, this.#picture(features), 1n, weights.values, BigInt(weights.pieces)];
    this.#call.convolve_wider(...given, out.at, layout);
  }

  direct({ weights, kernel }, { features }, out, layout) {
    this.#call.convolve_direct(features.at, this.#picture(features), weights.values, BigInt(kernel), out.at, layout);
  }

  #picture({ height, width, row }) {
    return this.#memory.passIntegers([1, height, width, height * row, row, PICTURE]);
  }

  #reading({ features, padding, replicate, scale, shift }) {
    const { at, height, width, rows, row, channels, doubled } = features;
    const layout = [1, height, width, rows * row, row, channels, doubled, 0, 0, ...padding, replicate];
    return [at, this.#memory.passIntegers(layout), scale, shift];
  }

  /** @returns {Reading} of features as they are */
  whole(features) {
    return { features, padding: UNPADDED, replicate: false, scale: 0, shift: 0 };
  }

  /** @returns {Reading} of features as a normalization and ReLU leave them; its scale and shift are to be given back */
  normalizing(features, { gamma, beta }, { padding, replicate }) {
    const memory = this.#memory;
    const [scale, shift] = [memory.take(gamma.byteLength), memory.take(beta.byteLength)];
    const style = [memory.pass(gamma), memory.pass(beta)];
    checked(this.#call.find_scale(...this.#batch(features), ...style, features.measured, scale, shift));
    memory.called();
    return { features, padding, replicate, scale, shift };
  }

  /** @returns {Features} normalized, with padding; residual: is added, else comes ReLU, if `relu` */
  normalize(features, { gamma, beta }, { padding = UNPADDED, replicate = false, residual = null, relu = true } = {}) {
    const memory = this.#memory;
    const [left, right, above, below] = padding;
    const { height, width, channels, measured } = features;
    const out = this.features(above + height + below, left + width + right, channels);
    const style = [memory.pass(gamma), memory.pass(beta), 1n, 0, measured];
    const skipped = residual ?? features;
    const other = [residual?.at ?? 0, this.#layout(skipped)];
    const then = [out.at, relu, memory.passIntegers(padding), replicate];
    checked(this.#call.normalize_stored(...this.#batch(features), ...style, ...other, ...then));
    memory.called();
    return out;
  }

  #batch(features) {
    return [features.at, this.#layout(features), BigInt(features.channels), features.doubled];
  }

  #layout({ height, width, rows, row }) {
    return this.#memory.passIntegers([1, height, width, rows * row, row, 0, 0]);
  }
}

function checked(unknown) {
  if (unknown) throw new UnknownWidth("there are no kernels for the network's channels");
}

export class UnknownWidth extends Error {}

/** Features without the pixels around them, where they lie. */
export function inner(features, [left, right, above, below]) {
  const { at, row, channels, height, width } = features;
  const first = at + (above * row + left * channels) * FLOAT;
  return { ...features, at: first, height: height - above - below, width: width - left - right };
}
