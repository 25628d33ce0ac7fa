/** The brush, by pointer and by key: what it passes over becomes the region, or with the eraser stops being it. */

import { reveal } from "../easel/viewer.js";
import { byId } from "../parts/dom.js";
import { between } from "../parts/numbers.js";
import { arrow, placeIn } from "../parts/pointer.js";
import { say } from "../parts/status.js";
import { activeRegion, change, state, withActive } from "../recipe/state.js";

const viewport = byId("viewport");
const canvas = byId("canvas");
const tip = byId("tip");
const eraser = byId("erase");

/** Diameter as a share of the picture's longer side. */
let size;
/** The mask before the stroke that is painted now, and that stroke; null: none is. */
let former = null;
let stroke = null;
/** Where the brush is by key, 0 to 1, and whether it paints there. */
let place = { x: 0.5, y: 0.5 };
let down = false;

export const brush = { begin, move, end, cancel, press };

export function startBrush() {
  eraser.addEventListener("click", () => {
    eraser.setAttribute("aria-pressed", String(eraser.getAttribute("aria-pressed") === "false"));
  });
  viewport.addEventListener("pointermove", (event) => {
    if (isOn()) showTip(placeIn(canvas, event));
  });
  viewport.addEventListener("pointerleave", () => showTip(null));
  viewport.addEventListener("focus", () => showTip(isOn() && viewport.matches(":focus-visible") ? place : null));
  viewport.addEventListener("blur", () => {
    if (down) lift();
    showTip(null);
  });
}

/** Diameter as a share of the picture's longer side. */
export function setSize(wanted) {
  size = wanted;
}

const isOn = () => Boolean(activeRegion()?.area.mask);

function begin(at) {
  if (down) lift();
  former = activeRegion().area.mask;
  const { width, height } = state.photo;
  stroke = { erases: eraser.getAttribute("aria-pressed") === "true", size, aspect: width / height, points: [] };
  move([at]);
}

function move(places) {
  place = places.at(-1);
  stroke = { ...stroke, points: [...stroke.points, ...places.map(({ x, y }) => [x, y])] };
  paint({ moving: true });
}

function end() {
  paint();
  former = stroke = null;
}

/** Take back the stroke that was begun. */
function cancel() {
  change({ regions: withActive({ area: { mask: former } }) }, { moving: true });
  former = stroke = null;
}

function paint(how) {
  const mask = { ...former, strokes: [...former.strokes, stroke] };
  change({ regions: withActive({ area: { mask } }) }, how);
}

/** A step is a hundredth of the picture, ten with Shift. */
function press(event) {
  const direction = arrow(event);
  if (direction) {
    const moved = (value, steps) => between(value + steps / 100, 0, 1);
    place = { x: moved(place.x, direction[0]), y: moved(place.y, direction[1]) };
    reveal(place);
    showTip(place);
    if (down) move([place]);
    say(`${inWords(place)}${down ? ", painting" : ""}`);
  } else if ((event.key === " " || event.key === "Enter") && !event.repeat) {
    if (down) lift();
    else {
      begin(place);
      down = true;
      say(`The brush is down at ${inWords(place)}.`);
    }
  } else if (event.key !== "Escape" || !down) {
    return false;
  } else {
    lift();
  }
  return true;
}

function lift() {
  down = false;
  end();
  say("The brush is lifted.");
}

const inWords = ({ x, y }) => `${Math.round(x * 100)} % across, ${Math.round(y * 100)} % down`;

/** The ring as large as the brush, with a cross in its middle. */
function showTip(at) {
  tip.hidden = at === null;
  if (tip.hidden) return;
  const { width, height } = state.photo;
  tip.style.left = `${at.x * 100}%`;
  tip.style.top = `${at.y * 100}%`;
  tip.style.width = `${(100 * size * Math.max(width, height)) / width}%`;
}
