/** Files given to the user. */

import { element } from "./dom.js";

export const SUFFIXES = { jpeg: "jpg", png: "png", webp: "webp" };

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Copy a text; where the browser keeps the clipboard to secure pages, select it in the element instead. */
export async function copy(text, target) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (target) getSelection().selectAllChildren(target);
    return false;
  }
}

export const stem = (name) => name.replace(/\.[^.]*$/, "");
