/** What is known of the device's processor. */

/** More threads than fast cores make a phone slower. */
const MOST_THREADS = 4;

/** How many threads paint; those of WebAssembly need a page that shares its memory with no other. */
export const threads = () => (crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1);
