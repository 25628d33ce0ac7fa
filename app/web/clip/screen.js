/** Where a clip is seen, in the place of the photo: a frame while it is painted, and then all of it. */

import { byId, element } from "../parts/dom.js";
import { request } from "../service/api.js";
import { currentKey } from "../service/key.js";

/** What a picture shows; all else is a film. */
const PICTURES = ["gif", "webp", "png", "avif"];
const UNPLAYED = "This browser does not play it. Download it, or paint it in another format.";

const screen = byId("screen");
const toggle = byId("clip-show");
/** The address of what is in memory for it. */
let own = "";

toggle.addEventListener("click", () => showScreen(screen.hidden));

/** Show the clip, or the photo again. */
export function showScreen(wanted) {
  screen.hidden = !wanted || toggle.hidden;
  toggle.textContent = `Show the ${screen.hidden ? "clip" : "photo"}`;
  if (screen.hidden) screen.querySelector("video")?.pause();
}

/** Have a frame that is painted on it. */
export async function putFrame(address, alt, signal) {
  const blob = await (await request(`.${address}`, { patient: false, signal })).blob();
  put(element("img", { alt }), URL.createObjectURL(blob));
}

/**
 * Have all of a clip on it, as an answer of the service; resolves to the address of the file.
 *
 * The browser asks for the parts that it plays. It would do so without a key: where there is one, all of it is fetched.
 */
export async function putClip(address, format, alt) {
  const keyed = currentKey() !== null;
  const first = { headers: { Range: "bytes=0-0" }, cache: "no-store" }; // which says whether it is there
  const answer = await request(address, keyed ? {} : first);
  const source = keyed ? URL.createObjectURL(await answer.blob()) : address;
  const film = { controls: true, loop: true, playsInline: true, "aria-label": alt };
  put(PICTURES.includes(format) ? element("img", { alt }) : element("video", film), source);
  return source;
}

/** Nothing is on it any more. */
export function clearScreen() {
  put();
  showScreen(false);
}

function put(shown, source = "") {
  const unplayed = () => screen.replaceChildren(element("p", { className: "hint", textContent: UNPLAYED }));
  shown?.addEventListener("error", unplayed, { once: true });
  if (shown) shown.src = source;
  screen.replaceChildren(...(shown ? [shown] : []));
  toggle.hidden = !shown;
  URL.revokeObjectURL(own);
  own = source;
}
