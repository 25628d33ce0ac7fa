/** The clip that is painted, for when the page is loaded anew; a browser that stores nothing for pages does without. */

const KEPT = "impasto-clip";

/** clip: its job, and what the page knows of it; null: there is none any more. */
export function keep(clip) {
  try {
    if (clip) localStorage.setItem(KEPT, JSON.stringify(clip));
    else localStorage.removeItem(KEPT);
  } catch {}
}

export function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}
