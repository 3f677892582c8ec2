// A bundle: a trained model as users exchange it. Numbers and words, never code.

import { checkClassifier, checkModel, CLASSIFIER, MODEL } from "./bundle_checks.js";
import { checkBytes, readBody, request } from "./bundle_files.js";
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
const WEIGHTS = "weights.safetensors", LATENTS = "latents.safetensors";
const CLASSIFIER_WEIGHTS = "classifier.safetensors";

export class Bundle {
  /**
   * @param {Map<string, ArrayBuffer>} files Contents by name.
   * @throws {BundleError} If a file is missing, of another version, too large or not what its card
   *   says.
   */
  constructor(files) {
    let total = 0;
    for (const [name, content] of files) {
      const { byteLength: bytes = 0 } = content ?? {};
      checkBytes(name, bytes, (total += bytes));
    }
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
      checkClassifier(card, this.card);
      this.classifier = { card, weights: readSafetensors(classes, CLASSIFIER_WEIGHTS) };
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
      return readBody(response, (bytes, sum) => {
        loaded += bytes;
        checkBytes(names[i], sum, loaded);
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
