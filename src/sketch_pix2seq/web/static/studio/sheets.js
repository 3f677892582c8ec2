// The sheets on which the model draws: each can be enlarged, and saved from there; so can all of them.

import { $, $$ } from "./page.js";
import { Paper } from "./paper.js";
import { view } from "./viewer.js";
import { t } from "./words.js";

export class Sheets extends EventTarget {
  /**
   * @param settings How it draws. @param {string} kind Name of the word for one of the drawings.
   * @param {(strokes) => void} [use] Takes a drawing onto the page's pad.
   */
  constructor(settings, kind, use) {
    super();
    [this.settings, this.kind, this.use] = [settings, kind, use];
    this.category = ""; // what is drawn, for names of files
    this.isKept = false; // on the page Mine
    this.cards = $$(".sheet-card");
    this.papers = this.cards.map((card) => new Paper($("svg", card)));
    this.cards.forEach((card, place) => card.addEventListener("click", () => this.#view(place)));
    $("[data-do=save]").addEventListener("click", () => this.#view(null));
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

  /** Take everything off but what is given. */
  clear(given = []) {
    for (const paper of this.papers) paper.clear(given);
    this.#showWhatCanBeDone();
  }

  /** Draw; each drawing begins with what is given. */
  draw(drawings, given = []) {
    drawings.forEach((strokes, place) => this.papers[place].draw(strokes.slice(given.length)));
    this.#showWhatCanBeDone();
  }

  /** What to call with each point of drawings that are being made. */
  get onPoint() {
    return (number, x, y, lifts) => this.papers[number]?.pencilTo(x, y, lifts);
  }

  /** What is drawn, as it is saved and kept. */
  get drawings() {
    return this.papers.filter((paper) => paper.finished).map((paper) => paper.drawing);
  }

  #showWhatCanBeDone() {
    const ready = this.papers.some((paper) => paper.finished);
    for (const button of [...this.cards, ...$$("[data-do=save], [data-do=replay]")]) button.disabled = !ready;
  }

  #smooth() {
    this.papers.forEach((paper) => paper.setSmooth(this.settings.smooth));
  }

  #view(place) {
    const { seed } = this.settings.options;
    const items = this.drawings.map((drawing, number) => ({
      drawing, title: t(this.kind, { number: number + 1 }), category: this.category, seed,
    }));
    const { isKept, use, settings: { smooth } } = this;
    view(items, place, { title: t(`${this.kind}s`), columns: 3, smooth, use, isKept });
  }
}
