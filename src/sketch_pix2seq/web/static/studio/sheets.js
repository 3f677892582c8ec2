// The sheets on which the model draws: one can be chosen, and all or that one saved.

import { $, $$, save } from "./page.js";
import { Paper } from "./paper.js";

export class Sheets extends EventTarget {
  constructor(settings) {
    super();
    this.settings = settings;
    this.cards = $$(".sheet-card");
    this.papers = this.cards.map((card) => new Paper($("svg", card)));
    this.place = null; // of the chosen drawing
    this.cards.forEach((card, place) => {
      card.addEventListener("click", () => this.#toggle(place));
    });
    for (const button of $$("[data-save]")) {
      button.addEventListener("click", () => this.#save(button.dataset.save));
    }
    $("[data-do=replay]").addEventListener("click", () => {
      this.papers.forEach((paper) => paper.replay());
    });
    settings.addEventListener("smooth", () => this.#smooth());
    this.#smooth();
    this.clear();
  }

  get length() {
    return this.papers.length;
  }

  /** The chosen drawing, what was given included. */
  get chosen() {
    return this.papers[this.place].all;
  }

  get isAnyChosen() {
    return this.place !== null;
  }

  /** Take everything off but what is given. */
  clear(given = []) {
    for (const paper of this.papers) paper.clear(given);
    this.#choose(null);
  }

  /** Draw; each drawing begins with what is given. */
  draw(drawings, given = []) {
    drawings.forEach((strokes, place) => this.papers[place].draw(strokes.slice(given.length)));
    this.showWhatCanBeDone();
  }

  /** What to call with each point of drawings that are being made. */
  get onPoint() {
    return (number, x, y, lifts) => this.papers[number]?.pencilTo(x, y, lifts);
  }

  showWhatCanBeDone() {
    const ready = this.papers.some((paper) => paper.finished);
    for (const button of $$("[data-save], [data-do=replay]")) button.disabled = !ready;
    $("#which").textContent = this.isAnyChosen ? `Drawing ${this.place + 1}` : "All of them";
    this.dispatchEvent(new Event("change"));
  }

  #toggle(place) {
    if (!this.papers[place].finished) return;
    this.#choose(this.place === place ? null : place);
    if (this.isAnyChosen) this.papers[place].replay();
  }

  #choose(place) {
    this.place = place;
    this.cards.forEach((card, other) => card.setAttribute("aria-pressed", String(other === place)));
    this.showWhatCanBeDone();
  }

  #smooth() {
    this.papers.forEach((paper) => paper.setSmooth(this.settings.smooth));
  }

  #save(format) {
    const some = this.isAnyChosen ? [this.papers[this.place]] : this.papers;
    const columns = this.isAnyChosen ? {} : { columns: 3 };
    const drawings = some.filter((paper) => paper.finished).map((paper) => paper.all);
    const drawn = drawings.filter((one) => one.length);
    return save(drawn, format, { smooth: this.settings.smooth, ...columns });
  }
}
