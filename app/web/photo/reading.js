/** A photo as the page keeps it: in memory, so that it stays what it was. */

import { state } from "../recipe/state.js";
import { checkSize, Problem, stylize } from "../service/api.js";

/** Longest sides of drafts: of most, and of those in which strokes are smaller than in a picture of that size. */
export const DRAFT_SIDE = 512;
export const FINER_SIDE = 1024;

/** Read a file; title: what it is called on the page. Rejects with a Problem when neither browser nor service can. */
export async function readPhoto(file, title) {
  checkSize(file, state.limits);
  const blob = new Blob([await file.arrayBuffer()], { type: file.type });
  let shown = blob;
  let bitmap = await createImageBitmap(blob).catch(() => null);
  if (!bitmap || !(await isRead(bitmap, blob, file.name))) {
    bitmap?.close();
    shown = await asTheServiceReadsIt(blob, file.name);
    bitmap = await createImageBitmap(shown);
  }
  const { width, height } = bitmap;
  const least = leastOf(bitmap);
  const draft = await smaller(bitmap, Math.max(DRAFT_SIDE, least));
  bitmap.close();
  let finer;
  const finerDraft = () => (finer ??= reread(shown, Math.max(FINER_SIDE, least)));
  return { name: file.name || "photo", title, blob, shown, draft, finerDraft, width, height, least };
}

/** Whether the browser reads it as whoever paints: this device what the browser does, the service its EXIF by itself. */
async function isRead(bitmap, blob, name) {
  if (state.onDevice || !/exif/i.test(new TextDecoder("latin1").decode(await blob.arrayBuffer()))) return true;
  const { agree } = await import("./agreement.js");
  return agree(bitmap, blob, name, leastOf(bitmap));
}

/** Longest side at which the shortest is just long enough for the service. */
function leastOf({ width, height }) {
  return Math.ceil((state.limits.min_size * Math.max(width, height)) / Math.min(width, height));
}

/** What the browser does not read, or reads otherwise: at strength 0 the service paints the photo itself. */
async function asTheServiceReadsIt(blob, name) {
  if (state.onDevice) {
    const detail = "this browser cannot read the file; the service reads more kinds, where it may paint";
    throw new Problem({ code: "unsupported_format", detail });
  }
  const answer = await stylize(blob, name, [["style", state.styles[0].id], ["strength", "0"], ["format", "png"]]);
  return answer.blob();
}

async function reread(blob, side) {
  const bitmap = await createImageBitmap(blob);
  const read = await smaller(bitmap, side);
  bitmap.close();
  return read;
}

async function smaller(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/webp", 0.9); });
}
