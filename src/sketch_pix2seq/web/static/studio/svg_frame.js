// An SVG in a hidden frame, where the browser computes its styles, sizes and matrices.
//
// The frame runs no script and fetches nothing: its sandbox and a policy of its own forbid it, and
// only elements and attributes that say how lines look are copied into it.

import { t, UserError } from "./words.js";

const SVG = "http://www.w3.org/2000/svg", XLINK = "http://www.w3.org/1999/xlink";
const MAX_ELEMENTS = 50_000; // those that `use` repeats included
const MAX_LETTERS = 48_000_000; // of their attributes
const MAX_DEPTH = 64; // of elements in each other
const READ = /^(svg|g|a|switch|path|line|polyline|polygon|rect|circle|ellipse|linearGradient|radialGradient|stop)$/;
/** Elements that are seen and not read, in words. */
export const NOT_READ = { text: "text", image: "picture", foreignObject: "foreign object" };
const NOT_COPIED = /^(on|(xlink:)?href$|xml|_style$|_on|style$|systemLanguage$|required)/i;
const LINKS = /url\(\s*(?!\s*["']?#)[^)]*\)/gi; // to other files
const IMPORTS = /\/\*[^]*?(?:\*\/|$)|"[^"]*"?|'[^']*'?|@import\b/gi; // and comments and texts, to step over
const NO_SIZE = /^$|%\s*$|auto/;
const SCHEMES = /\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)/gi;
const STYLE = "position:fixed;width:1280px;height:800px;visibility:hidden;border:0";

/** An SVG that the browser lays out: `open` and `close` it in one task. */
export class SvgFrame {
  /** @param {string} text @param {(what: string, count?: number) => void} leaveOut Called with what is not read. */
  constructor(text, leaveOut) {
    this.source = parsed(text);
    this.leaveOut = leaveOut;
    this.ids = new Map([...this.source.querySelectorAll("[id]")].reverse().map((element) => [element.id, element]));
    this.drawn = new Set(); // what `use` is drawing: none may draw itself
    [this.numLeft, this.lettersLeft] = [MAX_ELEMENTS, MAX_LETTERS];
    this.frame = document.createElement("iframe");
    this.frame.setAttribute("sandbox", "allow-same-origin");
    this.frame.style.cssText = STYLE;
  }

  open() {
    document.body.append(this.frame);
    this.document = this.frame.contentDocument;
    this.view = this.frame.contentWindow;
    const policy = this.document.createElement("meta");
    policy.httpEquiv = "Content-Security-Policy";
    policy.content = "default-src 'none'";
    this.document.head.append(policy);
    const sheet = new this.view.CSSStyleSheet(), sources = [...this.source.querySelectorAll("_style")];
    sheet.replaceSync(sources.map(cssOf).join("\n"));
    const numImports = sources.reduce((sum, element) => sum + numImportsOf(element), 0);
    if (numImports) this.leaveOut("style sheet of another file", numImports);
    this.root = this.copyOf(this.source);
    this.hasViewBox = this.isSized = hasViewBox(this.source);
    const isOpen = (side) => NO_SIZE.test(this.source.getAttribute(side) ?? "");
    this.isSized ||= !isOpen("width") && !isOpen("height");
    for (const side of ["width", "height"]) {
      if (this.hasViewBox) this.root.style.setProperty(side, "1000px", "important");
      else if (isOpen(side)) this.root.style[side] = side === "width" ? "300px" : "150px";
    }
    this.document.documentElement.replaceWith(this.root);
    this.document.adoptedStyleSheets = [sheet];
    this.stretch = this.#stretch();
    this.unitsPerPixel = this.#unitsPerPixel();
    this.origin = this.stretch.multiply(DOMMatrix.fromMatrix(this.root.getScreenCTM()).inverse());
  }

  /** The matrix that stretches the document down its page, as a browser shows it. */
  #stretch() {
    const { viewBox, width, height } = this.root, box = viewBox.baseVal, matrix = new DOMMatrix();
    const isSized = ["width", "height"].every((side) => !NO_SIZE.test(this.source.getAttribute(side) ?? ""));
    const isStretched = /^\s*none\b/.test(this.source.getAttribute("preserveAspectRatio") ?? "");
    if (!this.hasViewBox || !isSized || !isStretched) return matrix;
    const [across, down] = [width.baseVal.value, height.baseVal.value];
    if (across > 0 && down > 0) {
      matrix.d = down / box.height * box.width / across;
      matrix.f = box.y * (1 - matrix.d);
    }
    return matrix;
  }

  /** How many units of the document a browser shows on a pixel; 1 if its sides have no lengths of their own. */
  #unitsPerPixel() {
    const box = this.root.viewBox.baseVal, extents = { width: box.width, height: box.height * this.stretch.d };
    const units = Object.keys(extents).filter((side) => !NO_SIZE.test(this.source.getAttribute(side) ?? ""))
      .map((side) => extents[side] / this.root[side].baseVal.value).filter((value) => value > 0 && value < Infinity);
    if (!this.hasViewBox || !units.length) return 1;
    const isCut = (this.source.getAttribute("preserveAspectRatio") ?? "").includes("slice");
    return isCut ? Math.min(...units) : Math.max(...units);
  }

  close() {
    this.frame.remove();
  }

  styleOf(element) {
    return this.view.getComputedStyle(element);
  }

  /** The matrix from an element's coordinates to the document's. */
  matrixOf(element) {
    return this.origin.multiply(DOMMatrix.fromMatrix(element.getScreenCTM()));
  }

  /**
   * Put the content of a `clipPath`, `mask`, `marker` or gradient where styles are computed, inside
   * of copies of what is around it, from which it inherits.
   *
   * @returns The copy, as an element of another name, and what it is of; null if there is none.
   */
  placed(link, kind, name, attributes = {}) {
    const target = this.ids.get(/url\(["']?#([^"')]*)/.exec(link ?? "")?.[1]);
    if (!target || !kind.test(target.localName)) return null;
    const copy = this.copyOf(target, 1, { name, attributes });
    if (!copy) return null;
    let outermost = copy;
    for (let outer = target.parentElement; outer && outer !== this.source; outer = outer.parentElement) {
      const group = this.#shellOf(outer, "g");
      group.append(outermost);
      for (const name of ["transform", "translate", "rotate", "scale"]) group.style.setProperty(name, "none", "important");
      group.style.setProperty("display", "inline", "important");
      outermost = group;
    }
    this.root.append(outermost);
    return { copy, target };
  }

  /** A copy of an element and of what is in it; of what is not read it has no more than the name. */
  copyOf(source, depth = 0, { name = source.localName, attributes = {} } = {}) {
    if (depth > MAX_DEPTH) return void this.leaveOut(`what is nested more than ${MAX_DEPTH} deep`);
    if (this.numLeft <= 0 || this.lettersLeft <= 0) return void this.leaveOut(`all after ${MAX_ELEMENTS - this.numLeft} elements`);
    this.numLeft--;
    const isSvg = source.namespaceURI === SVG, isUse = isSvg && name === "use", isRead = isSvg && READ.test(name);
    if (isSvg && !isFor(source)) return this.document.createElementNS(SVG, "metadata");
    const copied = isUse || name === "switch" ? "g" : isRead || (isSvg && NOT_READ[name]) ? name : "metadata"; // keeps a place beside others
    if (copied === "metadata") return this.document.createElementNS(SVG, copied);
    const copy = this.#shellOf(source, copied);
    for (const attribute in attributes) copy.setAttribute(attribute, attributes[attribute]);
    if (isUse) this.#use(source, copy, depth);
    const children = name === "switch" ? [...source.children].filter(isFor).slice(0, 1) : source.children;
    for (const child of isRead ? children : []) {
      const inner = this.copyOf(child, depth + 1);
      if (inner) copy.append(inner);
      else if (this.numLeft <= 0 || this.lettersLeft <= 0) break;
    }
    return copy;
  }

  /** A copy of an element, of another name, without what is in it. */
  #shellOf(source, name) {
    const copy = this.document.createElementNS(SVG, name);
    for (const { name: attribute, value } of source.attributes) {
      if (NOT_COPIED.test(attribute)) continue;
      copy.setAttribute(attribute, value.replace(LINKS, "none"));
      this.lettersLeft -= value.length;
    }
    copy.style.cssText = (source.getAttribute("_style") ?? "").replace(LINKS, "none");
    return copy;
  }

  /** Put what a `use` points at into its copy. */
  #use(source, copy, depth) {
    const link = linkOf(source);
    const target = link.startsWith("#") ? this.ids.get(link.slice(1)) : null;
    if (link && !link.startsWith("#")) this.leaveOut("`use` of another file");
    if (!target) return;
    if (this.drawn.has(target)) return void this.leaveOut(`\`use\`, as it must not draw itself; got ${link}`);
    const isViewport = /^(symbol|svg)$/.test(target.localName), attributes = {};
    const at = (name) => (source.getAttribute(name) ?? "0").trim().replace(/[\d.]$/, "$&px");
    for (const side of ["width", "height"]) {
      if (isViewport && source.hasAttribute(side)) attributes[side] = source.getAttribute(side);
    }
    const place = this.document.createElementNS(SVG, "g");
    place.style.translate = `${at("x")} ${at("y")}`;
    this.drawn.add(target);
    const inner = this.copyOf(target, depth + 1, { name: isViewport ? "svg" : target.localName, attributes });
    this.drawn.delete(target);
    if (inner) place.append(inner);
    copy.append(place);
  }
}

/** The root of a document. Its styles and handlers have other names: the page's policy forbids the parser to look at them. */
function parsed(text) {
  const plain = text.replace(/(\s)(style|on[a-z]+)(\s*=)/g, "$1_$2$3").replace(/(<\/?)((?:\w+:)?)style\b/g, "$1$2_style");
  const parse = (markup) => new DOMParser().parseFromString(markup, "image/svg+xml").documentElement;
  let root = parse(plain);
  if (root.localName === "svg" && !root.namespaceURI) root = parse(plain.replace(/<svg\b/, `<svg xmlns="${SVG}"`));
  if (root.localName !== "svg" || root.querySelector("parsererror")) throw new UserError(t("svgDamaged"));
  return root;
}

/** What an element refers to, such as `#id`; that without a namespace counts, even if it is empty. */
export const linkOf = (element) => (element.getAttribute("href") ?? element.getAttributeNS(XLINK, "href") ?? "").trim();

/** Whether an element is shown where English is read and nothing is known beyond SVG: the same everywhere, as in Python. */
function isFor(element) {
  const languages = (element.getAttribute("systemLanguage") ?? "en").toLowerCase().split(",");
  return languages.some((word) => /^\s*en(-|\s*$)/.test(word)) && !element.hasAttribute("requiredExtensions")
    && !(element.getAttribute("requiredFeatures") ?? "").includes("Extensibility");
}

/** How many sheets of other files a style sheet wants, which are never loaded. */
const numImportsOf = (element) => (element.textContent.match(IMPORTS) ?? []).filter((part) => part[0] === "@").length;

/** The rules of a style sheet, for a light screen. */
function cssOf(element) {
  const rules = element.textContent.replace(LINKS, "none")
    .replace(SCHEMES, (_, scheme) => (scheme.toLowerCase() === "light" ? "(min-width: 0)" : "(max-width: 0)"));
  const media = element.getAttribute("media");
  return media ? `@media ${media} {${rules}}` : rules;
}

function hasViewBox(root) {
  const box = (root.getAttribute("viewBox") ?? "").trim().split(/[\s,]+/).map(Number);
  return box.length === 4 && box.every(Number.isFinite) && box[2] > 0 && box[3] > 0;
}
