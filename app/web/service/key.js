/** The key with which the service is asked, where it wants one: kept for this tab, and gone with it. */

import { byId, showText } from "../parts/dom.js";

const KEPT = "impasto-key";
const dialog = byId("key");
const form = byId("key-form");

/** Where the browser stores nothing for pages, the key lasts until the page is loaded anew. */
let key = kept();
/** Resolves for everyone who waits when the dialog is closed. */
let asking = null;

export const currentKey = () => key;

/** Headers with the key, if there is one. */
export function withKey(headers, using) {
  return using ? { ...headers, Authorization: `Bearer ${using}` } : headers;
}

/** Ask for another key than the one that was refused, and why; resolves to whether there is one. */
export async function anotherKey(refused, reason) {
  if (key === refused) await (asking ??= ask(refused ? reason : ""));
  return key !== refused;
}

function ask(fault) {
  showText(byId("key-error"), fault);
  form.reset();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      asking = null;
      resolve();
    }, { once: true });
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = form.elements.key.value.trim();
  if (!given) return showText(byId("key-error"), "Give it a key, or close this.");
  key = given;
  try {
    sessionStorage.setItem(KEPT, key);
  } catch {}
  dialog.close();
});

function kept() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
