/** The painting on the easel: fitted in, zoomed, moved, and compared with the photo. */

import { byId } from "../parts/dom.js";
import { between } from "../parts/numbers.js";
import { arrow, placeIn } from "../parts/pointer.js";

const CLOSEST = 16;
const STEP = 1.5;

const viewport = byId("viewport");
const canvas = byId("canvas");
const before = byId("before");
const after = byId("after");
const divider = byId("divider");

/** Width and height of the finished picture, whatever is shown of it now. */
let picture = { width: 451, height: 300 }; // the example, which the HTML shows
/** CSS pixels for each pixel of the picture; null: as many as fit. */
let scale = null;
/** The point of the picture in the middle of the viewport, 0 to 1. */
let middle = { x: 0.5, y: 0.5 };
/** Where the divider is in the viewport, 0 to 1; null: no comparison. */
let split = null;
/** What one pointer and the keys do instead of moving the picture. */
let tool = null;

export function startViewer() {
  new ResizeObserver(layOut).observe(viewport);
  byId("zoom-in").addEventListener("click", () => zoomBy(STEP));
  byId("zoom-out").addEventListener("click", () => zoomBy(1 / STEP));
  byId("zoom-fit").addEventListener("click", fit);
  byId("zoom-pixels").addEventListener("click", () => zoomTo(1 / devicePixelRatio));
  byId("compare").addEventListener("click", () => compare(split === null ? 0.5 : null));
  viewport.addEventListener("keydown", pressed);
  viewport.addEventListener("wheel", wheeled, { passive: false });
  viewport.addEventListener("dblclick", (event) => {
    if (tool) return;
    if (scale === null) zoomTo(Math.max(1 / devicePixelRatio, 2 * fitting()), placeOf(event));
    else fit();
  });
  viewport.addEventListener("pointerdown", grabbed);
  divider.addEventListener("pointerdown", dividerGrabbed);
  divider.addEventListener("keydown", dividerPressed);
}

/** Show another photo, not painted yet. */
export function showPhoto({ shown, title, width, height }) {
  setPicture(before, shown);
  setPicture(after, shown);
  before.alt = after.alt = title;
  byId("stage").style.setProperty("--shape", `${width} / ${height}`);
  setSize({ width, height });
  fit();
}

/** Show what was painted; alt: what it is, in words. Resolves when it is seen. */
export function showPainting(blob, alt) {
  after.alt = alt;
  return setPicture(after, blob);
}

/** Show what was painted, of a photo that is another each time. Resolves when it is seen. */
export function showFrame(blob, painted, alt) {
  setPicture(before, blob);
  return showPainting(painted, alt);
}

/** The size in pixels that the finished picture has. */
export function setSize(size) {
  if (scale !== null) scale *= picture.width / size.width; // the same part stays in view
  picture = size;
  layOut();
}

function setPicture(image, blob) {
  const former = image.src;
  image.src = URL.createObjectURL(blob);
  return image.decode().catch(() => {}).finally(() => former && URL.revokeObjectURL(former));
}

const fitting = () => Math.min(viewport.clientWidth / picture.width, viewport.clientHeight / picture.height);

function fit() {
  scale = null;
  middle = { x: 0.5, y: 0.5 };
  layOut();
}

/** at: the place in the viewport, 0 to 1, that stays where it is. */
function zoomTo(wanted, at = { x: 0.5, y: 0.5 }) {
  const former = scale ?? fitting();
  const reached = Math.min(CLOSEST / devicePixelRatio, wanted);
  const closer = 1 / former - 1 / reached;
  middle.x += ((at.x - 0.5) * viewport.clientWidth * closer) / picture.width;
  middle.y += ((at.y - 0.5) * viewport.clientHeight * closer) / picture.height;
  scale = reached;
  layOut();
}

/** Out to where the picture fits in, and of one smaller than the viewport on to its own pixels. */
function zoomBy(factor, at) {
  const now = scale ?? fitting();
  const wanted = Math.max(Math.min(fitting(), 1 / devicePixelRatio), now * factor);
  if (wanted === fitting() || (wanted < fitting() && fitting() < now)) fit();
  else zoomTo(wanted, at);
}

/** Move by CSS pixels. */
function moveBy(x, y) {
  if (scale === null) return;
  middle = { x: middle.x - x / (picture.width * scale), y: middle.y - y / (picture.height * scale) };
  layOut();
}

function layOut() {
  const shown = scale ?? fitting();
  const width = picture.width * shown;
  const height = picture.height * shown;
  middle.x = kept(middle.x, viewport.clientWidth / width);
  middle.y = kept(middle.y, viewport.clientHeight / height);
  const left = viewport.clientWidth / 2 - middle.x * width;
  const top = viewport.clientHeight / 2 - middle.y * height;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.style.transform = `translate(${left}px, ${top}px)`;
  canvas.classList.toggle("pixels", scale !== null && shown * devicePixelRatio >= 2);
  viewport.classList.toggle("zoomed", scale !== null);
  byId("zoom-level").textContent = `${Math.round(shown * devicePixelRatio * 100)} %`;
  byId("zoom-fit").disabled = scale === null;
  layOutDivider(left, width);
}

/** The middle, so that no more of the wall is seen than need be. shown: share of the picture that fits. */
function kept(value, shown) {
  return shown >= 1 ? 0.5 : between(value, shown / 2, 1 - shown / 2);
}

function layOutDivider(left, width) {
  if (split === null) return;
  const cut = (split * viewport.clientWidth - left) / width;
  before.style.clipPath = `inset(0 ${100 * (1 - between(cut, 0, 1))}% 0 0)`;
  divider.style.left = `${split * 100}%`;
  divider.setAttribute("aria-valuenow", String(Math.round(split * 100)));
  divider.setAttribute("aria-valuetext", `${Math.round(split * 100)} % photo`);
}

/** Photo and painting side by side; wanted: where the divider is, 0 to 1, or null for the painting alone. */
export function compare(wanted) {
  split = wanted;
  before.hidden = divider.hidden = split === null;
  byId("compare").setAttribute("aria-pressed", String(split !== null));
  layOut();
}

/**
 * Give the picture to a tool, or with null back.
 *
 * begin, move, end: called with the places in the picture, 0 to 1, where a pointer is; cancel: instead of end, when a
 * second finger shows that it was meant to zoom; press: with a key, answers whether it was for the tool.
 */
export function useTool(wanted) {
  tool = wanted;
  viewport.classList.toggle("tooled", tool !== null);
}

/** Move the picture so far that a place of it is in view. */
export function reveal({ x, y }) {
  if (scale === null) return;
  const near = (value, at, seen) => between(value, at - 0.45 * seen, at + 0.45 * seen);
  middle.x = near(middle.x, x, viewport.clientWidth / (picture.width * scale));
  middle.y = near(middle.y, y, viewport.clientHeight / (picture.height * scale));
  layOut();
}

const placeOf = (event) => placeIn(viewport, event);

function pressed(event) {
  if (event.target !== viewport) return;
  const direction = arrow(event);
  if (tool?.press(event)) return event.preventDefault();
  if (direction) moveBy(-30 * direction[0], -30 * direction[1]);
  else if (event.key === "+" || event.key === "=") zoomBy(STEP);
  else if (event.key === "-") zoomBy(1 / STEP);
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
}

/** Without Ctrl (a pinch on a touchpad has it) the wheel belongs to the page, unless the picture is zoomed. */
function wheeled(event) {
  if (!event.ctrlKey && scale === null) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), placeOf(event));
}

const pointers = new Map();
/** The tool that a pointer works with now. */
let working = null;

function grabbed(event) {
  if (event.button !== 0 || event.target.closest("[role=slider]")) return;
  pointers.set(event.pointerId, event);
  viewport.setPointerCapture(event.pointerId);
  if (pointers.size > 1) {
    working?.cancel();
    working = null;
    return;
  }
  working = tool;
  working?.begin(placeIn(canvas, event));
  viewport.addEventListener("pointermove", pulled);
  viewport.addEventListener("pointerup", released);
  viewport.addEventListener("pointercancel", released);
}

function pulled(event) {
  const former = pointers.get(event.pointerId);
  if (!former) return;
  const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
  if (other) {
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const halfway = { clientX: (former.clientX + other.clientX) / 2, clientY: (former.clientY + other.clientY) / 2 };
    zoomBy(apart(event) / Math.max(1, apart(former)), placeOf(halfway));
    moveBy((event.clientX - former.clientX) / 2, (event.clientY - former.clientY) / 2);
  } else if (working) {
    const passed = event.getCoalescedEvents?.() ?? [];
    working.move((passed.length ? passed : [event]).map((each) => placeIn(canvas, each)));
  } else {
    moveBy(event.clientX - former.clientX, event.clientY - former.clientY);
  }
  pointers.set(event.pointerId, event);
}

function released(event) {
  pointers.delete(event.pointerId);
  if (pointers.size) return;
  working?.end();
  working = null;
  viewport.removeEventListener("pointermove", pulled);
  viewport.removeEventListener("pointerup", released);
  viewport.removeEventListener("pointercancel", released);
}

function dividerGrabbed(event) {
  event.preventDefault();
  divider.focus({ preventScroll: true });
  divider.setPointerCapture(event.pointerId);
  const moved = (later) => compare(between(placeOf(later).x, 0, 1));
  divider.addEventListener("pointermove", moved);
  const ended = () => divider.removeEventListener("pointermove", moved);
  divider.addEventListener("lostpointercapture", ended, { once: true });
}

function dividerPressed(event) {
  const direction = arrow(event);
  if (!direction) return;
  event.preventDefault();
  compare(between(split + (direction[0] - direction[1]) / 100, 0, 1));
}
