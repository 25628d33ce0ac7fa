/** Gradients, ellipses and rectangles: dragged out on the picture, then moved by handles. */

import { useTool } from "../easel/viewer.js";
import { byId, element } from "../parts/dom.js";
import { between } from "../parts/numbers.js";
import { arrow, followPointer } from "../parts/pointer.js";
import { activeRegion, change, withActive } from "../recipe/state.js";
import { kindOf } from "./drawing.js";

const LEAST = 0.01;

const canvas = byId("canvas");

const apart = (one, other) => Math.max(LEAST, Math.abs(one - other));
const halfway = ({ from, to }) => [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];

/** Of each kind its handles: what they are called, where they are, and what the shape becomes with them elsewhere. */
const HANDLES = {
  gradient: [
    ["Where the gradient begins", ({ from }) => from, (shape, from) => ({ ...shape, from })],
    ["Where the gradient is whole", ({ to }) => to, (shape, to) => ({ ...shape, to })],
  ],
  ellipse: [
    ["Middle of the ellipse", ({ center }) => center, (shape, center) => ({ ...shape, center })],
    [
      "Width of the ellipse",
      ({ center: [x, y], radii: [wide] }) => [x > 0.5 ? x - wide : x + wide, y],
      ({ center, radii }, [x]) => ({ center, radii: [apart(x, center[0]), radii[1]] }),
    ],
    [
      "Height of the ellipse",
      ({ center: [x, y], radii: [, high] }) => [x, y > 0.5 ? y - high : y + high],
      ({ center, radii }, [, y]) => ({ center, radii: [radii[0], apart(y, center[1])] }),
    ],
  ],
  rectangle: [
    [
      "First corner of the rectangle",
      ({ from }) => from,
      ({ to }, [x, y]) => ({ from: [Math.min(x, to[0] - LEAST), Math.min(y, to[1] - LEAST)], to }),
    ],
    [
      "Second corner of the rectangle",
      ({ to }) => to,
      ({ from }, [x, y]) => ({ from, to: [Math.max(x, from[0] + LEAST), Math.max(y, from[1] + LEAST)] }),
    ],
    [
      "Middle of the rectangle",
      halfway,
      (shape, [x, y]) => {
        const [wide, high] = [(shape.to[0] - shape.from[0]) / 2, (shape.to[1] - shape.from[1]) / 2];
        const [left, top] = [between(x - wide, 0, 1 - 2 * wide), between(y - high, 0, 1 - 2 * high)];
        return { from: [left, top], to: [left + 2 * wide, top + 2 * high] };
      },
    ],
  ],
};

/** What is dragged out from one place to another. */
const DRAGGED = {
  gradient: (from, to) => ({ from, to }),
  ellipse: (center, [x, y]) => ({ center, radii: [apart(x, center[0]), apart(y, center[1])] }),
  rectangle: ([x, y], [right, bottom]) => ({
    from: [Math.min(x, right), Math.min(y, bottom)],
    to: [Math.max(x + LEAST, right), Math.max(y + LEAST, bottom)],
  }),
};

let began;
let before;

/** The tool for a shape that is not placed yet. */
export const placing = {
  begin(place) {
    began = pointOf(place);
    before = activeRegion().area;
  },
  move(places) {
    const kind = kindOf(before);
    edit({ [kind]: tidy(DRAGGED[kind](began, pointOf(places.at(-1)))) }, { moving: true });
  },
  end() {
    const { area } = activeRegion();
    if (area === before) return; // a click places nothing
    edit(area);
    useTool(null);
  },
  cancel() {
    edit(before, { moving: true });
  },
  press: () => false,
};

/** A ten-thousandth is less than a pixel. */
const rounded = (value) => Math.round(between(value, 0, 1) * 1e4) / 1e4;
const pointOf = ({ x, y }) => [rounded(x), rounded(y)];
const tidy = (shape) => Object.fromEntries(Object.entries(shape).map(([name, pair]) => [name, pair.map(rounded)]));

function edit(area, how) {
  change({ regions: withActive({ area }) }, how);
}

let handles = [];
/** The region and the kind of shape that the handles are of. */
let shown;

/** Show the handles of a region where they are now; none without one. */
export function placeHandles(region) {
  const kind = region && kindOf(region.area);
  if (shown !== `${region?.id} ${kind}`) {
    const focused = handles.includes(document.activeElement);
    for (const handle of handles) handle.remove();
    handles = (HANDLES[kind] ?? []).map(handleOf);
    canvas.append(...handles);
    if (focused) (handles[0] ?? byId("viewport")).focus({ preventScroll: true });
    shown = `${region?.id} ${kind}`;
  }
  handles.forEach((handle, place) => {
    const [x, y] = HANDLES[kind][place][1](region.area[kind]).map((value) => between(value, 0, 1));
    handle.style.left = `${x * 100}%`;
    handle.style.top = `${y * 100}%`;
    handle.setAttribute("aria-valuenow", String(Math.round(x * 100)));
    handle.setAttribute("aria-valuetext", `${Math.round(x * 100)} % across, ${Math.round(y * 100)} % down`);
  });
}

export function focusHandle() {
  handles.at(-1)?.focus({ preventScroll: true });
}

function handleOf([label, , become]) {
  const handle = element("div", {
    className: "handle",
    role: "slider",
    tabIndex: 0,
    "aria-label": label,
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  });
  const moveTo = (point, how) => {
    const { area } = activeRegion();
    const kind = kindOf(area);
    edit({ [kind]: tidy(become(area[kind], point)) }, how);
  };
  followPointer(handle, (place, last) => {
    if (!last) handle.focus({ preventScroll: true });
    moveTo(pointOf(place), { moving: !last });
  }, canvas);
  handle.addEventListener("keydown", (event) => {
    const direction = arrow(event);
    if (!direction) return;
    event.preventDefault();
    const at = [handle.style.left, handle.style.top].map((share) => parseFloat(share) / 100);
    moveTo(at.map((value, axis) => rounded(value + direction[axis] / 100)), { moving: true });
  });
  handle.addEventListener("keyup", (event) => arrow(event) && edit(activeRegion().area));
  return handle;
}
