/** Numbers, kept within bounds and in words. */

/** A number, or the bound that it is beyond. */
export const between = (value, low, high) => Math.min(high, Math.max(low, value));

/** Rounded as the service rounds: a half to the even number. */
export const halfToEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

export const percent = (share) => `${Math.round(share * 100)}\u00a0%`;
