/** A number, or the bound that it is beyond. */
export const between = (value, low, high) => Math.min(high, Math.max(low, value));
