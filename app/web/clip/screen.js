/** Where a clip is seen, in the place of the photo: a frame while it is painted, and then all of it. */

import { byId, element } from "../parts/dom.js";
import { request } from "../service/api.js";
import { currentKey } from "../service/key.js";

/** What a picture shows; all else is a film. */
const PICTURES = ["gif", "webp", "png", "avif"];

const screen = byId("screen");
const toggle = byId("clip-show");
/** Address of what is kept in memory for it. */
let own = null;

toggle.addEventListener("click", () => showScreen(screen.hidden));

/** Show the clip, or the photo again. */
export function showScreen(wanted) {
  screen.hidden = !wanted || !screen.firstChild;
  toggle.setAttribute("aria-pressed", String(!screen.hidden));
  if (screen.hidden) screen.querySelector("video")?.pause();
}

/** Show a frame that is painted. */
export async function showPreview(address, alt) {
  const blob = await (await request(`.${address}`)).blob();
  put(element("img", { alt }), own = URL.createObjectURL(blob));
}

/**
 * Play what is painted, from an address of the service; its address for a download. The browser asks for the parts that
 * it plays; where there is to be a key, which it would not send, for all of it before.
 */
export async function play(address, format, alt) {
  const keyed = currentKey() !== null;
  const source = keyed ? URL.createObjectURL(await (await request(address)).blob()) : address;
  const film = { controls: true, loop: true, playsInline: true, "aria-label": alt };
  put(PICTURES.includes(format) ? element("img", { alt }) : element("video", film), source);
  own = keyed ? source : null;
  return source;
}

/** Nothing is shown any more. */
export function clearScreen() {
  put();
  showScreen(false);
}

function put(shown, source) {
  const former = own;
  screen.replaceChildren(...(shown ? [shown] : []));
  toggle.hidden = !shown;
  if (shown) shown.src = source;
  if (former && former !== source) URL.revokeObjectURL(former);
}
