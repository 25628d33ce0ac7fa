/** What is known of the device's processor. */

/** More threads than fast cores make a phone slower. */
const MOST_THREADS = 4;

/** How many threads paint: more than one only where the page may share memory with its workers. */
export const threads = () => (crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1);
