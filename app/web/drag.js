/** Following a pointer, from down to up. */

/** move: called with the pointer's place in the element, 0 to 1 in both directions; last: whether it was let go. */
export function followPointer(target, move) {
  const at = (event, last) => {
    const box = target.getBoundingClientRect();
    const share = (value, low, length) => Math.min(1, Math.max(0, (value - low) / length));
    move({ x: share(event.clientX, box.left, box.width), y: share(event.clientY, box.top, box.height) }, last);
  };
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    at(event, false);
    const moved = (later) => at(later, false);
    const ended = (later) => {
      target.removeEventListener("pointermove", moved);
      target.removeEventListener("pointerup", ended);
      target.removeEventListener("pointercancel", ended);
      at(later, true);
    };
    target.addEventListener("pointermove", moved);
    target.addEventListener("pointerup", ended);
    target.addEventListener("pointercancel", ended);
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The direction of an arrow key as [x, y], ten times as far with Shift; undefined for other keys. */
export function arrow(event) {
  const direction = ARROWS[event.key];
  return direction?.map((part) => part * (event.shiftKey ? 10 : 1));
}
