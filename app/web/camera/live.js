/** What a camera sees, painted: one frame after the other, always the newest; those in between are dropped. */

import { pause } from "../parts/waiting.js";
import { fields, masks, RECIPE } from "../recipe/recipe.js";
import { paintedHere, state, styleOf, watch } from "../recipe/state.js";
import { stylize } from "../service/api.js";
import { unlessAborted } from "../service/connection.js";
import { Pace, sidesBetween } from "./pace.js";

/** Longest side of frames that nobody paints. */
const UNPAINTED = 1024;
const SECOND = 1000;

/** How often something else was chosen. */
let choices = 0;
/** Resolves a wait for another choice. */
let chosenAnew = () => {};

watch([...RECIPE, "onDevice"], () => {
  choices += 1;
  chosenAnew();
});

/**
 * Paint until the signal is aborted, or the camera gone: rejects with the reason.
 *
 * show: called with a frame and what was painted of it, or the frame's own blob where nothing is chosen; resolves when
 * it is seen. tell: called with how it goes, in words. fail: called with the error of a choice that cannot be painted.
 */
export async function paintLive(camera, { show, tell, fail }, signal) {
  let pace;
  let paint; // what paints now: another has a pace of its own
  let shown = 0;
  let since = performance.now();
  let frameOnly; // aborts one frame: who listened for that is forgotten with it
  signal.addEventListener("abort", () => frameOnly?.abort(signal.reason), { once: true });
  for (;;) {
    await camera.fresh();
    frameOnly = new AbortController();
    if (paint !== painter()) {
      paint = painter();
      pace = new Pace(sidesOf(camera));
    }
    const began = performance.now();
    const choice = choices;
    const mirrored = camera.mirrors && !state.regions.length; // which lie in the photo as it will be
    const frame = await camera.frame({ side: paint ? pace.side : UNPAINTED, mirrored });
    try {
      const painted = paint ? await paint(frame, frameOnly.signal) : frame.blob;
      signal.throwIfAborted();
      await show(frame, painted);
    } catch (error) {
      signal.throwIfAborted();
      if (error.retryAfter) {
        pace.refused();
        tell(`The service has much to do; the next frame in ${error.retryAfter} s.`);
        await pause(error.retryAfter * SECOND, signal);
      } else if (choice === choices) { // else it may be of what is not chosen any more
        fail(error);
        await unlessAborted(new Promise((resolve) => { chosenAnew = resolve; }), signal);
      }
      continue;
    }
    const now = performance.now();
    if (paint) pace.took(now - began);
    shown += 1;
    if (now - since < SECOND) continue;
    tell(howItGoes(frame, Math.round((shown * SECOND) / (now - since))));
    shown = 0;
    since = now;
  }
}

/** What paints the present choice; null where there is none, and nothing is sent. */
function painter() {
  if (!fields().length) return null;
  return paintedHere() ? paintHere : paintThere;
}

async function paintThere({ blob }, signal) {
  const list = fields().filter(([name]) => name !== "size" && name !== "network");
  const asked = [...list, ...smallNetwork(), ["quality", "80"], ...(await masks())];
  const headers = { Accept: "image/jpeg", "Cache-Control": "no-store" }; // no frame comes twice
  return (await stylize(blob, "frame", asked, { signal, patient: false, headers })).blob();
}

/** Frames are the small network's, where it can paint all that is chosen: while they move, nobody sees a difference. */
function smallNetwork() {
  const chosen = [state.rest, ...state.regions].flatMap((look) => look.chosen);
  const can = state.info.small_network_id && chosen.every((id) => styleOf(id)?.networks.includes("small"));
  return can ? [["network", "small"]] : [];
}

async function paintHere({ blob, width, height }, signal) {
  const { paint } = await import("../device/device.js");
  const file = { type: "image/jpeg", quality: 0.8 };
  const job = { photo: { shown: blob }, look: state.rest, size: { width, height }, ...file };
  return (await paint(job, { signal })).painted;
}

function sidesOf({ size: { width, height } }) {
  const { min_size: least, max_size: most } = state.limits;
  const longest = Math.max(width, height);
  return sidesBetween(Math.ceil((least * longest) / Math.min(width, height)), Math.min(longest, most ?? Infinity));
}

function howItGoes({ width, height }, rate) {
  const where = paintedHere() ? " on this device" : "";
  return `${width} × ${height}${where}, ${rate} ${rate === 1 ? "frame" : "frames"} a second`;
}
