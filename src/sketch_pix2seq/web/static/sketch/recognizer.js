// What a model recognizes in drawings: their codes and categories; and which of several redrawings
// of a drawing are the best. `recognizer.py` and `classifier.py` have the same in numpy.

import { lineDistance } from "./distance.js";
import { BundleError } from "./errors.js";
import { checkedCode, LatentGaussians } from "./latents.js";
import { Linear, NormedConvolutions, Weights } from "./layers.js";
import { logSum } from "./mixture.js";

/** @typedef {import("./bundle.js").Bundle} Bundle */

const CODE_CLASSIFIER_WEIGHT = 0.2; // of the codes' log probabilities, the pictures' being 1
const REDRAWING_SOFTENING = 1.5; // the classifier is overconfident on redrawings
const CODE_DISTANCE_WEIGHT = 0.5; // nats that the mean distance between codes costs
const LINE_DISTANCE_WEIGHT = 4; // the same of the mean distance between lines

export class Recognizer {
  /**
   * @param {Bundle} bundle @param {import("./networks.js").Networks} networks
   * @param {import("./layers.js").Products} products
   */
  constructor({ card, latents, classifier }, networks, products) {
    const { categories, architecture } = card;
    this._networks = networks;
    /** @type {LatentGaussians | null} */
    this.gaussians = latents && new LatentGaussians(
      new Weights(latents, products), categories.length, architecture.latent_dim,
    );
    /** @type {PictureClassifier | null} */
    this.classifier = classifier && new PictureClassifier(
      classifier.card, new Weights(classifier.weights, products),
    );
  }

  /** Whether there is a classifier, of codes or of pictures. */
  get canClassify() {
    return this.gaussians !== null || this.classifier !== null;
  }

  /** The code of a drawing, from its view. @param {Float32Array} view */
  code(view) {
    return checkedCode(this._networks.code(view));
  }

  /** The likeliest category of a code; undefined if nothing knows or needs it. @param {Float32Array} code */
  categoryOf(code) {
    if (!this.gaussians || !this._networks.attends) return undefined;
    const logits = this.gaussians.logits(code);
    return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
  }

  /** The probability of each category. @param {Float32Array} view */
  probabilities(view) {
    if (!this.canClassify) {
      throw new BundleError("this bundle cannot classify drawings", {
        fix: "Export its run again with --data, the data set that it was trained on.",
      });
    }
    const byPicture = this.classifier?.logProbabilities(view);
    let total = byPicture ?? new Float32Array();
    if (this.gaussians) {
      const byCode = logSoftmax(this.gaussians.logits(this.code(view)));
      total = byPicture
        ? byPicture.map((value, i) => value + CODE_CLASSIFIER_WEIGHT * byCode[i])
        : byCode;
    }
    return logSoftmax(total).map(Math.exp);
  }

  /**
   * The picture classifier's log probabilities relative to the likeliest; null without one.
   *
   * @param {Float32Array} view
   */
  classScores(view) {
    const logs = this.classifier?.logProbabilities(view);
    if (!logs) return null;
    const most = logs.reduce((a, b) => Math.max(a, b));
    return logs.map((value) => value - most);
  }

  /**
   * How unlike a drawing is to one that it was drawn from: the distance of their lines or of their
   * codes, and the softened negative log probability that it shows what the other one shows.
   *
   * @param {Float32Array} view
   * @param {Float32Array} code Code of what it was drawn from.
   * @param {Float32Array | null} scores `classScores` of that.
   * @param {Float32Array | null} picture Its picture, if lines are to be compared.
   */
  unlikeness(view, code, scores, picture) {
    const distance = picture ? lineDistance(view, picture) : apart(this.code(view), code);
    if (!scores || !this.classifier) return { distance, surprise: 0 };
    const logits = this.classifier.logits(view).map((logit) => logit / REDRAWING_SOFTENING);
    const both = logSoftmax(logits).map((value, i) => value + scores[i]);
    return { distance, surprise: -both.reduce((a, b) => Math.max(a, b)) };
  }
}

/**
 * Rank the redrawings of one drawing: their numbers, the best one's first.
 *
 * @param {{distance: number, surprise: number}[]} candidates
 * @param {boolean} byLines Whether the distances are those of lines.
 */
export function ranked(candidates, byLines) {
  const weight = byLines ? LINE_DISTANCE_WEIGHT : CODE_DISTANCE_WEIGHT;
  const mean = candidates.reduce((sum, { distance }) => sum + distance, 0) / candidates.length;
  const costs = candidates.map(
    ({ distance, surprise }) => (weight * distance) / Math.max(mean, 1e-12) + surprise,
  );
  return candidates.map((_, i) => i).sort((a, b) => costs[a] - costs[b]);
}

/** Convolutions of 3x3 pixels, the mean over the picture, a linear layer. */
class PictureClassifier {
  /** @param {import("./bundle.js").ClassifierCard} card @param {Weights} weights */
  constructor(card, weights) {
    const { width } = card.architecture;
    this._size = card.raster.size;
    this._knowsMirrorImages = (card.recipe?.augmentation?.flip ?? 0) > 0;
    this._layers = new NormedConvolutions(weights, [
      [1, width, 1], [width, 2 * width, 2], [2 * width, 2 * width, 1], [2 * width, 4 * width, 2],
      [4 * width, 4 * width, 1], [4 * width, 8 * width, 2],
    ]);
    this._head = Linear.named(weights, "head", 8 * width, card.categories.length);
  }

  /** @param {Float32Array} picture */
  logits(picture) {
    const features = this._layers.of(picture, this._size), channels = this._head.inputs;
    const means = new Float32Array(channels);
    for (let i = 0; i < features.length; i++) means[i % channels] += features[i];
    const share = channels / features.length;
    return this._head.of(means.map((sum) => sum * share));
  }

  /** Averaged with those of the mirror image if it knows these. @param {Float32Array} picture */
  logProbabilities(picture) {
    const logs = logSoftmax(this.logits(picture));
    if (!this._knowsMirrorImages) return logs;
    const size = this._size;
    const mirrored = picture.map((_, i) => picture[i - (i % size) + size - 1 - (i % size)]);
    const others = logSoftmax(this.logits(mirrored));
    return logSoftmax(logs.map((value, i) => (value + others[i]) / 2));
  }
}

/** The distance of two codes. @param {Float32Array} first @param {Float32Array} second */
function apart(first, second) {
  return Math.sqrt(first.reduce((sum, value, i) => sum + (value - second[i]) ** 2, 0));
}

/** @param {Float32Array} logits */
function logSoftmax(logits) {
  const total = logSum(logits);
  return logits.map((logit) => logit - total);
}
