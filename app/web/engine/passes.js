/** A pass of the network over a picture: what model/network/passes.cpp is told of it. passes.py tells the same on a server. */

import { beyond, places } from "./layers.js";
import { BLOCK } from "./weights.js";

/** Left, right, above and below. */
const UNPADDED = [0, 0, 0, 0];
/** As passes.cpp numbers what computes a convolution. */
const KERNELS = ["winograd", "narrower", "wider", "direct"];

/**
 * @param {import("./layers.js").Layer[]} layers, the addresses of their weights instead of these
 * @param {number[]} size of the picture, height and width
 * @returns {{border: number[], integers: number[]}} how far the first layer reads beyond the picture, and the layers
 */
export function passOf(layers, size) {
  const sizes = layers.map(({ shrink }) => size.map((side) => Math.ceil(side / shrink)));
  const integers = layers.flatMap((layer, n) => {
    const { by, kernel, stride, channels, doubled, adds } = layer;
    const { integers: whole, values, scales = 0, pieces = 0 } = layer.weights;
    const [ahead, afterwards] = layers.slice(n + 1);
    const measured = by === "winograd" && channels % BLOCK === 0;
    return [
      ...[KERNELS.indexOf(by), whole ?? values, scales, kernel, stride, pieces],
      ...[...sizes[n].map((side) => places(layer, side)), channels * (doubled ? 4 : 1)],
      ...[...sizes[n], channels, doubled, measured, afterwards?.adds ?? false, adds],
      ...[...(ahead ? padding(ahead, sizes[n + 1], sizes[n]) : UNPADDED), ahead?.replicate ?? false],
    ];
  });
  return { border: padding(layers[0], sizes[0], size), integers };
}

/** What a layer reads beyond the border, for a size, of pixels of another. */
function padding(layer, [height, width], [rows, columns]) {
  return [...beyond(layer, width, columns), ...beyond(layer, height, rows)];
}
