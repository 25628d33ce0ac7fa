/** Paints beside the page, which stays responsive: asked and answered by messages, one painting after the other. */

import { Engine } from "../engine/engine.js";
import { Planes } from "../engine/planes.js";
import { inMemory, onArrays } from "./arithmetic.js";
import { described } from "./description.js";
import { finish } from "./finish.js";
import { climb, ladder } from "./ladder.js";
import { Network } from "./network.js";
import { asPlanes, encoded, pixelsOf } from "./photo.js";
import { threads } from "./processor.js";

let network;
/** What computes with what it paints. */
let arithmetic;
let strokes;
/** Whether what is being painted is not wanted any more. */
let unwanted = false;
/** The last painting: a file of another kind is made of it. */
let last = { key: null };

const DO = { load, paint };

addEventListener("message", async ({ data: { kind, ...asked } }) => {
  if (kind === "leave") {
    unwanted = true;
    return;
  }
  try {
    postMessage({ done: await DO[kind](asked) });
  } catch (error) {
    postMessage({ failed: { name: error?.name, message: String(error?.message ?? error) } });
  }
});

/** Answers with what paints; with nothing where the kernels are not for this network. */
async function load({ strokes: ofNetwork, kernels, ...files }) {
  strokes = ofNetwork;
  network = await (files.module ? Network.load(files) : Engine.load({ ...files, kernels, threads: threads() }));
  if (!network) return {};
  const beside = async () => kernels && Planes.load(kernels).catch(() => null); // not every browser has room for both
  const planes = network.planes ?? (await beside());
  arithmetic = planes ? inMemory(planes) : onArrays;
  return { by: network.by };
}

/** A photo painted in a style and a size, as a file. recipe: the text that goes into it. */
async function paint({ photo, size: [height, width], style, manner, type, quality, recipe }) {
  const began = performance.now();
  unwanted = false;
  const key = JSON.stringify([photo.id, height, width, manner, [...style]]);
  if (last.key !== key) {
    const pixels = await pixelsOf(photo, width, height);
    const sizes = ladder([height, width], manner.stroke, strokes);
    const shown = asPlanes(pixels, sizes.at(-1));
    const painted = await climbed((image) => level(image, style), shown, sizes);
    last = { key, pixels: finish(pixels, painted, shown, strokes, manner) };
  }
  const milliseconds = performance.now() - began;
  const file = await encoded(last.pixels, type, quality);
  if (file.type !== type) throw new DOMException(`no ${type} is written here`, "NotSupportedError");
  return { painted: recipe ? await described(file, recipe, last.pixels) : file, milliseconds, by: network.by };
}

/** By JavaScript from then on where the kernels have too little room beside ONNX Runtime. */
async function climbed(...asked) {
  try {
    return await climb(...asked, strokes, arithmetic);
  } catch (error) {
    if (error.name !== "RangeError" || network.planes || arithmetic === onArrays) throw error;
    arithmetic = onArrays;
    return climb(...asked, strokes, arithmetic);
  }
}

/** Between two levels messages are read: what is not wanted any more is not painted on. */
async function level(image, style) {
  await new Promise((resolve) => { setTimeout(resolve); });
  if (unwanted) throw new DOMException("not wanted any more", "AbortError");
  if (network.planes) return network.paint(image, style);
  return arithmetic.hold(await network.paint(arithmetic.read(image), style));
}
