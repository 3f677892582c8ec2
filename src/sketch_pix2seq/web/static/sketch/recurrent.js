// The paper's decoders: an LSTM, one with layer norm, a HyperLSTM. All that they draw goes through
// the latent code, which is an input of every step. `decoders.py` has the same in numpy.
//
// Gates stand in the order input, forget, output, candidate.

import { STEP_DIM } from "./drawing.js";
import { Linear } from "./layers.js";
import { outputDim, Sampler } from "./mixture.js";

/** @typedef {import("./layers.js").Weights} Weights */
/**
 * @typedef {object} RecurrentDecoder
 * @property {(latent: Float32Array, temperature: number) => RecurrentRow} open
 * @property {(rows: RecurrentRow[]) => Float32Array[]} outputs
 */

const NORM_EPSILON = 1e-3; // what the layer norms of a cell add to the variance
const NUM_GATES = 4;
const SCALES = 8, CODES = 12; // of a HyperLSTM: scales of the gates, then four shifts

const sigmoid = (/** @type {number} */ value) => 1 / (1 + Math.exp(-value));

/** One drawing under way. */
class RecurrentRow {
  /**
   * @param {Float32Array[]} state Parts of the decoder's state. @param {number} temperature
   * @param {number} numComponents
   */
  constructor(state, temperature, numComponents) {
    this.state = state;
    /** The step drawn last; before the first one the start step. */
    this.step = Float32Array.of(0, 0, 1, 0, 0);
    this._temperature = Math.fround(temperature);
    this._sampler = new Sampler(numComponents);
  }

  /** Nothing but the state follows from the last step. */
  takeLastStep() {}

  /** Draw a step; `step` then holds it. @param {Float32Array} output @param {Float32Array} noise */
  draw(output, noise) {
    this._sampler.sample(output, noise, this._temperature, this.step);
  }
}

/** Moves an LSTM on: gates, then hidden state and memory, which are changed in place. */
class Cell {
  /** @param {number} size Hidden units. */
  constructor(size) {
    this.size = size;
  }

  /** @param {Float32Array} gates @param {Float32Array} hidden @param {Float32Array} memory */
  advance(gates, hidden, memory) {
    const { size } = this;
    for (let i = 0; i < size; i++) {
      const added = Math.tanh(gates[3 * size + i]) * sigmoid(gates[i]);
      memory[i] = memory[i] * sigmoid(gates[size + i]) + added;
      hidden[i] = Math.tanh(memory[i]) * sigmoid(gates[2 * size + i]);
    }
  }
}

/** The same with gates and memory normalised. */
class NormedCell {
  /** @param {Weights} weights @param {string} name @param {number} size */
  constructor(weights, name, size) {
    this.size = size;
    this._gain = weights.get(`${name}.gain`, NUM_GATES * size);
    this._shift = weights.get(`${name}.shift`, NUM_GATES * size);
    this._cellGain = weights.get(`${name}.cell_gain`, size);
    this._cellShift = weights.get(`${name}.cell_shift`, size);
    this._normed = new Float32Array(size);
  }

  /** @param {Float32Array} gates @param {Float32Array} hidden @param {Float32Array} memory */
  advance(gates, hidden, memory) {
    const { size } = this;
    for (let gate = 0; gate < NUM_GATES * size; gate += size) {
      normaliseUnits(gates, gates, gate, size, this._gain, this._shift, gate);
    }
    for (let i = 0; i < size; i++) {
      const added = Math.tanh(gates[3 * size + i]) * sigmoid(gates[i]);
      memory[i] = memory[i] * sigmoid(gates[size + i]) + added;
    }
    normaliseUnits(memory, this._normed, 0, size, this._cellGain, this._cellShift, 0);
    for (let i = 0; i < size; i++) {
      hidden[i] = Math.tanh(this._normed[i]) * sigmoid(gates[2 * size + i]);
    }
  }
}

/**
 * Layer norm of some units.
 *
 * @param {Float32Array} values @param {Float32Array} out @param {number} start @param {number} size
 * @param {Float32Array} gain @param {Float32Array} shift @param {number} from Of gain and shift.
 */
function normaliseUnits(values, out, start, size, gain, shift, from) {
  let sum = 0, squares = 0;
  for (let i = start; i < start + size; i++) sum += values[i];
  const mean = sum / size;
  for (let i = start; i < start + size; i++) squares += (values[i] - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / size + NORM_EPSILON);
  for (let i = 0; i < size; i++) {
    out[start + i] = (values[start + i] - mean) * scale * gain[from + i] + shift[from + i];
  }
}

/** Rows of numbers that stand side by side. @param {Float32Array[][]} rows */
function sideBySide(rows) {
  const width = rows[0].reduce((sum, part) => sum + part.length, 0);
  const joined = new Float32Array(rows.length * width);
  let at = 0;
  for (const part of rows.flat()) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Each row of some results. @param {Float32Array} results @param {number} count */
function split(results, count) {
  const width = results.length / count;
  return Array.from({ length: count }, (_, r) => results.subarray(r * width, (r + 1) * width));
}

/** @param {Weights} weights @param {string} name @param {number} outputs @param {number} inputs */
const product = (weights, name, outputs, inputs) =>
  new Linear(weights.products, weights.get(name, outputs, inputs), null, outputs);

/** @param {Float32Array} values @param {Float32Array} more */
function add(values, more) {
  for (let i = 0; i < values.length; i++) values[i] += more[i];
}

/** @implements {RecurrentDecoder} */
export class LSTMDecoder {
  /**
   * @param {Weights} weights By name, without the prefix `decoder.`.
   * @param {number} latentDim @param {number} size Hidden units. @param {number} numComponents
   * @param {boolean} layerNorm
   */
  constructor(weights, latentDim, size, numComponents, layerNorm) {
    const gates = NUM_GATES * size;
    this._size = size;
    this._numComponents = numComponents;
    this._start = Linear.named(weights, "start", latentDim, 2 * size);
    this._context = layerNorm
      ? product(weights, "latent.weight", gates, latentDim)
      : Linear.named(weights, "latent", latentDim, gates);
    this._cell = layerNorm ? new NormedCell(weights, "norm", size) : new Cell(size);
    this._gates = product(weights, "weight", gates, STEP_DIM + size);
    this._output = Linear.named(weights, "output", size, outputDim(numComponents));
  }

  /** Begin a drawing. @param {Float32Array} latent @param {number} temperature */
  open(latent, temperature) {
    const start = this._start.of(latent).map(Math.tanh), size = this._size;
    const state = [start.slice(0, size), start.slice(size), this._context.of(latent)];
    return new RecurrentRow(state, temperature, this._numComponents);
  }

  /** What the next step of each drawing is sampled from. @param {RecurrentRow[]} rows */
  outputs(rows) {
    const inputs = sideBySide(rows.map(({ step, state: [hidden] }) => [step, hidden]));
    split(this._gates.of(inputs), rows.length).forEach((gates, r) => {
      const [hidden, memory, context] = rows[r].state;
      add(gates, context);
      this._cell.advance(gates, hidden, memory);
    });
    const hidden = sideBySide(rows.map(({ state }) => [state[0]]));
    return split(this._output.of(hidden), rows.length);
  }
}

/**
 * HyperLSTM: a smaller LSTM decides, step by step, how the gates of the main one scale.
 * @implements {RecurrentDecoder}
 */
export class HyperDecoder {
  /**
   * @param {Weights} weights @param {number} latentDim @param {number} size
   * @param {number} numComponents
   * @param {number} hyperSize Units of the smaller LSTM.
   * @param {number} embedding Length of the code with which it scales each gate.
   */
  constructor(weights, latentDim, size, numComponents, hyperSize, embedding) {
    const gates = NUM_GATES * size, hyperGates = NUM_GATES * hyperSize;
    this._sizes = [size, size, hyperSize, hyperSize];
    this._numComponents = numComponents;
    this._start = Linear.named(weights, "start", latentDim, 2 * (size + hyperSize));
    this._context = product(weights, "latent.weight", gates, latentDim);
    this._hyperContext = product(weights, "hyper_latent.weight", hyperGates, latentDim);
    this._fromStep = product(weights, "step_weight", gates, STEP_DIM);
    this._fromHidden = product(weights, "recurrent_weight", gates, size);
    this._hyperGates = product(weights, "hyper_weight", hyperGates, STEP_DIM + size + hyperSize);
    const codes = weights.get("code_weight", CODES * embedding, hyperSize);
    const bias = new Float32Array(CODES * embedding); // the shifts have none
    bias.set(weights.get("code_bias", SCALES * embedding));
    this._codes = new Linear(weights.products, codes, bias, CODES * embedding);
    const scaling = weights.get("scaling", CODES, embedding, size);
    this._scaling = Array.from({ length: CODES }, (_, number) => {
      const start = number * embedding * size;
      const turned = new Float32Array(embedding * size).map(
        (_, i) => scaling[start + (i % embedding) * size + Math.floor(i / embedding)],
      );
      return new Linear(weights.products, turned, null, size);
    });
    this._cell = new NormedCell(weights, "norm", size);
    this._hyperCell = new NormedCell(weights, "hyper_norm", hyperSize);
    this._output = Linear.named(weights, "output", size, outputDim(numComponents));
  }

  /** Begin a drawing. @param {Float32Array} latent @param {number} temperature */
  open(latent, temperature) {
    const start = this._start.of(latent).map(Math.tanh);
    let at = 0;
    /** @type {Float32Array[]} */
    const state = this._sizes.map((size) => start.slice(at, (at += size)));
    state.push(this._context.of(latent), this._hyperContext.of(latent));
    return new RecurrentRow(state, temperature, this._numComponents);
  }

  /** What the next step of each drawing is sampled from. @param {RecurrentRow[]} rows */
  outputs(rows) {
    const count = rows.length, [size] = this._sizes;
    const inputs = rows.map(({ step, state: [hidden, , hyper] }) => [step, hidden, hyper]);
    split(this._hyperGates.of(sideBySide(inputs)), count).forEach((gates, r) => {
      add(gates, rows[r].state[5]);
      this._hyperCell.advance(gates, rows[r].state[2], rows[r].state[3]);
    });
    const hyper = sideBySide(rows.map(({ state }) => [state[2]]));
    const codes = split(this._codes.of(hyper), count);
    const fromStep = split(this._fromStep.of(sideBySide(rows.map(({ step }) => [step]))), count);
    const before = sideBySide(rows.map(({ state }) => [state[0]]));
    const fromHidden = split(this._fromHidden.of(before), count);
    rows.forEach(({ state: [hidden, memory, , , context] }, r) => {
      const length = codes[r].length / CODES;
      const scales = this._scaling.map((scaling, number) =>
        scaling.of(codes[r].subarray(number * length, (number + 1) * length)));
      const gates = fromStep[r];
      add(gates, context);
      for (let i = 0; i < gates.length; i++) {
        const gate = Math.floor(i / size), unit = i % size;
        gates[i] = gates[i] * scales[gate][unit] +
          fromHidden[r][i] * scales[NUM_GATES + gate][unit] + scales[SCALES + gate][unit];
      }
      this._cell.advance(gates, hidden, memory);
    });
    const hidden = sideBySide(rows.map(({ state }) => [state[0]]));
    return split(this._output.of(hidden), count);
  }
}

/**
 * sketch-rnn's encoder: an LSTM reads the strokes forwards, another one backwards.
 */
export class RNNEncoder {
  /**
   * @param {Weights} weights @param {number} latentDim @param {number} size Hidden units of each.
   */
  constructor(weights, latentDim, size) {
    this._cell = new Cell(size);
    this._gates = ["forwards", "backwards"].map((name) => new Linear(
      weights.products, weights.get(name, NUM_GATES * size, STEP_DIM + size),
      weights.get(`${name}_bias`, NUM_GATES * size), NUM_GATES * size,
    ));
    this._mean = Linear.named(weights, "head.mean", 2 * size, latentDim);
  }

  /** The code of a drawing. @param {Float32Array} steps (T, 5); without steps the end is read. */
  code(steps) {
    const read = steps.length > 0 ? steps : Float32Array.of(0, 0, 0, 0, 1);
    const rows = split(read, read.length / STEP_DIM), { size } = this._cell;
    const ends = this._gates.map((layer, direction) => {
      const hidden = new Float32Array(size), memory = new Float32Array(size);
      for (const step of direction ? rows.toReversed() : rows) {
        this._cell.advance(layer.of(sideBySide([[step, hidden]])), hidden, memory);
      }
      return hidden;
    });
    return this._mean.of(sideBySide([ends]));
  }
}
