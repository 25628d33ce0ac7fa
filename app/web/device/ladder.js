/** Coarse to fine: strokes as large as the picture asks for. The service's `ladder.py`, which says why. */

import { halfToEven } from "../parts/numbers.js";
import { clamped, combined } from "./planes.js";
import { resample } from "./resample.js";

/** Pixels: below it the network cannot normalize. */
const SMALLEST_SIDE = 32;
/** Sizes within this factor are painted in one pass: nobody sees that strokes are a seventh smaller. */
const CLOSE = 1.15;

/** @returns {[number, number][]} the heights and widths at which a picture is painted, coarse to fine */
export function ladder([height, width], stroke, { canonical, finest }) {
  const size = [height, width];
  const longest = Math.max(height, width);
  if (stroke === "native") return [size];
  const least = (longest * SMALLEST_SIDE) / Math.min(height, width);
  const first = Math.max(Math.min(longest, canonical) / stroke, least);
  const last = Math.max(Math.min(longest, finest), first);
  if (first <= longest && longest <= first * CLOSE) return [size];
  const steps = last > first * CLOSE ? Math.max(1, halfToEven(Math.log2(last / first))) : 0;
  const sides = Array.from({ length: steps }, (_, step) => first * (last / first) ** (step / steps));
  return [...sides, last].map((side) => (side === longest ? size : scaled(size, side / longest)));
}

const scaled = (size, factor) => size.map((side) => Math.max(SMALLEST_SIDE, halfToEven(side * factor)));

/** A photo, planes of the finest size, painted level by level. paint: paints one level. */
export async function climb(paint, photo, sizes, { seen: share, again, fine: fading }) {
  let painted = await paint(clamped(resample(photo, ...sizes[0])));
  for (let level = 1; level < sizes.length; level += 1) {
    const below = sizes[level - 1];
    const size = sizes[level];
    const seen = scaled(below, share);
    const shown = resample(photo, ...size);
    const shownBelow = resample(shown, ...below);
    const known = resample(resample(combined((one, other) => one - other, painted, shownBelow), ...seen), ...size);
    const fine = await paint(clamped(combined((one, other) => one + other, shown, known)));
    const fineBelow = resample(fine, ...below);
    const difference = combined((one, other) => one - other, fineBelow, level === 1 ? shownBelow : painted);
    const added = level === 1 ? again : 1;
    const kept = combined((one, other) => one + added * other, painted, unseen(difference, seen));
    const strength = fading ** level;
    const mixed = (one, other) => one + strength * (other - one);
    const coarse = combined((one, other, third) => one - mixed(other, third), kept, shownBelow, fineBelow);
    const large = enlarged(coarse, size);
    painted = clamped(combined((one, other, third) => mixed(one, other) + third, shown, fine, large));
  }
  return painted;
}

/** Larger planes that, made as small again, are nearly these: bicubic kernels alone lose half of the finest lines. */
function enlarged(image, size) {
  const again = resample(resample(image, ...size), image.height, image.width);
  return resample(combined((one, other) => 2 * one - other, image, again), ...size);
}

/** What is lost of planes when they are as small as what is seen. */
function unseen(image, seen) {
  const again = resample(resample(image, ...seen), image.height, image.width);
  return combined((one, other) => one - other, image, again);
}
