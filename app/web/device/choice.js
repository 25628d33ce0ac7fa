/** Whether to paint on this device, from one visit to the next; a browser that stores nothing for pages does without. */

const KEPT = "impasto-on-device";

export function keep(on) {
  try {
    if (on) localStorage.setItem(KEPT, "yes");
    else localStorage.removeItem(KEPT);
  } catch {}
}

export function kept() {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}
