/** The network's convolutions as they are computed: model/network/fast_network.py has the same, for any window. */

import { BLOCK, PICTURE, cornerWeights, forNarrower, forWider, inOrder, quantized, twoByTwo } from "./weights.js";

/**
 * A convolution and its normalization.
 *
 * by: the kernel that computes it; weights: as it takes them. kernel, stride: of the convolution. shrink: how many of
 * the photo's pixels one of its own is high and wide. doubled: it is computed at corners, and yields the four pixels
 * around each. channels: of a pixel. adds: a residual block ends here. replicate: beyond its input's border stand the
 * pixels of the edge, not mirrored.
 *
 * @typedef {{by: string, weights: object, kernel: number, stride: number, shrink: number, doubled: boolean,
 *   channels: number, adds: boolean, replicate: boolean}} Layer
 */

/**
 * @param {Map<string, import("./file.js").Weight>} weights of a network, by their names
 * @returns {?Layer[]} null: there are no kernels for one of them
 */
export function layersOf(weights) {
  const names = [...weights.keys()];
  const full = names.filter((name) => name.startsWith("encoder")).length === 3;
  let shrink = 1;
  const layers = [...weights].map(([name, weight]) => {
    const [channels, read, kernel] = weight.shape;
    const adds = /^residual.*second/.test(name);
    const layer = { channels, kernel, stride: 1, doubled: false, adds, replicate: false };
    if (name.startsWith("encoder") && !(full && read === PICTURE)) {
      shrink *= 2;
      layer.stride = 2;
    }
    if (!name.startsWith("decoder")) return withKernel({ ...layer, shrink }, weight);
    if (full && name === names.at(-1)) return toPicture({ ...layer, shrink }, weight);
    shrink /= 2;
    const corners = cornerWeights(weight);
    return withKernel({ ...layer, shrink, kernel: corners.shape[2], doubled: true, replicate: true }, corners);
  });
  return layers.every(Boolean) ? layers : null;
}

function withKernel(layer, weight) {
  const [written, read, size] = weight.shape;
  const { stride } = layer;
  const wide = written % BLOCK === 0;
  if (read === PICTURE && wide) {
    if (stride === 2) return { ...layer, by: "direct", weights: inOrder(weight) };
    return [7, 9].includes(size) ? { ...layer, by: "wider", weights: forWider(weight) } : null;
  }
  const between = wide && ["3 1", "2 1", "3 2"].includes(`${size} ${stride}`);
  const there = between || (written < BLOCK && size === 4 && stride === 1);
  if (!there || read % BLOCK) return null;
  return { ...layer, by: "winograd", weights: quantized(stride === 2 ? twoByTwo(weight) : weight) };
}

/** A convolution to a picture, which moves by two pixels, with one more weight in each direction. */
function toPicture(layer, weight) {
  const [written, read, size] = weight.shape;
  if (written !== PICTURE || read % BLOCK || ![5, 7, 9].includes(size)) return null;
  return { ...layer, by: "narrower", weights: forNarrower(weight), kernel: size + 1, stride: 2, doubled: true };
}

/** How many places a layer's convolution is computed at, for so many pixels of what it yields. */
export const places = ({ doubled }, yields) => (doubled ? Math.floor(yields / 2) + 1 : yields);

/** How far a layer reads beyond the border of what it reads, `size` pixels, in front and behind. */
export function beyond(layer, yields, size) {
  const { kernel, stride } = layer;
  const front = Math.floor(kernel / 2);
  return [front, Math.max(0, (places(layer, yields) - 1) * stride + kernel - front - size)];
}
