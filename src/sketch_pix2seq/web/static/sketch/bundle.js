// A bundle: a trained model as users exchange it. Numbers and words, never code.

import { BundleError } from "./errors.js";
import { GALLERY_FILE, readGallery } from "./gallery.js";
import { readSafetensors } from "./safetensors.js";

/** @typedef {import("./raster.js").RasterSettings} RasterSettings */
/** @typedef {Map<string, import("./safetensors.js").Tensor>} Weights */
/**
 * Networks and their sizes: `attention`, or the paper's `lstm`, `layer_norm` and `hyper` with an
 * encoder.
 * @typedef {object} Architecture
 * @property {string} name
 * @property {string} [encoder]
 * @property {number} latent_dim
 * @property {number} num_components
 * @property {number} decoder_size
 * @property {number} [encoder_width]
 * @property {number} [encoder_size]
 * @property {number} [hyper_size]
 * @property {number} [hyper_embedding]
 * @property {number} [num_layers]
 * @property {number} [head_size]
 * @property {number} [expansion]
 */
/**
 * What `model.json` says.
 * @typedef {object} ModelCard
 * @property {number} format_version
 * @property {string} name
 * @property {Architecture} architecture
 * @property {string[]} categories
 * @property {RasterSettings} raster
 * @property {number} offset_scale Pixels (longest side of a drawing = 255) to a unit of offsets.
 * @property {number} max_steps
 * @property {number} temperature The one that suits the model.
 * @property {string} licence
 * @property {string} attribution
 * @property {{options?: {epsilon?: number | null}}} data
 * @property {{conditions?: {shown?: number, partly?: number, category?: number}}} [recipe]
 */
/**
 * What `classifier.json` says.
 * @typedef {object} ClassifierCard
 * @property {number} format_version
 * @property {{name: string, width: number}} architecture
 * @property {string[]} categories
 * @property {RasterSettings} raster
 * @property {{augmentation?: {flip?: number}}} recipe
 */
/**
 * @typedef {object} Progress
 * @property {number} loaded Bytes of all files so far.
 * @property {number | null} total Bytes of all files; null as long as it is not known.
 */

const FORMAT_VERSION = 2;
const MODEL = "model.json", WEIGHTS = "weights.safetensors", LATENTS = "latents.safetensors";
const CLASSIFIER = "classifier.json", CLASSIFIER_WEIGHTS = "classifier.safetensors";
const COMMON = ["latent_dim", "num_components", "decoder_size"];
/** Sizes that each architecture has. @type {Record<string, string[]>} */
const SIZES = {
  attention: [...COMMON, "encoder_width", "num_layers", "head_size", "expansion"],
  lstm: COMMON,
  layer_norm: COMMON,
  hyper: [...COMMON, "hyper_size", "hyper_embedding"],
};
/** A picture's side must be a multiple of this, by the encoder. @type {Record<string, number>} */
const STRIDES = { grid: 16, paper: 8, conv: 16, rnn: 1 };
const NUM_GROUPS = 8; // of channels: their numbers are multiples of it
const MAX_PICTURE_SIZE = 512, MAX_STEPS = 2000, MAX_SCALE = 1e6;

export class Bundle {
  /**
   * @param {Map<string, ArrayBuffer>} files Contents by name.
   * @throws {BundleError} If a file is missing, of another version or not what its card says.
   */
  constructor(files) {
    const [model, weights] = [MODEL, WEIGHTS].map((name) => files.get(name));
    if (!model || !weights) throw new BundleError(`the bundle lacks ${model ? WEIGHTS : MODEL}`);
    /** @type {ModelCard} */
    this.card = readCard(model, MODEL);
    checkModel(this.card);
    this.weights = readSafetensors(weights, WEIGHTS);
    const latents = files.get(LATENTS);
    /** How latent codes are distributed; it may be missing. @type {Weights | null} */
    this.latents = latents ? readSafetensors(latents, LATENTS) : null;
    const classifier = files.get(CLASSIFIER), classes = files.get(CLASSIFIER_WEIGHTS);
    if (!classifier !== !classes) {
      throw new BundleError(`the bundle lacks ${classifier ? CLASSIFIER_WEIGHTS : CLASSIFIER}`);
    }
    /**
     * What classifies pictures; it may be missing.
     * @type {{card: ClassifierCard, weights: Weights} | null}
     */
    this.classifier = null;
    if (classifier && classes) {
      const card = readCard(classifier, CLASSIFIER);
      this.classifier = { card, weights: readSafetensors(classes, CLASSIFIER_WEIGHTS) };
      checkClassifier(card, this.card);
    }
    const gallery = files.get(GALLERY_FILE);
    /** Human drawings and their places on a map. @type {import("./gallery.js").GalleryItem[]} */
    this.gallery = gallery ? readGallery(gallery) : [];
  }

  /**
   * Fetch a bundle.
   *
   * @param {string | URL} url Address of its folder.
   * @param {object} [options]
   * @param {(progress: Progress) => void} [options.onProgress]
   * @param {AbortSignal} [options.signal]
   * @param {boolean} [options.gallery] Whether to fetch the gallery too.
   */
  static async fetch(url, { onProgress = () => {}, signal, gallery = false } = {}) {
    const folder = new URL(String(url).replace(/\/?$/, "/"), globalThis.location?.href);
    const needed = [MODEL, WEIGHTS];
    const names = [...needed, LATENTS, CLASSIFIER, CLASSIFIER_WEIGHTS];
    if (gallery) names.push(GALLERY_FILE);
    let loaded = 0;
    /** @type {(number | null)[]} */
    const sizes = [];
    const responses = await Promise.all(
      names.map((name) => request(new URL(name, folder), signal)),
    );
    const fetched = responses.map(async (response, i) => {
      if (!response.ok) {
        if (response.status === 404 && !needed.includes(names[i])) return null;
        throw new BundleError(`\`${names[i]}\` of the bundle cannot be fetched`, {
          got: `${response.status} from ${response.url}`,
        });
      }
      const isPacked = response.headers.has("content-encoding"); // its length is another one
      sizes.push(isPacked ? null : Number(response.headers.get("content-length")) || null);
      return readBody(response, (bytes) => {
        loaded += bytes;
        const total = sizes.includes(null) ? null : sizes.reduce((a, b) => (a ?? 0) + (b ?? 0), 0);
        onProgress({ loaded, total });
      });
    });
    const contents = await Promise.all(fetched);
    const files = new Map();
    contents.forEach((content, i) => content && files.set(names[i], content));
    return new Bundle(files);
  }
}

/** @param {URL} url @param {AbortSignal} [signal] */
async function request(url, signal) {
  try {
    return await fetch(url, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new BundleError("the bundle cannot be fetched", { got: `${error} from ${url}` });
  }
}

/** @param {Response} response @param {(bytes: number) => void} onBytes */
async function readBody(response, onBytes) {
  const chunks = [];
  let size = 0;
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (!value) continue;
    chunks.push(value);
    size += value.length;
    onBytes(value.length);
  }
  const content = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content.buffer;
}

/** @param {ArrayBuffer} content @param {string} file */
function readCard(content, file) {
  let card;
  try {
    card = JSON.parse(new TextDecoder().decode(content));
  } catch (error) {
    throw new BundleError(`\`${file}\` is not JSON`, { got: error });
  }
  if (card?.format_version !== FORMAT_VERSION) {
    throw new BundleError(`\`${file}\` must be of format version ${FORMAT_VERSION}`, {
      got: card?.format_version,
      fix: "Export its run again: `sketch-pix2seq export RUN --out BUNDLE`.",
    });
  }
  return card;
}

/** @param {ModelCard} card */
function checkModel(card) {
  const { architecture, categories, raster, offset_scale: scale, max_steps: steps } = card;
  const { temperature } = card;
  const { name, encoder = "grid", ...given } = architecture ?? {};
  const known = SIZES[name], stride = STRIDES[encoder], sizes = Object.keys(given);
  if (!known || !stride || (name === "attention") !== (encoder === "grid")) {
    throw new BundleError("the architecture of a model must be one that this release knows", {
      got: JSON.stringify({ name, encoder: architecture?.encoder }),
      fix: "A newer release of sketch-pix2seq may know it.",
    });
  }
  const missing = known.filter((size) => !sizes.includes(size));
  const whole = { ...Object.fromEntries(missing.map((size) => [size, undefined])), ...given };
  for (const [field, value] of Object.entries({ ...whole, size: raster?.size, max_steps: steps })) {
    if (!(Number.isInteger(value) && Number(value) > 0)) {
      const rule = `\`${field}\` in \`${MODEL}\` must be a whole number above 0`;
      throw new BundleError(rule, { got: value });
    }
  }
  const { size, margin, line_width: width } = raster;
  const fits = size % stride === 0 && size <= MAX_PICTURE_SIZE && steps <= MAX_STEPS;
  const { encoder_width: channels = 0, decoder_size: inside, head_size: head = 1 } = architecture;
  const isWhole = channels % NUM_GROUPS === 0 && inside % head === 0;
  const areNumbers = [margin, width, scale, temperature].every(Number.isFinite);
  const isDrawn = areNumbers && margin >= 0 && 2 * margin < size && width > 0 && width <= size;
  if (!(fits && isWhole && isDrawn && scale > 0 && scale <= MAX_SCALE && temperature >= 0)) {
    throw new BundleError(`\`${MODEL}\` must hold settings that a model can have`, {
      got: JSON.stringify([architecture, raster, scale, steps, temperature]),
    });
  }
  const areNames = Array.isArray(categories)
    && categories.every((category) => typeof category === "string");
  if (!areNames || categories.length === 0) {
    throw new BundleError("`categories` must be a list of names, at least one");
  }
}

/** @param {ClassifierCard} classifier @param {ModelCard} card */
function checkClassifier(classifier, card) {
  const { size, margin, line_width: width } = classifier.raster ?? {};
  const { name: kind, width: channels } = classifier.architecture ?? {};
  const fits = Number.isInteger(channels) && channels > 0 && channels % NUM_GROUPS === 0;
  if (kind !== "conv" || !fits) {
    throw new BundleError("the classifier must be `conv` of a width that is a multiple of 8", {
      got: JSON.stringify(classifier.architecture),
    });
  }
  const sameRaster =
    size === card.raster.size && margin === card.raster.margin && width === card.raster.line_width;
  const sameCategories = String(classifier.categories) === String(card.categories);
  if (card.architecture.encoder === "rnn" || !sameRaster || !sameCategories) {
    throw new BundleError(
      "a bundle's classifier must know its categories, in their order, and see its pictures",
      { fix: "Export the run again, with a classifier of the same data set and `raster`." },
    );
  }
}
