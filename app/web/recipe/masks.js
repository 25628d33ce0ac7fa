/**
 * Painted masks. A mask is what was done to it, and is never changed, so that each former one can be had back.
 *
 * @typedef {{erases: boolean, size: number, aspect: number, points: [number, number][]}} Stroke
 *   size: diameter as a share of the picture's longer side; aspect: the picture's width by its height; points: shares
 *   of its width and height
 * @typedef {{strokes: Stroke[], file: ?Blob, picture: ?ImageBitmap, sheet: object}} Mask
 *   file, picture: what it began with; sheet: what is drawn so far, common to all that a mask became
 */

import { state } from "./state.js";

/** Longest side in pixels of what is sent. */
const LONGEST = 1024;

/** @returns {Mask} */
export const emptyMask = () => ({ strokes: [], file: null, picture: null, sheet: { strokes: [] } });

/** Read a mask from a picture's file. Rejects when it is none. */
export async function readMask(file) {
  return { ...emptyMask(), file, picture: await asOpacity(await createImageBitmap(file)) };
}

/** The mask on a canvas as large as it is sent: white where it is, transparent elsewhere; to be drawn, not kept. */
export function drawn({ strokes, picture, sheet }) {
  const { width, height } = sizeOnSheet(state.photo);
  const former = sheet.strokes.length - 1;
  const isThere = (stroke, place) => stroke === strokes[place] || (place === former && grew(stroke, strokes[place]));
  const goesOn =
    sheet.canvas?.width === width &&
    sheet.canvas.height === height &&
    sheet.strokes.length <= strokes.length &&
    sheet.strokes.every(isThere);
  if (!goesOn) {
    sheet.canvas = canvasOf(width, height);
    if (picture) sheet.canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  }
  const context = sheet.canvas.getContext("2d");
  for (const stroke of goesOn ? strokes.slice(Math.max(0, former)) : strokes) drawStroke(context, stroke);
  sheet.strokes = strokes;
  return sheet.canvas;
}

/** Whether a stroke is one that was there, painted on since. */
const grew = (stroke, now) => stroke.points.every((point, place) => point === now.points[place]);

const encoded = new WeakMap();

/** The mask as a file for the service, white on black: that it began with, or a PNG. @returns {Promise<Blob>} */
export function png(mask) {
  if (mask.file && !mask.strokes.length) return mask.file;
  if (!encoded.has(mask)) encoded.set(mask, encode(drawn(mask)));
  return encoded.get(mask);
}

function encode(sheet) {
  const canvas = canvasOf(sheet.width, sheet.height);
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(sheet, 0, 0);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

/** Of a picture, on a canvas that is as large as masks are. */
export function sizeOnSheet({ width, height }) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  return Object.assign(canvas, { width, height });
}

/** In units of the longer side of the picture that it was painted on: on another, it is stretched as the mask is. */
function drawStroke(context, { erases, size, aspect, points }) {
  const [wide, high] = [Math.min(1, aspect), Math.min(1, 1 / aspect)];
  const places = points.map(([x, y]) => [x * wide, y * high]);
  context.save();
  context.globalCompositeOperation = erases ? "destination-out" : "source-over";
  context.scale(context.canvas.width / wide, context.canvas.height / high);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = size;
  context.strokeStyle = context.fillStyle = "#fff";
  context.beginPath();
  context.arc(...places[0], size / 2, 0, 2 * Math.PI); // of a single point, browsers draw no line
  context.fill();
  context.beginPath();
  for (const place of places) context.lineTo(...place);
  context.stroke();
  context.restore();
}

/** A picture with its brightness as its opacity. */
async function asOpacity(picture) {
  const { width, height } = sizeOnSheet(picture);
  const context = canvasOf(width, height).getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  const pixels = context.getImageData(0, 0, width, height);
  const { data } = pixels;
  for (let at = 0; at < data.length; at += 4) {
    const bright = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
    data[at + 3] = Math.round((bright * data[at + 3]) / 255);
    data[at] = data[at + 1] = data[at + 2] = 255;
  }
  return createImageBitmap(pixels);
}
