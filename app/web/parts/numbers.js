/** Numbers, kept within bounds and in words. */

/** A number, or the bound that it is beyond. */
export const between = (value, low, high) => Math.min(high, Math.max(low, value));

export const percent = (share) => `${Math.round(share * 100)}\u00a0%`;
