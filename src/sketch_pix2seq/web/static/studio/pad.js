// The pad: where a person draws, with a mouse, a finger, a pen or the keyboard.

import { SIDE, pathData } from "./strokes.js";
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const NEAR = 1.5; // points closer than this to the last one are left out
const STEP = 8; // of one press of an arrow key; with Shift a quarter of it
const MAX_HISTORY = 200; // drawings that can be gone back to
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Pad extends EventTarget {
  /**
   * @param svg An <svg> of viewBox 0 0 255 255. Events: `start` (a stroke begins), `change`
   *   (the drawing is another one).
   */
  constructor(svg) {
    super();
    this.svg = svg;
    this.strokes = [];
    this.kept = []; // the strokes at the last change
    this.past = []; // those at the changes before it
    this.undone = []; // those that were gone back from
    this.example = null; // which of them is an example: the first stroke takes its place
    this.ink = svg.appendChild(document.createElementNS(SVG, "g"));
    this.cursor = svg.appendChild(document.createElementNS(SVG, "circle"));
    this.cursor.setAttribute("class", "cursor");
    this.cursor.setAttribute("r", "4");
    this.status = svg.parentElement.querySelector("[data-status]"); // for screen readers
    this.pen = null; // the pointer that draws
    this.stroke = null; // what it draws
    this.keys = null; // the stroke that the keyboard draws
    this.at = [SIDE / 2, SIDE / 2];
    this.#showCursor();
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      svg.addEventListener(kind, (event) => this.#up(event));
    }
    svg.addEventListener("keydown", (event) => this.#key(event));
    svg.addEventListener("blur", () => {
      this.#endKeys();
      svg.classList.remove("by-hand");
    });
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  get canUndo() {
    return this.past.length > 0 || !(this.isEmpty || this.isExample);
  }

  /** Whether it shows an example, which makes way for the first stroke. */
  get isExample() {
    return this.kept === this.example;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  /**
   * Show another drawing. Quietly: without an event. The first one: nothing was there before it that
   * anybody will want back. An example makes way for the first stroke.
   */
  set(strokes, { quiet = false, first = quiet, example = false } = {}) {
    if (this.stroke || this.keys) this.#keep(); // it can be gone back to
    this.#put(strokes);
    if (first) this.#startHistory();
    else this.#keep();
    if (example) this.example = this.kept;
    this.#showExample();
    if (!quiet) this.#notify();
  }

  clear() {
    this.set([], { first: this.isExample && this.past.length === 0 });
  }

  /** Enable the buttons of its card that would do something; who pressed one goes on at the pad. */
  showWhatCanBeDone() {
    const can = { undo: this.canUndo, redo: this.canRedo, clear: !this.isEmpty };
    for (const [name, works] of Object.entries(can)) {
      const button = this.svg.closest(".card").querySelector(`[data-do=${name}]`);
      if (!works && button === document.activeElement) this.svg.focus({ preventScroll: true });
      button.disabled = !works;
    }
  }

  /** The drawing before the last change; of one that came from elsewhere, a stroke less. */
  undo() {
    if (this.stroke || this.keys) {
      this.#put(this.kept);
      return this.#notify();
    }
    if (!this.canUndo) return undefined;
    this.undone.push(this.kept);
    return this.#goTo(this.past.pop() ?? this.strokes.slice(0, -1));
  }

  redo() {
    if (!this.canRedo || this.stroke || this.keys) return;
    this.past.push(this.kept);
    this.#goTo(this.undone.pop());
  }

  #goTo(strokes) {
    this.#put(strokes);
    this.kept = strokes;
    this.#notify();
  }

  #put(strokes) {
    this.#drop();
    this.strokes = strokes.map(([xs, ys]) => [[...xs], [...ys]]);
    this.#show();
  }

  #startHistory() {
    this.kept = [...this.strokes];
    this.past = [];
    this.undone = [];
  }

  /** Whatever is being drawn is drawn no further. */
  #drop() {
    this.pen = this.stroke = this.keys = null;
    this.#showCursor();
  }

  #begin(x, y) {
    this.dispatchEvent(new Event("start"));
    if (this.isExample) {
      this.strokes = [];
      if (this.past.length === 0) this.#startHistory();
    }
    const stroke = [[x], [y]];
    this.strokes.push(stroke);
    this.#show();
    return stroke;
  }

  #extend(stroke, x, y) {
    const [xs, ys] = stroke;
    if (Math.hypot(x - xs.at(-1), y - ys.at(-1)) < NEAR) return;
    xs.push(x);
    ys.push(y);
    this.ink.lastChild.setAttribute("d", pathData(stroke));
  }

  #down(event) {
    if (this.pen !== null || event.button !== 0) return;
    event.preventDefault();
    this.svg.classList.add("by-hand"); // its focus needs no ring
    this.svg.focus({ preventScroll: true });
    this.#endKeys();
    this.pen = event.pointerId;
    try {
      this.svg.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that is gone already: its `up` will come all the same
    }
    this.stroke = this.#begin(...this.#place(event));
  }

  #move(event) {
    if (event.pointerId !== this.pen) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const moved of all.length ? all : [event]) {
      this.#extend(this.stroke, ...this.#place(moved));
    }
  }

  #up(event) {
    if (event.pointerId !== this.pen) return;
    this.pen = this.stroke = null;
    this.#changed();
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? STEP / 4 : STEP;
      const hold = (value) => Math.min(Math.max(value, 0), SIDE);
      this.at = [hold(this.at[0] + arrow[0] * step), hold(this.at[1] + arrow[1] * step)];
      if (this.keys) this.#extend(this.keys, ...this.at);
    } else if (event.key === " ") {
      if (!event.repeat && this.keys) this.#endKeys();
      else if (!event.repeat) this.keys = this.#begin(...this.at);
    } else if (event.key === "Backspace") {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    this.svg.classList.remove("by-hand");
    this.#showCursor();
    if (!this.status) return;
    const [x, y] = this.at.map((value) => Math.round((100 * value) / SIDE));
    this.status.textContent = t(this.keys ? "penDown" : "penUp", { x, y });
  }

  #endKeys() {
    if (!this.keys) return;
    this.keys = null;
    this.#showCursor();
    this.#changed();
  }

  #place(event) {
    const box = this.svg.getBoundingClientRect();
    const part = (value, start, length) => {
      const share = Math.min(Math.max((value - start) / length, 0), 1);
      return Math.round(share * SIDE * 10) / 10;
    };
    return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
  }

  #show() {
    this.ink.replaceChildren(
      ...this.strokes.map((stroke) => {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", pathData(stroke));
        return path;
      }),
    );
    this.svg.classList.toggle("empty", this.isEmpty);
  }

  #showCursor() {
    this.cursor.setAttribute("cx", this.at[0]);
    this.cursor.setAttribute("cy", this.at[1]);
    this.cursor.classList.toggle("down", this.keys !== null);
  }

  #keep() {
    this.past = [...this.past, this.kept].slice(-MAX_HISTORY);
    this.kept = [...this.strokes];
    this.undone = [];
  }

  #changed() {
    this.#keep();
    this.#notify();
  }

  #showExample() {
    this.svg.classList.toggle("is-example", this.isExample);
  }

  #notify() {
    this.#showExample();
    this.dispatchEvent(new Event("change"));
  }
}
