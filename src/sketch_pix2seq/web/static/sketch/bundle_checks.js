// Checks of the cards of an untrusted bundle: upper limits, and fields that other modules read.
// `checks.py`, `architectures.py` and `card.py` have the same in Python.

import { BundleError } from "./errors.js";

/** @typedef {import("./bundle.js").ModelCard} ModelCard */
/** @typedef {import("./bundle.js").ClassifierCard} ClassifierCard */

export const MODEL = "model.json", CLASSIFIER = "classifier.json";
const COMMON = ["latent_dim", "num_components", "decoder_size"];
/** Sizes that each decoder has. @type {Record<string, string[]>} */
const SIZES = {
  attention: [...COMMON, "num_layers", "head_size", "expansion"],
  lstm: COMMON,
  layer_norm: COMMON,
  hyper: [...COMMON, "hyper_size", "hyper_embedding"],
};
/** Sizes that each encoder has. @type {Record<string, string[]>} */
const ENCODER_SIZES = {
  grid: ["encoder_width"], paper: [], conv: ["encoder_width"], rnn: ["encoder_size"],
};
/** The largest value of each size. @type {Record<string, number>} */
const LIMITS = {
  latent_dim: 1024, num_components: 100, decoder_size: 2048, encoder_width: 256,
  encoder_size: 2048, hyper_size: 2048, hyper_embedding: 256, num_layers: 32, head_size: 256,
  expansion: 8, width: 256,
};
/** A picture's side must be a multiple of this, by the encoder. @type {Record<string, number>} */
const STRIDES = { grid: 16, paper: 8, conv: 16, rnn: 1 };
const GRID_STRIDE = 8; // pixels to a side of what a grid's tokens are made of
const NUM_GROUPS = 8; // of channels: their numbers are multiples of it
const MAX_PICTURE_SIZE = 512, MAX_STEPS = 2000, MAX_TEMPERATURE = 100;
const MIN_SCALE = 1e-6, MAX_SCALE = 1e6; // pixels to a unit of offsets
const MAX_FIRST_LAYER = 1 << 21; // channels of the first convolution times pixels of a picture
const MAX_ATTENDED = 1 << 21; // layers times head size times positions, of a drawing in progress
const MAX_CATEGORIES = 10_000, MAX_TEXT = 10_000;
const MAX_SHOWN = 80; // letters of a wrong value
/** Largest number of letters of a category, or of a model's name. */
export const MAX_NAME = 100;

/** Refuse a card. @param {string} file @param {string} rule @param {unknown} [value] */
function refuse(file, rule, value) {
  const shown = value === undefined ? {} : { got: String(JSON.stringify(value)).slice(0, MAX_SHOWN) };
  return new BundleError(`\`${file}\`: ${rule}`, shown);
}

const written = (/** @type {number} */ number) =>
  number.toLocaleString("en", { maximumFractionDigits: 9 });

/** Whether a value is a text of so many letters at most, none of which controls anything. */
export const isPrintable = (/** @type {unknown} */ text, /** @type {number} */ most) =>
  typeof text === "string" && text.length <= 2 * most && [...text].length <= most
    && /^(?: |[^\p{C}\p{Z}])*$/u.test(text);

/**
 * @param {string} file @param {Record<string, unknown>} values
 * @param {Record<string, number>} limits
 */
function checkWhole(file, values, limits) {
  for (const [name, most] of Object.entries(limits)) {
    const value = values[name];
    if (Number.isInteger(value) && Number(value) > 0 && Number(value) <= most) continue;
    throw refuse(file, `\`${name}\` must be a whole number from 1 to ${written(most)}`, value);
  }
}

/**
 * @param {string} file @param {string} name @param {unknown} value
 * @param {number} least @param {number} most
 */
function checkNumber(file, name, value, least, most) {
  if (typeof value === "number" && value >= least && value <= most) return;
  const range = `from ${written(least)} to ${written(most)}`;
  throw refuse(file, `\`${name}\` must be a number ${range}`, value);
}

/** @param {string} file @param {string} name @param {unknown} text @param {number} most */
function checkText(file, name, text, most) {
  if (isPrintable(text, most)) return;
  throw refuse(file, `\`${name}\` must be a printable text of at most ${written(most)} letters`, text);
}

/** @param {string} file @param {unknown} categories @param {number} least */
function checkCategories(file, categories, least) {
  if (!Array.isArray(categories)) throw refuse(file, "`categories` must be a list of names");
  if (categories.length < least || categories.length > MAX_CATEGORIES) {
    const rule = `\`categories\` must name ${least} to ${written(MAX_CATEGORIES)} categories`;
    throw new BundleError(`\`${file}\`: ${rule}`, { got: written(categories.length) });
  }
  const wrong = categories.find((name) => !isPrintable(name, MAX_NAME) || name === "");
  if (wrong !== undefined) {
    const rule = `\`categories\` must be a list of names of 1 to ${MAX_NAME} printable letters`;
    throw refuse(file, rule, wrong);
  }
  if (new Set(categories).size < categories.length) {
    throw refuse(file, "`categories` must differ from each other");
  }
}

/** @param {string} file @param {import("./raster.js").RasterSettings} raster */
function checkRaster(file, raster) {
  checkWhole(file, { size: raster?.size }, { size: MAX_PICTURE_SIZE });
  const { size, margin, line_width: width } = raster;
  if (!(typeof margin === "number" && margin >= 0 && 2 * margin < size)) {
    throw refuse(file, "`margin` must be a number from 0 to below half of `size`", margin);
  }
  if (!(typeof width === "number" && width > 0 && width <= size)) {
    throw refuse(file, "`line_width` must be a number above 0 and up to `size`", width);
  }
}

/** @param {string} file @param {string} name @param {number} width @param {number} pixels */
function checkFirstLayer(file, name, width, pixels) {
  if (width % NUM_GROUPS) throw refuse(file, `\`${name}\` must be a multiple of ${NUM_GROUPS}`, width);
  if (width * pixels <= MAX_FIRST_LAYER) return;
  const rule = `\`${name}\` times the pixels of a picture must be at most ${written(MAX_FIRST_LAYER)}`;
  throw new BundleError(`\`${file}\`: ${rule}`, { got: written(width * pixels) });
}

/**
 * Check what `model.json` says.
 *
 * @param {ModelCard} card
 * @throws {BundleError} Saying what is missing or does not fit.
 */
export function checkModel(card) {
  checkArchitecture(card);
  checkWhole(MODEL, { max_steps: card.max_steps }, { max_steps: MAX_STEPS });
  checkNumber(MODEL, "offset_scale", card.offset_scale, MIN_SCALE, MAX_SCALE);
  checkNumber(MODEL, "temperature", card.temperature, 0, MAX_TEMPERATURE);
  checkText(MODEL, "name", card.name, MAX_NAME);
  checkText(MODEL, "licence", card.licence ?? "", MAX_TEXT);
  checkText(MODEL, "attribution", card.attribution ?? "", MAX_TEXT);
  checkCategories(MODEL, card.categories, 1);
}

/** @param {ModelCard} card */
function checkArchitecture({ architecture, raster }) {
  const { name, encoder = "grid", ...others } = architecture ?? {};
  const isKnown = Object.hasOwn(SIZES, name) && Object.hasOwn(STRIDES, encoder);
  if (!isKnown || (name === "attention") !== (encoder === "grid")) {
    throw new BundleError("the architecture of a model must be one that this release knows", {
      got: String(JSON.stringify({ name, encoder: architecture?.encoder })).slice(0, MAX_SHOWN),
      fix: "A newer release of sketch-pix2seq may know it.",
    });
  }
  /** @type {Record<string, any>} */
  const sizes = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== null));
  const needed = [...SIZES[name], ...ENCODER_SIZES[encoder]];
  const missing = needed.find((size) => !Object.hasOwn(sizes, size));
  if (missing) throw refuse(MODEL, `\`architecture\` must hold \`${missing}\``);
  const surplus = Object.keys(sizes).find((size) => !needed.includes(size));
  if (surplus) {
    throw refuse(MODEL, `\`architecture\` must not hold \`${surplus.slice(0, MAX_SHOWN)}\``);
  }
  checkWhole(MODEL, sizes, Object.fromEntries(needed.map((size) => [size, LIMITS[size]])));
  checkRaster(MODEL, raster);
  const { size } = raster, stride = STRIDES[encoder];
  if (size % stride) throw refuse(MODEL, `\`size\` of the raster must be a multiple of ${stride}`, size);
  checkFirstLayer(MODEL, "encoder_width", sizes.encoder_width ?? 0, size ** 2);
  if (name !== "attention") return;
  if (sizes.decoder_size % sizes.head_size) {
    throw refuse(MODEL, "`decoder_size` must be a multiple of `head_size`", sizes.decoder_size);
  }
  const positions = (size / GRID_STRIDE) ** 2 + MAX_STEPS;
  if (sizes.num_layers * sizes.head_size * positions > MAX_ATTENDED) {
    throw refuse(MODEL, "`num_layers` times `head_size` must be smaller for such pictures");
  }
}

/**
 * Check what `classifier.json` says.
 *
 * @param {ClassifierCard} classifier @param {ModelCard} card Of the model, already checked.
 * @throws {BundleError} If it does not fit, or fits another model.
 */
export function checkClassifier(classifier, card) {
  const { name: kind, width } = classifier.architecture ?? {};
  if (kind !== "conv") throw refuse(CLASSIFIER, "`name` of the architecture must be `conv`", kind);
  checkWhole(CLASSIFIER, { width }, { width: LIMITS.width });
  checkRaster(CLASSIFIER, classifier.raster);
  checkFirstLayer(CLASSIFIER, "width", width, classifier.raster.size ** 2);
  checkCategories(CLASSIFIER, classifier.categories, 2);
  const { size, margin, line_width: lineWidth } = classifier.raster, { raster, categories } = card;
  const sameRaster =
    size === raster.size && margin === raster.margin && lineWidth === raster.line_width;
  const sameCategories = JSON.stringify(classifier.categories) === JSON.stringify(categories);
  if (card.architecture.encoder === "rnn" || !sameRaster || !sameCategories) {
    throw new BundleError(
      "a bundle's classifier must know its categories, in their order, and see its pictures",
      { fix: "Export the run again, with a classifier of the same data set and `raster`." },
    );
  }
}
