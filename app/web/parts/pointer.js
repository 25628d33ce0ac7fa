/** Following a pointer, from down to up. */

import { between } from "./numbers.js";

/** A pointer's place in an element, 0 to 1 in both directions; less or more beyond its edges. */
export function placeIn(target, { clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
}

/** move: called with the pointer's place in `within`, 0 to 1 in both directions; last: whether it was let go. */
export function followPointer(target, move, within = target) {
  const placeOf = (event) => {
    const { x, y } = placeIn(within, event);
    return { x: between(x, 0, 1), y: between(y, 0, 1) };
  };
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    let place;
    const moved = (later) => {
      if (later.pointerId !== event.pointerId) return;
      place = placeOf(later);
      move(place, false);
    };
    const ended = ({ pointerId }) => { // where it was last: a cancelled pointer has no place
      if (pointerId !== event.pointerId) return;
      target.removeEventListener("pointermove", moved);
      target.removeEventListener("pointerup", ended);
      target.removeEventListener("pointercancel", ended);
      move(place, true);
    };
    moved(event);
    target.addEventListener("pointermove", moved);
    target.addEventListener("pointerup", ended);
    target.addEventListener("pointercancel", ended);
  });
}

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-Infinity, 0],
  End: [Infinity, 0],
};

/** The direction of a key as [x, y]: ten times as far with Shift, to the end with Home and End; else undefined. */
export function arrow(event) {
  const direction = ARROWS[event.key];
  return direction?.map((part) => part * (event.shiftKey ? 10 : 1));
}
