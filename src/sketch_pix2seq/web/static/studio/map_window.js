// The part of the map that is in view: zoom and pan, by buttons, keys, wheel, pinch and drag.

export const SIZE = 1000; // of the whole map, in its own units
export const MAX_ZOOM = 14;
const MIN_SIDE = SIZE / MAX_ZOOM; // side of the smallest part
const STEP = 1.6; // of a press of a button or key
const MARGIN = 0.1; // of the part, that a followed point keeps from its edge

export class MapWindow extends EventTarget {
  /** @param {SVGSVGElement} svg The map; "change" is dispatched when another part is in view. */
  constructor(svg) {
    super();
    this.svg = svg;
    [this.x, this.y, this.side] = [0, 0, SIZE];
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** How many times larger than at first things are. */
  get zoom() {
    return SIZE / this.side;
  }

  /** Where on the map an event is. @returns {[number, number]} */
  placeOf({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [x, y];
  }

  /** Show a part. @param {number} x @param {number} y Its corner. @param {number} side */
  show(x, y, side) {
    this.side = Math.min(Math.max(side, MIN_SIDE), SIZE);
    const held = (value) => Math.min(Math.max(value, 0), SIZE - this.side);
    [this.x, this.y] = [held(x), held(y)];
    this.svg.setAttribute("viewBox", `${this.x} ${this.y} ${this.side} ${this.side}`);
    this.dispatchEvent(new Event("change"));
  }

  showAll() {
    this.show(0, 0, SIZE);
  }

  /** Zoom, so that a point stays where it is. @param {[number, number]} point @param {number} times */
  zoomAt([x, y], times) {
    const side = Math.min(Math.max(this.side / times, MIN_SIDE), SIZE), kept = side / this.side;
    this.show(x - (x - this.x) * kept, y - (y - this.y) * kept, side);
  }

  nearer(point) {
    this.zoomAt(point, STEP);
  }

  farther(point) {
    this.zoomAt(point, 1 / STEP);
  }

  /** Pan no more than is needed to have a point in view. @param {[number, number]} point */
  follow([x, y]) {
    const edge = MARGIN * this.side;
    const shifted = (corner, at) => Math.min(Math.max(corner, at + edge - this.side), at - edge);
    const [left, top] = [shifted(this.x, x), shifted(this.y, y)];
    if (this.side < SIZE && (left !== this.x || top !== this.y)) this.show(left, top, this.side);
  }

  /** Two fingers: what lay between them before lies between them now. */
  pinch(before, now) {
    const middle = ([a, b]) => ({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
    const distance = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    const held = this.placeOf(middle(before));
    this.zoomAt(held, distance(now) / distance(before));
    const [x, y] = this.placeOf(middle(now));
    this.show(this.x + held[0] - x, this.y + held[1] - y, this.side);
  }

  /** With Ctrl, or by two fingers on a touchpad, zoom; else pan what is larger than its window. */
  #wheel(event) {
    if (!event.ctrlKey && this.side === SIZE) return; // the page scrolls
    event.preventDefault();
    if (event.ctrlKey) {
      this.zoomAt(this.placeOf(event), Math.exp(-event.deltaY / 100));
    } else {
      const unit = this.side / this.svg.clientHeight;
      this.show(this.x + event.deltaX * unit, this.y + event.deltaY * unit, this.side);
    }
  }
}
