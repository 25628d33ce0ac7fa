/** The regions and the rest as a list: chosen, added, removed. */

import { button, byId, element } from "../parts/dom.js";
import { say, toast } from "../parts/status.js";
import { emptyMask } from "../recipe/masks.js";
import { inWords } from "../recipe/recipe.js";
import { MOST_REGIONS, activeRegion, change, numbered, state, watch } from "../recipe/state.js";
import { drawRegion, drawRest } from "./drawing.js";
import { beginTo } from "./editor.js";

/** Longest side of a thumbnail in pixels. */
const SIDE = 96;
/** What each kind begins with. */
const AREAS = {
  brush: () => ({ area: { mask: emptyMask() }, feather: 0.02 }),
  gradient: () => ({ area: { gradient: { from: [0.1, 0.5], to: [0.9, 0.5] } }, feather: 0 }),
  ellipse: () => ({ area: { ellipse: { center: [0.5, 0.5], radii: [0.25, 0.25] } }, feather: 0.02 }),
  rectangle: () => ({ area: { rectangle: { from: [0.25, 0.25], to: [0.75, 0.75] } }, feather: 0.02 }),
};

const list = byId("region-list");
const adding = byId("open-kinds");
const kinds = byId("kinds");
/** The ids in the list; null: of the rest. */
let listed = [];

export function startList() {
  adding.addEventListener("click", () => openKinds(kinds.hidden));
  for (const each of kinds.children) each.addEventListener("click", () => add(each.dataset.kind));
  byId("by-itself").addEventListener("change", ({ target }) => change({ byItself: target.checked }));
  watch(["regions", "rest", "active", "byItself", "styles", "photo"], show);
  watch(["photo"], () => {
    if (state.regions.some(({ area }) => area.mask)) toast("The painted regions are stretched to the new photo.");
  });
  show();
}

/** Show the ways to mark a region, or not. */
export function openKinds(wanted) {
  kinds.hidden = !wanted;
  adding.setAttribute("aria-expanded", String(wanted));
}

/** A region begins as the photo, painted in the same way as the rest. */
function add(kind) {
  const region = numbered({ ...state.rest, chosen: [], handle: { x: 0.5, y: 0.5 }, ...AREAS[kind]() });
  openKinds(false);
  change({ regions: [...state.regions, region], active: region.id });
  beginTo(region);
}

/** The focus goes on to the next that could be removed. */
function remove(id) {
  const place = state.regions.findIndex((region) => region.id === id);
  change({ regions: state.regions.filter((region) => region.id !== id) });
  const left = [...list.querySelectorAll(".remove")];
  (left[place] ?? left.at(-1) ?? adding).focus({ preventScroll: true });
  say(`Region ${place + 1} is removed.`);
}

function show() {
  const { regions } = state;
  const focused = list.contains(document.activeElement);
  const ids = regions.length ? [null, ...regions.map(({ id }) => id)] : [];
  if (ids.join() !== listed.join()) {
    list.replaceChildren(...ids.map(entry));
    if (focused) (list.querySelector(".region-pick") ?? adding).focus({ preventScroll: true });
    listed = ids;
  }
  [...list.children].forEach(label);
  list.hidden = byId("by-itself-label").hidden = !regions.length;
  adding.disabled = regions.length === MOST_REGIONS;
  adding.textContent = adding.disabled ? "Eight regions are the most" : "Add a region";
  byId("by-itself").checked = state.byItself;
  const place = regions.indexOf(activeRegion());
  byId("mixer-heading").textContent = regions.length ? `Blend of ${nameOf(place + 1).toLowerCase()}` : "Blend";
}

const nameOf = (place) => (place ? `Region ${place}` : "The rest");

function entry(id, place) {
  const pick = element(
    "button",
    { type: "button", className: "region-pick", onclick: () => change({ active: id }) },
    element("canvas", { className: "region-thumb", "aria-hidden": "true" }),
    element("span", { className: "region-name", textContent: nameOf(place) }),
    element("span", { className: "region-styles" }),
  );
  const gone = button("remove", "×", `Remove region ${place}`, () => remove(id));
  return element("li", {}, pick, ...(id === null ? [] : [gone]));
}

function label(item, place) {
  const region = state.regions[place - 1];
  const pick = item.querySelector(".region-pick");
  pick.setAttribute("aria-pressed", String(region === activeRegion()));
  pick.querySelector(".region-styles").textContent = inWords(region ?? state.rest) || "Photo";
  const thumb = pick.querySelector(".region-thumb");
  const { width, height } = state.photo ?? { width: 1, height: 1 };
  const scale = SIDE / Math.max(width, height);
  Object.assign(thumb, { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  if (!state.photo) return;
  if (region) drawRegion(thumb, region);
  else drawRest(thumb, state.regions);
}
