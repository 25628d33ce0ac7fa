/** Coarse to fine: strokes as large as the picture asks for. The service's `ladder.py`, which says why. */

import { halfToEven } from "../parts/numbers.js";

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

/**
 * A photo, planes of the finest size, painted level by level. paint: paints one level. by: what computes with planes, of
 * arithmetic.js.
 */
export function climb(paint, photo, sizes, strokes, by) {
  return by.tidy(async () => {
    const whole = by.hold(photo);
    let painted = await paint(by.bounded([1, by.resample(whole, ...sizes[0])]));
    for (let level = 1; level < sizes.length; level += 1) {
      const below = painted;
      painted = await by.tidy(() => finer(paint, whole, below, { size: sizes[level], level, strokes, by }));
    }
    return by.read(painted);
  });
}

/** The next level: the painting of the one below, in another size, with finer strokes. */
async function finer(paint, photo, painted, { size, level, strokes: { seen: share, again, fine: fading }, by }) {
  const below = [painted.height, painted.width];
  const seen = scaled(below, share);
  const shown = by.resample(photo, ...size);
  const shownBelow = by.resample(shown, ...below);
  const given = await by.tidy(async () => {
    const known = by.resample(by.resample(by.sum([1, painted], [-1, shownBelow]), ...seen), ...size);
    return by.bounded([1, shown], [1, known]);
  });
  const fine = await paint(given);
  const strength = fading ** level;
  const large = await by.tidy(async () => {
    const fineBelow = by.resample(fine, ...below);
    const difference = by.sum([1, fineBelow], [-1, level === 1 ? shownBelow : painted]);
    const kept = by.sum([1, painted], [level === 1 ? again : 1, unseen(difference, seen, by)]);
    const coarse = by.sum([1, kept], [strength - 1, shownBelow], [-strength, fineBelow]);
    return enlarged(coarse, size, by);
  });
  return by.bounded([1 - strength, shown], [strength, fine], [1, large]);
}

/** Larger planes that, made as small again, are nearly these: bicubic kernels alone lose half of the finest lines. */
function enlarged(image, size, by) {
  const again = by.resample(by.resample(image, ...size), image.height, image.width);
  return by.resample(by.sum([2, image], [-1, again]), ...size);
}

/** What is lost of planes when they are as small as what is seen. */
function unseen(image, seen, by) {
  const again = by.resample(by.resample(image, ...seen), image.height, image.width);
  return by.sum([1, image], [-1, again]);
}
