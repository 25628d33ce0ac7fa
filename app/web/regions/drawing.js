/** Areas drawn on a canvas of the picture's shape. */

import { drawn } from "../recipe/masks.js";

/** Rubylith, in which masks have always been cut; no photo has much of it. */
const COLOUR = "#e3126b";

/** Each kind, opaque where it is whole. */
const KINDS = {
  mask(context, mask, { width, height }) {
    context.drawImage(drawn(mask), 0, 0, width, height);
  },
  gradient(context, { from, to }, { width, height }) {
    const ramp = context.createLinearGradient(from[0] * width, from[1] * height, to[0] * width, to[1] * height);
    ramp.addColorStop(0, "transparent");
    ramp.addColorStop(1, COLOUR);
    context.fillStyle = ramp;
    context.fillRect(0, 0, width, height);
  },
  ellipse(context, { center, radii }, { width, height }) {
    context.beginPath();
    context.ellipse(center[0] * width, center[1] * height, radii[0] * width, radii[1] * height, 0, 0, 2 * Math.PI);
    context.fill();
  },
  rectangle(context, { from, to }, { width, height }) {
    context.fillRect(from[0] * width, from[1] * height, (to[0] - from[0]) * width, (to[1] - from[1]) * height);
  },
  polygon(context, points, { width, height }) {
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x * width, y * height);
    context.fill("evenodd"); // as the service draws it
  },
};

export const kindOf = (area) => Object.keys(area)[0];

/** Draw a region's area, with its soft edge where the browser can. */
export function drawRegion(canvas, { area, feather }) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = COLOUR;
  if (feather) context.filter = `blur(${(feather * Math.max(canvas.width, canvas.height)) / 5}px)`;
  drawArea(context, area);
  context.filter = "none";
  paintOver(context);
}

/** Draw what none of the regions covers. */
export function drawRest(canvas, regions) {
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.fillStyle = COLOUR;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-out";
  for (const { area } of regions) drawArea(context, area);
  context.globalCompositeOperation = "source-over";
}

function drawArea(context, area) {
  KINDS[kindOf(area)](context, Object.values(area)[0], context.canvas);
}

/** All that is there in the one colour. */
function paintOver(context) {
  context.globalCompositeOperation = "source-in";
  context.fillStyle = COLOUR;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.globalCompositeOperation = "source-over";
}
