/** How large frames are: as large as ten of them are painted in a second, found out by painting. */

import { between } from "../parts/numbers.js";

/** Longest sides in pixels. */
const SIDES = [128, 192, 256, 320, 384, 512, 640, 768, 1024];
const FIRST = 256;
/** Milliseconds that a frame may take, and those below which a larger one may be tried. */
const MOST = 100;
const ROOM = 80;
/** Frames that tell how long one takes, at the most and at the least. */
const TELLING = 5;
const ENOUGH = 3;
/** Frames before a size that was too large is tried again: twice as many each time, so that it seldom is. */
const PATIENCE = 50;
const LONGEST_PATIENCE = 1600;

/** The sides that frames may have, none shorter than least and none longer than most. */
export function sidesBetween(least, most) {
  const sides = SIDES.filter((side) => least <= side && side <= most);
  return sides.length ? sides : [between(SIDES[0], least, most)];
}

export class Pace {
  #sides;
  #place;
  /** Frames since the last change of size, and the milliseconds of those that tell. */
  #frames = 0;
  #times = [];
  /** Frames to wait for before a size is tried again, by its place. */
  #patience = new Map();

  constructor(sides) {
    this.#sides = sides;
    this.#place = Math.max(0, sides.findLastIndex((side) => side <= FIRST));
  }

  /** Longest side of the next frame. */
  get side() {
    return this.#sides[this.#place];
  }

  /** A frame took so many milliseconds, from camera to screen. */
  took(milliseconds) {
    this.#frames += 1;
    if (this.#frames === 1) return; // for the first of a size, much is done that is done once only
    this.#times = [...this.#times, milliseconds].slice(-TELLING);
    if (this.#times.length < ENOUGH) return;
    const typical = this.#times.toSorted((one, other) => one - other)[this.#times.length >> 1];
    if (typical > MOST) this.#shrink(typical);
    else if (typical < ROOM && this.#frames > (this.#patience.get(this.#place + 1) ?? TELLING)) this.#grow();
  }

  /** Whoever paints had too much to do: smaller frames are less of it. */
  refused() {
    this.#shrink(MOST);
  }

  /** To the next size that could be quick enough: what a frame takes grows with its pixels. */
  #shrink(typical) {
    if (!this.#place) return;
    const quick = this.side * Math.sqrt(MOST / typical);
    const patience = 2 * (this.#patience.get(this.#place) ?? PATIENCE / 2);
    this.#patience.set(this.#place, Math.min(LONGEST_PATIENCE, patience));
    const below = this.#sides.slice(0, this.#place);
    this.#move(Math.max(0, below.findLastIndex((side) => side <= quick)));
  }

  #grow() {
    if (this.#place + 1 < this.#sides.length) this.#move(this.#place + 1);
  }

  #move(place) {
    this.#place = place;
    this.#frames = 0;
    this.#times = [];
  }
}
