// The networks of a bundle: from drawings to codes, and to what a decoder draws from. `networks.py`
// has the same in numpy.

import { AttentionDecoder } from "./attention.js";
import { roundHalfEven, stepsOf } from "./drawing.js";
import { ConvEncoder, GridEncoder, PaperEncoder } from "./encoder.js";
import { UsageError } from "./errors.js";
import { openStream } from "./noise.js";
import { normalisedFor } from "./prefixes.js";
import { frameScale, rasterise } from "./raster.js";
import { HyperDecoder, LSTMDecoder, RNNEncoder } from "./recurrent.js";

/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./bundle.js").ModelCard} ModelCard */
/** @typedef {import("./layers.js").Weights} Weights */
/**
 * What the engine draws with.
 * @typedef {object} Decoder
 * @property {(condition: any, temperature: number) => any} open
 * @property {(rows: any[]) => Float32Array[]} outputs
 */
/**
 * What a `Sketcher` needs of networks. What an encoder reads of a drawing is its view: a picture,
 * or steps; what a decoder draws from is a condition.
 * @typedef {object} Networks
 * @property {Decoder} decoder
 * @property {boolean} attends Whether the decoder attends to tokens: a category beside the code,
 *   and a picture's grid.
 * @property {boolean} attendsToPicture Whether it learned to see the picture itself, not only its
 *   code.
 * @property {(drawing: Drawing) => Float32Array} view
 * @property {(view: Float32Array) => Float32Array} code
 * @property {(latent: Float32Array, categoryId?: number) => any} fromCode
 * @property {(view: Float32Array, fidelity: number | undefined, seed: number,
 *   categoryOf: (code: Float32Array) => number | undefined) =>
 *   {code: Float32Array, condition: (index: number) => any}} fromView Code of a drawing, and
 *   conditions of its redrawings by their numbers; where the code is all that is seen, the
 *   category that it shows is given, too.
 * @property {((condition: any, prefixes: Float32Array[]) => ArrayLike<number>) | null} logDensities
 *   Of first steps; null if a started drawing is taken to be as large as the whole.
 */

const HIDDEN_BLOCKS = 8; // along each side; each is visible or hidden as `fidelity` says

/**
 * Make the networks of a bundle.
 *
 * @param {ModelCard} card @param {Weights} weights
 * @returns {Networks}
 */
export function networksOf(card, weights) {
  return card.architecture.name === "attention"
    ? new AttentionNetworks(card, weights)
    : new RecurrentNetworks(card, weights);
}

/** A grid encoder and a decoder that attends to its grids. @implements {Networks} */
class AttentionNetworks {
  attends = true;

  /** @param {ModelCard} card @param {Weights} weights */
  constructor(card, weights) {
    const { architecture, raster } = card;
    const { latent_dim: latentDim, encoder_width: encoderWidth = 0 } = architecture;
    const { shown, partly, category } = card.recipe?.conditions ?? { shown: 1, partly: 0, category: 1 };
    this.attendsToPicture = Boolean(shown || partly);
    this._takesCategory = Boolean(category);
    this._raster = raster;
    this._encoder = new GridEncoder(weights.part("encoder."), latentDim, encoderWidth, raster.size);
    this.decoder = new AttentionDecoder(weights.part("decoder."), {
      latentDim,
      numCategories: card.categories.length,
      channels: 4 * encoderWidth,
      gridSize: raster.size / 8,
      width: architecture.decoder_size,
      numLayers: architecture.num_layers ?? 0,
      headSize: architecture.head_size ?? 0,
      expansion: architecture.expansion ?? 0,
      numComponents: architecture.num_components,
      stepPixels: card.offset_scale * frameScale(raster),
      pictureSize: raster.size,
      maxSteps: card.max_steps,
    });
  }

  /** @param {Drawing} drawing */
  view(drawing) {
    return rasterise(drawing, this._raster);
  }

  /** @param {Float32Array} picture */
  code(picture) {
    return this._encoder.codeOf(this._encoder.grid(picture));
  }

  /** @param {Float32Array} latent @param {number} [categoryId] */
  fromCode(latent, categoryId) {
    return this.decoder.condition({ latent, categoryId: this._takesCategory ? categoryId : undefined });
  }

  /**
   * @param {Float32Array} picture @param {number | undefined} fidelity @param {number} seed
   * @param {(code: Float32Array) => number | undefined} categoryOf
   */
  fromView(picture, fidelity, seed, categoryOf) {
    const grid = this._encoder.grid(picture), latent = this._encoder.codeOf(grid);
    if (!this.attendsToPicture) refuseFidelity(fidelity);
    if (fidelity !== undefined && fidelity > 0 && fidelity < 1) {
      const condition = (/** @type {number} */ index) => {
        const visible = visibleBlocks(this._raster.size, fidelity, seed, index);
        const ink = picture.map((value, i) => value * visible[i]);
        const visibleGrid = this._encoder.grid(picture, visible);
        return this.decoder.condition({ grid: visibleGrid, ink, visible, latent });
      };
      return { code: latent, condition };
    }
    const whole = fidelity === 0 || !this.attendsToPicture
      ? this.fromCode(latent, categoryOf(latent))
      : this.decoder.condition({ grid, ink: picture, latent });
    return { code: latent, condition: () => whole };
  }

  /** @param {import("./attention_row.js").Condition} condition @param {Float32Array[]} prefixes */
  logDensities(condition, prefixes) {
    return this.decoder.logDensities(condition, prefixes);
  }
}

/**
 * An encoder, from views to codes, and a recurrent decoder, from codes to steps.
 * @implements {Networks}
 */
class RecurrentNetworks {
  attends = false;
  attendsToPicture = false;
  logDensities = null;

  /** @param {ModelCard} card @param {Weights} weights */
  constructor(card, weights) {
    const { architecture, raster } = card, inside = weights.part("decoder.");
    const { name, latent_dim: latentDim, num_components: numComponents } = architecture;
    const { decoder_size: size, hyper_size: hyperSize = 0 } = architecture;
    const { hyper_embedding: embedding = 0 } = architecture;
    this._card = card;
    this._encoder = recurrentEncoder(card, weights.part("encoder."));
    /** What the encoder reads. @type {(drawing: Drawing) => Float32Array} */
    this.view = (drawing) => {
      if (architecture.encoder !== "rnn") return rasterise(drawing, raster);
      const strokes = truncated(normalisedFor(drawing, card, 1), card.max_steps);
      return stepsOf(strokes, card.offset_scale);
    };
    if (name === "hyper") {
      this.decoder = new HyperDecoder(inside, latentDim, size, numComponents, hyperSize, embedding);
    } else if (name === "lstm" || name === "layer_norm") {
      this.decoder = new LSTMDecoder(inside, latentDim, size, numComponents, name === "layer_norm");
    } else throw new Error(`no decoder ${name}`);
  }

  /** @param {Float32Array} view */
  code(view) {
    return this._encoder.code(view);
  }

  /** @param {Float32Array} latent */
  fromCode(latent) {
    return latent;
  }

  /** @param {Float32Array} view @param {number} [fidelity] */
  fromView(view, fidelity) {
    refuseFidelity(fidelity);
    const code = this.code(view);
    return { code, condition: () => code };
  }
}

/** Refuse to show a picture to a decoder that did not learn to see it. @param {number} [fidelity] */
function refuseFidelity(fidelity) {
  if (!fidelity) return;
  throw new UsageError(
    "`fidelity` must be 0 or left out for a model that draws from its code alone",
    { got: fidelity },
  );
}

/** @param {ModelCard} card @param {Weights} weights */
function recurrentEncoder({ architecture, raster }, weights) {
  const { encoder, latent_dim: latentDim } = architecture;
  const { encoder_width: width = 0, encoder_size: size = 0 } = architecture;
  if (encoder === "paper") return new PaperEncoder(weights, latentDim, raster.size);
  if (encoder === "conv") return new ConvEncoder(weights, latentDim, width, raster.size);
  return new RNNEncoder(weights, latentDim, size);
}

/**
 * The first points of a drawing.
 *
 * @param {import("./simplify.js").Points[]} drawing @param {number} count
 * @returns {Drawing}
 */
function truncated(drawing, count) {
  /** @type {Drawing} */
  const kept = [];
  for (const [xs, ys] of drawing) {
    if (count <= 0) break;
    kept.push([xs.slice(0, count), ys.slice(0, count)]);
    count -= xs.length;
  }
  return kept;
}

/**
 * 1 in the visible blocks of a picture: a share `fidelity` of them, chosen at random.
 *
 * @param {number} size @param {number} fidelity @param {number} seed @param {number} index
 */
function visibleBlocks(size, fidelity, seed, index) {
  const numBlocks = HIDDEN_BLOCKS ** 2, side = Math.floor(size / HIDDEN_BLOCKS);
  const count = roundHalfEven(fidelity * numBlocks);
  const visible = new Set(openStream(seed, index).permutation(numBlocks).slice(0, count));
  return Float32Array.from({ length: size * size }, (_, at) => {
    const row = Math.floor(at / size / side), column = Math.floor((at % size) / side);
    return visible.has(row * HIDDEN_BLOCKS + column) ? 1 : 0;
  });
}
