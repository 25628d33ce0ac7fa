/** Numbers, from the bits of float16: a float32 has them further up, and its exponent is 112 more. */
export function fromHalves(halves) {
  const bits = Uint32Array.from(halves, (half) => ((half & 0x8000) << 16) | ((half & 0x7fff) << 13));
  return new Float32Array(bits.buffer).map((value) => value * 2 ** 112);
}
