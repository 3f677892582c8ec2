"""The `attention` decoder in numpy.

The keys and values of past steps are cached, so that every step costs about the same. The windows
around the pens are in `inference.pen_view`.

`models/attention.py` owns the architecture. This is the numpy version, tested against it.

Shape letters: R rows (drawings in progress), K new rows, N memory tokens, P past and memory,
W width, H heads, D size of a head, Z latent, C channels, G side of the grid, S side of the picture,
E length of a step's noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.attention_layers import (
    BLOCK,
    EPSILON,
    Layer,
    after_norm,
    attend,
    num_blocks,
    sinusoidal,
    unit_rows,
    zero_mean,
)
from sketch_pix2seq.inference.decoders import Decoder, DecoderRows
from sketch_pix2seq.inference.layers import (
    ROWS,
    Linear,
    Weights,
    float32_weight,
    lay_together,
    layer_norm,
)
from sketch_pix2seq.inference.mixture import (
    NUM_PROPOSALS,
    log_prob,
    perturbed_logits,
    proposals,
    sample,
)
from sketch_pix2seq.inference.pen_view import PenView
from sketch_pix2seq.sketch import guidance
from sketch_pix2seq.sketch.network_layout import (
    ENCODING_DIM,
    HIDDEN,
    NUM_CODE_TOKENS,
    NUM_NORMALS,
    PARTLY,
    PEN_TEMPERATURE,
    POSITION_PERIODS,
    SHOWN,
    STEP_PERIODS,
    VIEW_DIM,
    output_dim,
)
from sketch_pix2seq.sketch.pen import NUM_PEN_STATES, OFFSET, PEN, PEN_DOWN, START_STEP, STROKE5_DIM

_PEN_NOISE = slice(-NUM_NORMALS - NUM_PEN_STATES, -NUM_NORMALS)
_POSITION_RATES = (2 * np.pi / np.array(POSITION_PERIODS)).astype(np.float32)
_STEP_RATES = (2 * np.pi / np.array(STEP_PERIODS)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class AttentionCondition:
    """The condition of one drawing, ready for the decoder.

    Args:
        keys: Keys of the memory in each of L layers, in blocks; those after N are as the first.
        values: Values of the memory in each layer, and a column of ones; those after N are 0.
        length: N.
        ink: The visible part of the picture; zeros if it is hidden.
        paper: Visible paper (`guidance.paper_of`).
        visibility: `HIDDEN`, `PARTLY` or `SHOWN`.
    """

    keys: Float32[np.ndarray, "L _ D BLOCK"]
    values: Float32[np.ndarray, "L _ BLOCK _"]
    length: int
    ink: Float32[np.ndarray, "S S"]
    paper: Float32[np.ndarray, "S S"]
    visibility: int


class AttentionDecoder(Decoder[AttentionCondition]):
    """A causal transformer over the steps of a drawing.

    Args:
        weights: Arrays by name, without the prefix `decoder.`.
        latent_dim: Z.
        num_categories: K.
        channels: C of the grid.
        grid_size: G.
        width: W.
        num_layers: L, number of layers.
        head_size: D; W is a multiple of it.
        expansion: Width of the feed-forward networks, in multiples of W.
        num_components: M of the mixture.
        step_pixels: Pixels of the picture to one unit of the offsets.
        picture_size: S.
        max_steps: Steps of a drawing, at most.

    Raises:
        BundleError: If a weight is missing or has another shape.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        latent_dim: int,
        num_categories: int,
        channels: int,
        grid_size: int,
        width: int,
        num_layers: int,
        head_size: int,
        expansion: int,
        num_components: int,
        step_pixels: float,
        picture_size: int,
        max_steps: int,
    ) -> None:
        def weight(name: str, *shape: int) -> Float32[np.ndarray, "..."]:
            return float32_weight(weights, name, shape)

        self.width, self.head_size, self.num_heads = width, head_size, width // head_size
        self.num_layers, self.max_steps = num_layers, max_steps
        self.step_pixels, self.picture_size = step_pixels, picture_size
        self._blank = np.zeros((picture_size, picture_size), np.float32)
        self.num_tokens = grid_size * grid_size + NUM_CODE_TOKENS + 2
        self._grid = Linear(weight("grid.weight", width, channels), weight("grid.bias", width))
        self._grid_place = weight("grid_place", grid_size * grid_size, width)
        self._code = Linear(
            weight("code.weight", NUM_CODE_TOKENS * width, latent_dim),
            weight("code.bias", NUM_CODE_TOKENS * width),
        )
        self._category = weight("category.weight", num_categories, width)
        self._null = weight("null", width)
        self._memory_norm = weight("memory_norm.weight", width), weight("memory_norm.bias", width)
        self.num_inputs = STROKE5_DIM + ENCODING_DIM + VIEW_DIM
        self.step = Linear(
            zero_mean(weight("step.weight", width, self.num_inputs)),
            zero_mean(weight("step.bias", width)),
        )
        numbers = np.arange(max_steps + 1, dtype=np.float32)[:, None]
        self.step_encodings = sinusoidal(numbers, _STEP_RATES)
        self.visibility_embedding = zero_mean(weight("shown.weight", 3, width).T).T
        self.layers = [
            Layer(weights, f"layers.{number}", width, head_size, expansion)
            for number in range(num_layers)
        ]
        size = output_dim(num_components)
        norm = weight("norm.weight", width), weight("norm.bias", width)
        self.output = after_norm(
            *norm, weight("output.weight", size, width), weight("output.bias", size)
        )

        products = [self.step.product]
        for layer in self.layers:
            products += layer.qkv.product, layer.out, layer.feed_in.product, layer.feed_out.product
        lay_together([*products, self.output.product])

    def condition(
        self,
        *,
        grid: Float32[np.ndarray, "G G C"] | None = None,
        ink: Float32[np.ndarray, "S S"] | None = None,
        visible: Float32[np.ndarray, "S S"] | None = None,
        latent: Float32[np.ndarray, "Z"] | None = None,
        category_id: int | None = None,
    ) -> AttentionCondition:
        """Prepare the condition of a drawing; the decoder does not get what is left out.

        Args:
            grid: Grid of the visible part of the picture (`GridEncoder.grids`).
            ink: The visible part of the picture; needed with `grid`.
            visible: 1 where the picture is visible, if a part of it is hidden.
            latent: The code of the whole picture.
            category_id: The category to draw.
        """
        tokens = []
        if grid is not None:
            tokens.append(self._grid(grid.reshape(-1, grid.shape[-1])) + self._grid_place)
        if latent is not None:
            tokens.append(self._code(latent[None]).reshape(NUM_CODE_TOKENS, -1))
        if category_id is not None:
            tokens.append(self._category[category_id][None])
        tokens.append(self._null[None])
        memory = layer_norm(np.concatenate(tokens), *self._memory_norm, EPSILON)
        length, head = len(memory), self.head_size
        shape = (self.num_layers, num_blocks(length) * BLOCK)
        keys = np.empty((*shape, head), np.float32)
        values = np.zeros((*shape, head + 1), np.float32)
        for number, layer in enumerate(self.layers):
            both = layer.memory(memory)  # (N, 2 D)
            keys[number, :length], values[number, :length, :head] = np.split(both, 2, axis=1)
        keys[:, length:] = keys[:, :1]
        values[:, :length, head] = 1
        if grid is None:
            visibility, ink = HIDDEN, self._blank
            paper = ink
        else:
            assert ink is not None
            visibility = SHOWN if visible is None else PARTLY
            visible = np.ones_like(ink) if visible is None else visible
            paper = guidance.paper_of(ink[None], visible[None])[0]
        blocks = (self.num_layers, -1, BLOCK)
        return AttentionCondition(
            np.ascontiguousarray(keys.reshape(*blocks, head).swapaxes(2, 3)),
            values.reshape(*blocks, head + 1),
            length,
            ink,
            paper,
            visibility,
        )

    def open(self, num_rows: int) -> AttentionRows:
        """See `Decoder`."""
        return AttentionRows(self, num_rows)

    def log_probs(
        self, condition: AttentionCondition, prefixes: Sequence[Float32[np.ndarray, "_ 5"]]
    ) -> Float32[np.ndarray, "N"]:
        """Log densities, in nats, of the first steps of N drawings under one condition."""
        rows = AttentionRows(self, len(prefixes))
        return rows.log_probs(condition, prefixes)


class AttentionRows(DecoderRows[AttentionCondition]):
    """Drawings in progress with an `AttentionDecoder`, at most `num_rows` at once."""

    def __init__(self, decoder: AttentionDecoder, num_rows: int) -> None:
        super().__init__(num_rows)
        self._decoder = decoder
        blocks = num_blocks(decoder.num_tokens + decoder.max_steps)
        shape, head = (num_rows, decoder.num_layers, blocks), decoder.head_size
        # Unused keys are as the first one and unused values 0: they change neither the largest
        # score nor a sum.
        self._keys = np.zeros((*shape, head, BLOCK), np.float32)
        self._values = np.zeros((*shape, BLOCK, head + 1), np.float32)
        "Values and a column of ones, which sums to the softmax denominator."
        padded = -(-num_rows // ROWS) * ROWS
        self._inputs = np.zeros((padded, decoder.num_inputs), np.float32)
        "Scratch: what the first product reads."
        self._num_keys = np.zeros(num_rows, np.int64)
        "Memory tokens and past steps of each row."
        self._num_steps = np.zeros(num_rows, np.int64)
        "Steps drawn."
        self._visibility_rows = np.zeros((num_rows, decoder.width), np.float32)
        self._offsets = np.zeros((num_rows, 2), np.float32)
        "Sum of the offsets, in the decoder's units."
        self._position = np.zeros((num_rows, 2), np.float32)
        "Where the pens are, in pixels."
        self._next_draws = np.zeros(num_rows, bool)
        "Whether the next step draws a line."
        self._visibility = np.zeros(num_rows, np.int64)
        "`HIDDEN`, `PARTLY` or `SHOWN`."
        self._view = PenView(num_rows, decoder.picture_size)

    def insert(
        self,
        start: int,
        conditions: Sequence[AttentionCondition],
        noise: Float32[np.ndarray, "K E"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """See `DecoderRows`."""
        self._load(start, conditions, temperatures)
        return self._draw(slice(start, start + len(conditions)), noise)

    def log_probs(
        self, condition: AttentionCondition, prefixes: Sequence[Float32[np.ndarray, "_ 5"]]
    ) -> Float32[np.ndarray, "N"]:
        """See `AttentionDecoder.log_probs`; for fresh rows."""
        count = len(prefixes)
        every = slice(0, count)
        self._load(0, [condition] * count, np.zeros(count, np.float32))
        lengths = np.array([len(steps) for steps in prefixes])
        total = np.zeros(count, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for number in range(max(lengths)):
                if number:
                    self._apply_last_step(every)
                going = number < lengths
                step = np.stack([steps[min(number, len(steps) - 1)] for steps in prefixes])
                total += np.where(going, log_prob(self._outputs(every), step), 0)
                self._steps[every] = step
        return total

    def _load(
        self,
        start: int,
        conditions: Sequence[AttentionCondition],
        temperatures: Float32[np.ndarray, "K"],
    ) -> None:
        """Put new drawings into rows `start` and after, of which nothing is drawn yet."""
        rows = slice(start, start + len(conditions))
        for row, condition in enumerate(conditions, start):
            count = condition.keys.shape[1]
            self._keys[row] = condition.keys[:, :1, :, :1]
            self._keys[row, :, :count] = condition.keys
            self._values[row, :, :count] = condition.values
            self._values[row, :, count:] = 0
            self._num_keys[row] = condition.length
            self._visibility_rows[row] = self._decoder.visibility_embedding[condition.visibility]
            self._visibility[row] = condition.visibility
        self._num_steps[rows] = 0
        self._offsets[rows] = 0
        self._position[rows] = self._decoder.picture_size / 2
        self._next_draws[rows] = False
        self._steps[rows] = START_STEP
        self._temperatures[rows, 0] = temperatures
        ink = np.stack([condition.ink for condition in conditions])
        self._view.load(start, ink, np.stack([condition.paper for condition in conditions]))

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T E"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`; always one step."""
        with np.errstate(over="ignore", invalid="ignore"):  # the engine rejects non-finite steps
            self._apply_last_step(slice(0, active))
        return self._draw(slice(0, active), noise[:, 0])[None]

    def move_row(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        for array in (
            *(self._keys, self._values, self._num_keys, self._num_steps, self._visibility_rows),
            *(self._steps, self._offsets, self._position, self._next_draws),
            *(self._temperatures, self._visibility),
        ):
            array[row] = array[last]
        self._view.move_row(row, last)

    def _apply_last_step(self, rows: slice) -> None:
        """Move the pens by the steps drawn last, and mark what their lines cover."""
        decoder = self._decoder
        self._offsets[rows] += self._steps[rows, OFFSET]
        after = self._offsets[rows] * np.float32(decoder.step_pixels)
        after += np.float32(decoder.picture_size / 2)
        before = np.where(self._next_draws[rows, None], self._position[rows], after)
        self._position[rows] = after
        self._view.mark(rows, before, after)
        self._next_draws[rows] = self._steps[rows, PEN.start + PEN_DOWN] > 0
        self._num_steps[rows] += 1

    def _draw(self, rows: slice, noise: Float32[np.ndarray, "R E"]) -> Float32[np.ndarray, "R 5"]:
        with np.errstate(over="ignore", invalid="ignore"):
            output = self._outputs(rows)
            sees_picture = self._visibility[rows] != HIDDEN
            if sees_picture.all():
                self._guide(rows, output, noise)
                return self._steps[rows]
            free = noise.copy()  # a pen without guidance has a higher temperature: more noise
            free[:, _PEN_NOISE] *= np.float32(PEN_TEMPERATURE)
            self._steps[rows] = sample(output, free, self._temperatures[rows])
            if sees_picture.any():
                self._guide(
                    np.flatnonzero(sees_picture) + rows.start,
                    output[sees_picture],
                    noise[sees_picture],
                )
        return self._steps[rows]

    def _guide(
        self,
        rows: slice | Int64[np.ndarray, "R"],
        output: Float32[np.ndarray, "R _"],
        noise: Float32[np.ndarray, "R E"],
    ) -> None:
        """Draw one step of drawings that see a picture, guided by its ink."""
        temperature = self._temperatures[rows]
        pi_logits, pen_logits = perturbed_logits(output, noise, temperature)
        scale = np.float32(self._decoder.step_pixels)
        offset, pen = guidance.choose(
            self._position[rows],
            proposals(output, noise, temperature) * scale,
            self._next_draws[rows],
            np.concatenate((pi_logits,) * NUM_PROPOSALS, axis=1),
            pen_logits,
            self._view.maps(rows),
            self._visibility[rows] == SHOWN,
        )
        step = np.zeros((len(output), STROKE5_DIM), np.float32)
        step[:, OFFSET] = offset / scale
        step[np.arange(len(output)), PEN.start + pen] = 1
        self._steps[rows] = step

    def _outputs(self, rows: slice) -> Float32[np.ndarray, "R _"]:
        decoder, head, width = self._decoder, self._decoder.head_size, self._decoder.width
        row = np.arange(rows.start, rows.stop)
        count = len(row)
        states = decoder.step(self._step_inputs(rows))  # in whole blocks of `ROWS`
        states[:count] += self._visibility_rows[rows]
        block, column = np.divmod(self._num_keys[rows], BLOCK)
        # the longest drawings, one of 16, attend alone, so that the others attend to fewer blocks
        enough = int(np.sort(block)[-1 - count // 16]) + 1
        long = (block >= enough).nonzero()[0].tolist()
        parts = [(slice(0, count), enough)]
        parts += [(slice(index, index + 1), int(block[index]) + 1) for index in long]
        self._values[row, :, block, column, head] = 1
        keys, values, mixed = self._keys[rows], self._values[rows], np.zeros_like(states)
        for number, layer in enumerate(decoder.layers):
            qkv = layer.qkv(unit_rows(states))
            self._keys[row, number, block, :, column] = qkv[:count, width : width + head]
            self._values[row, number, block, column, :head] = qkv[:count, width + head :]
            heads = qkv[:count, :width].reshape(count, -1, head)
            for some, blocks in parts:
                attend(
                    heads[some],
                    keys[some, number, :blocks],
                    values[some, number, :blocks],
                    mixed[some].reshape(-1, *heads.shape[1:]),
                )
            states += layer.out(mixed)
            inside = layer.feed_in(unit_rows(states))
            np.maximum(inside, 0, out=inside)
            inside *= inside
            states += layer.feed_out(inside)
        self._num_keys[rows] += 1
        return decoder.output(unit_rows(states))[:count]

    def _step_inputs(self, rows: slice) -> Float32[np.ndarray, "_ _"]:
        """The inputs of the next step, in whole blocks of `ROWS`."""
        position = self._position[rows]
        parts = (
            self._steps[rows],
            sinusoidal(position, _POSITION_RATES),
            self._decoder.step_encodings[self._num_steps[rows]],
            self._view.windows(rows, position),
        )
        inputs = self._inputs[: -(-len(position) // ROWS) * ROWS]
        np.concatenate(parts, axis=1, out=inputs[: len(position)])
        return inputs
