/** The region that is edited: where it is on the picture, and the tools that change it. */

import { compare, useTool } from "../easel/viewer.js";
import { byId } from "../parts/dom.js";
import { percent } from "../parts/numbers.js";
import { emptyMask, sizeOnSheet } from "../recipe/masks.js";
import { activeRegion, change, state, watch, withActive } from "../recipe/state.js";
import { brush, setSize, startBrush } from "./brush.js";
import { drawRegion, kindOf } from "./drawing.js";
import { focusHandle, placeHandles, placing } from "./shapes.js";

const HINTS = {
  mask: "Paint on the picture, by hand or with arrow keys and Space.",
  gradient: "Drag on the picture from where it begins to where it is whole; then move either end.",
  ellipse: "Drag on the picture from the middle outwards; then move it by its handles.",
  rectangle: "Drag on the picture from corner to corner; then move it by its handles.",
  polygon: "It came with a link or a recipe, and stays where it is.",
};
const KEYS = "Arrow keys move the brush, with Shift further. Space sets it down and lifts it.";

const viewport = byId("viewport");
const overlay = byId("overlay");
const feather = byId("feather");
const toggle = byId("show-mask");
/** The region whose tool the picture is given to. */
let edited;

export function startEditor() {
  startBrush();
  feather.addEventListener("input", () => soften({ moving: true }));
  feather.addEventListener("change", () => soften());
  byId("brush-size").addEventListener("input", showSize);
  byId("clear-mask").addEventListener("click", () => change({ regions: withActive({ area: { mask: emptyMask() } }) }));
  byId("region-done").addEventListener("click", () => {
    change({ active: null });
    byId("region-list").querySelector(".region-pick").focus({ preventScroll: true });
  });
  toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") === "false"));
    showOverlay();
  });
  watch(["regions", "active", "photo"], show);
  showSize();
  show();
}

/** Give the picture to a region that has just been added. */
export function beginTo({ area }) {
  if (area.mask) return viewport.focus({ preventScroll: true });
  useTool(placing);
  focusHandle();
}

function show() {
  const region = activeRegion();
  if (region?.id !== edited) {
    edited = region?.id;
    if (region) compare(null);
    const paints = Boolean(region?.area.mask);
    useTool(paints ? brush : null);
    viewport.setAttribute("role", paints ? "application" : "group"); // of an application, the keys are its own
    viewport.setAttribute("aria-description", paints ? KEYS : "");
  }
  byId("region-tools").hidden = !region;
  for (const each of document.querySelectorAll("[data-for=mask]")) each.hidden = !region?.area.mask;
  placeHandles(region);
  showOverlay();
  if (!region) return;
  byId("region-hint").textContent = HINTS[kindOf(region.area)];
  feather.value = region.feather * 100;
  feather.setAttribute("aria-valuetext", percent(region.feather));
  byId("feather-value").textContent = percent(region.feather);
}

function soften(how) {
  change({ regions: withActive({ feather: feather.value / 100 }) }, how);
}

function showSize() {
  const size = byId("brush-size").value / 100;
  byId("brush-size").setAttribute("aria-valuetext", percent(size));
  byId("brush-size-value").textContent = percent(size);
  setSize(size);
}

function showOverlay() {
  const region = activeRegion();
  overlay.hidden = !region || !state.photo || toggle.getAttribute("aria-pressed") === "false";
  if (overlay.hidden) return;
  const { width, height } = sizeOnSheet(state.photo);
  if (overlay.width !== width || overlay.height !== height) Object.assign(overlay, { width, height });
  drawRegion(overlay, region);
}
