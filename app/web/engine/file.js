/** A network's weights, read from its ONNX file: of protocol buffers what these need. */

import { fromHalves } from "./halves.js";

/** Fields, by their numbers: a model's graph, its constants, and of these the shape, the name and the values. */
const GRAPH = 7;
const CONSTANT = 5;
const [DIMENSIONS, NAME, VALUES] = [1, 8, 9];

const FLOAT16 = ".float16";

/**
 * @typedef {{shape: number[], values: Float32Array}} Weight of a convolution: channels written and read, rows, columns
 *
 * @returns {Map<string, Weight>} by the names of the network's parameters, in its order
 */
export function weightsIn(file) {
  const found = new Map();
  for (const [, constant] of fields(first(file, GRAPH)).filter(([number]) => number === CONSTANT)) {
    const name = new TextDecoder().decode(first(constant, NAME));
    if (!name.endsWith(FLOAT16)) continue;
    const halves = new Uint16Array(first(constant, VALUES).slice().buffer);
    found.set(name.slice(0, -FLOAT16.length), { shape: dimensions(constant), values: fromHalves(halves) });
  }
  return found;
}

function dimensions(constant) {
  const given = fields(constant).filter(([number]) => number === DIMENSIONS).map(([, value]) => value);
  return given.flatMap((value) => typeof value === "number" ? value : packed(value));
}

function packed(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const [value, next] = varint(bytes, at);
    found.push(value);
    at = next;
  }
  return found;
}

const first = (message, wanted) => fields(message).find(([number]) => number === wanted)[1];

/** A message's fields with their numbers: numbers, or bytes. */
function fields(message) {
  const found = [];
  for (let at = 0; at < message.length;) {
    const [key, from] = varint(message, at);
    const [size, next] = varint(message, from);
    const isBytes = key % 8 === 2;
    found.push([key >>> 3, isBytes ? message.subarray(next, next + size) : size]);
    at = isBytes ? next + size : next;
  }
  return found;
}

/** A number that takes as many bytes as it needs, and where it ends. */
function varint(bytes, at) {
  let value = 0;
  for (let scale = 1; ; scale *= 128, at += 1) {
    if (at >= bytes.length) throw new RangeError("the network's file is cut short");
    value += (bytes[at] & 127) * scale;
    if (bytes[at] < 128) return [value, at + 1];
  }
}
