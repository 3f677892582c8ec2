// A sheet of paper on which the model draws, at a pace that can be followed.

import { SIDE, boundsOf, pathData } from "./strokes.js";
import { pieceOf, shareAt, timingOf } from "./timing.js";

const SVG = "http://www.w3.org/2000/svg";
const PACE = { faster: 1.5, maxSeconds: 4 }; // than a hand; of a whole drawing
const EDGE = 14;

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** A new sheet, for a page to show. @param {string} label */
export function newPaper(label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "paper blank");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return new Paper(svg);
}

export class Paper {
  /** @param svg An <svg>; what it shows is replaced. */
  constructor(svg) {
    this.svg = svg;
    this.before = svg.appendChild(document.createElementNS(SVG, "g"));
    this.ink = svg.appendChild(document.createElementNS(SVG, "g"));
    this.before.setAttribute("class", "given");
    this.pencil = path(""); // on the paper while it draws
    this.pencil.setAttribute("class", "pencil");
    this.smooth = false;
    this.clear();
  }

  /** The model's strokes, whatever is shown of them yet. */
  get strokes() {
    return this.drawn;
  }

  /** What can be saved: { given, drawn }. */
  get drawing() {
    return { given: this.given, drawn: this.drawn };
  }

  clear(given = []) {
    cancelAnimationFrame(this.frame);
    this.given = given;
    this.drawn = [];
    this.timing = timingOf([]);
    this.shares = []; // of each stroke, that are on the paper
    this.finished = false;
    this.shown = 0; // seconds of the drawing that are on the paper
    this.frame = 0;
    this.started = null;
    this.before.replaceChildren(...given.map((stroke) => path(pathData(stroke, this.smooth))));
    this.ink.replaceChildren();
    this.pencil.remove();
    this.pencil.setAttribute("d", "");
    this.isLifted = true;
    this.#frame(given);
    this.svg.classList.add("blank");
    this.svg.classList.remove("done");
  }

  /** Let the pen of a drawing that is not ready go on, in pencil: it may not be the one that is kept. */
  pencilTo(x, y, lifts) {
    if (still.matches) return;
    const step = `${this.isLifted ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    this.pencil.setAttribute("d", this.pencil.getAttribute("d") + step);
    if (!this.pencil.isConnected) this.svg.append(this.pencil);
    this.svg.classList.remove("blank");
    this.isLifted = lifts;
  }

  /** Draw strokes one after the other. */
  draw(strokes) {
    this.#take(strokes);
    if (still.matches) this.showAll();
    else this.frame = requestAnimationFrame((now) => this.#go(now));
  }

  /** Show a drawing at once. */
  put(strokes) {
    this.#take(strokes);
    this.showAll();
  }

  /** Draw curves, or straight pieces. */
  setSmooth(smooth) {
    this.smooth = smooth;
    this.shares = [];
    this.before.replaceChildren(...this.given.map((stroke) => path(pathData(stroke, smooth))));
    this.#render(this.shown);
  }

  /** Begin again from blank paper. */
  replay() {
    if (still.matches) return;
    cancelAnimationFrame(this.frame);
    this.shown = 0;
    this.started = null;
    this.svg.classList.remove("done");
    this.frame = requestAnimationFrame((now) => this.#go(now));
  }

  showAll() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.shown = Infinity;
    this.#render(Infinity);
    this.svg.classList.toggle("done", this.finished);
  }

  /** Take a drawing in place of the one before, and show nothing of it yet. */
  #take(strokes) {
    this.clear(this.given);
    this.drawn = strokes;
    this.timing = timingOf(strokes, PACE);
    this.finished = true;
    const all = [...this.given, ...strokes];
    this.svg.classList.toggle("blank", all.length === 0);
    this.#frame(all);
  }

  /** Let the paper show some strokes, and all that lies on it where nothing was given. */
  #frame(strokes) {
    const [left, top, right, bottom] = boundsOf(strokes) ?? [0, 0, SIDE, SIDE];
    const whole = this.given.length ? [left, top, right, bottom] : [0, 0, SIDE, SIDE];
    const x = Math.min(left, whole[0]);
    const y = Math.min(top, whole[1]);
    const width = Math.max(right, whole[2]) - x;
    const height = Math.max(bottom, whole[3]) - y;
    const side = Math.max(width, height, 1);
    const edge = (side * EDGE) / SIDE;
    const corner = [x - (side - width) / 2 - edge, y - (side - height) / 2 - edge];
    this.svg.setAttribute("viewBox", `${corner.join(" ")} ${side + 2 * edge} ${side + 2 * edge}`);
    this.svg.style.setProperty("--units", side / SIDE);
  }

  #go(now) {
    this.started ??= now;
    this.shown = (now - this.started) / 1000;
    this.#render(this.shown);
    if (this.timing.seconds <= this.shown) this.showAll();
    else this.frame = requestAnimationFrame((next) => this.#go(next));
  }

  /** Show so many seconds of the drawing. */
  #render(seconds) {
    this.drawn.forEach((stroke, place) => {
      const line = this.ink.children[place] ?? this.ink.appendChild(path(""));
      const share = shareAt(this.timing, place, seconds);
      if (share === this.shares[place]) return;
      this.shares[place] = share;
      line.setAttribute("d", share ? pathData(pieceOf(stroke, 0, share), this.smooth) : "");
    });
  }
}

function path(data) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("d", data);
  return made;
}
