"""The `attention` decoder in numpy.

The keys and values of past steps are cached, so that every step costs about the same. The windows
around the pens are in `inference.pen_view`.

`models/attention.py` owns the architecture. This is the numpy version, tested against it.

Shape letters: R rows (drawings under way), K new rows, N memory tokens, P past and memory together,
W width, H heads, D size of a head, Z latent, C channels, G side of the grid, S side of the picture,
E length of a step's noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.decoders import Decoder, DecoderRows
from sketch_pix2seq.inference.layers import Linear, Product, Weights, float32_weight
from sketch_pix2seq.inference.mixture import (
    NUM_PROPOSALS,
    log_prob,
    output_dim,
    perturbed_logits,
    proposals,
    sample,
)
from sketch_pix2seq.inference.noise import NUM_NORMALS
from sketch_pix2seq.inference.pen_view import PenView
from sketch_pix2seq.sketch import guidance
from sketch_pix2seq.sketch.decoder_constants import (
    ENCODING_DIM,
    HIDDEN,
    NUM_CODE_TOKENS,
    PARTLY,
    PEN_TEMPERATURE,
    POSITION_PERIODS,
    SHOWN,
    STEP_PERIODS,
    VIEW_DIM,
)
from sketch_pix2seq.sketch.pen import (
    NUM_PEN_STATES,
    OFFSET,
    PEN,
    PEN_DOWN,
    START_STEP,
    STROKE5_DIM,
)

BLOCK = 64
"""Keys that one matrix product attends to. All products have one shape, so a drawing is
bit-identical whatever the batch holds."""
_EPSILON = 1e-5  # of layer norms
_MASKED = np.float32(-np.inf)
_PEN_NOISE = slice(-NUM_NORMALS - NUM_PEN_STATES, -NUM_NORMALS)


@dataclass(frozen=True, eq=False)
class AttentionCondition:
    """What one drawing is drawn from, ready for the decoder.

    Args:
        keys: Keys of the memory in each of L layers.
        values: Values of the memory in each layer, and a column of ones, (L, N, D + 1).
        ink: The visible part of the picture; zeros if it is hidden.
        paper: Visible paper (`guidance.paper_of`).
        visibility: `HIDDEN`, `PARTLY` or `SHOWN`.
    """

    keys: Float32[np.ndarray, "L N D"]
    values: Float32[np.ndarray, "L N _"]
    ink: Float32[np.ndarray, "S S"]
    paper: Float32[np.ndarray, "S S"]
    visibility: int


class _Layer:
    """The weights of one layer, with the gain and shift of each norm inside the next product."""

    def __init__(
        self,
        weights: Weights,
        name: str,
        width: int,
        head: int,
        expansion: int,
    ) -> None:
        def weight(part: str, *shape: int) -> Float32[np.ndarray, "..."]:
            return float32_weight(weights, f"{name}.{part}", shape)

        gain, shift = weight("norm.weight", width), weight("norm.bias", width)
        qkv_weight = np.concatenate(
            (
                weight("query.weight", width, width) / np.float32(math.sqrt(head)),
                weight("key_value.weight", 2 * head, width),
            )
        )
        self.qkv = Linear(qkv_weight * gain, qkv_weight @ shift)
        self.memory = Product(weight("memory_key_value.weight", 2 * head, width))
        self.out = Product(weight("out.weight", width, width))
        gain, shift = weight("feed_norm.weight", width), weight("feed_norm.bias", width)
        feed = weight("feed_in.weight", expansion * width, width)
        self.feed_in = Linear(feed * gain, feed @ shift + weight("feed_in.bias", expansion * width))
        self.feed_out = Linear(
            weight("feed_out.weight", width, expansion * width), weight("feed_out.bias", width)
        )


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
        self._memory_gain = weight("memory_norm.weight", width)
        self._memory_shift = weight("memory_norm.bias", width)
        self.step = Linear(
            weight("step.weight", width, STROKE5_DIM + ENCODING_DIM + VIEW_DIM),
            weight("step.bias", width),
        )
        self.visibility_embedding = weight("shown.weight", 3, width)
        self.layers = [
            _Layer(weights, f"layers.{number}", width, head_size, expansion)
            for number in range(num_layers)
        ]
        size = output_dim(num_components)
        last = weight("output.weight", size, width)
        gain, shift = weight("norm.weight", width), weight("norm.bias", width)
        self.output = Linear(last * gain, last @ shift + weight("output.bias", size))

    def condition(
        self,
        *,
        grid: Float32[np.ndarray, "G G C"] | None = None,
        ink: Float32[np.ndarray, "S S"] | None = None,
        visible: Float32[np.ndarray, "S S"] | None = None,
        latent: Float32[np.ndarray, "Z"] | None = None,
        category_id: int | None = None,
    ) -> AttentionCondition:
        """Prepare what a drawing is drawn from. What is left out, the decoder is not given.

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
        memory = _normed(np.concatenate(tokens)) * self._memory_gain + self._memory_shift
        both = np.stack([layer.memory(memory) for layer in self.layers])  # (L, N, 2 D)
        keys, values = np.split(both, 2, axis=2)
        ones = np.ones((*values.shape[:2], 1), np.float32)
        values = np.concatenate((values, ones), axis=2)
        if grid is None:
            visibility, ink = HIDDEN, self._blank
            paper = ink
        else:
            assert ink is not None
            visibility = SHOWN if visible is None else PARTLY
            visible = np.ones_like(ink) if visible is None else visible
            paper = guidance.paper_of(ink[None], visible[None])[0]
        return AttentionCondition(np.ascontiguousarray(keys), values, ink, paper, visibility)

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
    """Drawings under way with an `AttentionDecoder`, at most so many at once."""

    def __init__(self, decoder: AttentionDecoder, num_rows: int) -> None:
        self._decoder = decoder
        longest = _whole_blocks(decoder.num_tokens + decoder.max_steps)
        layers, head = decoder.num_layers, decoder.head_size
        self._keys = np.zeros((num_rows, layers, longest, head), np.float32)
        self._values = np.zeros((num_rows, layers, longest, head + 1), np.float32)
        self._mask = np.full((num_rows, longest), _MASKED, np.float32)
        "Added to scores: 0 for keys in use, minus infinity for the others."
        self._length = np.zeros(num_rows, np.int64)
        "Memory tokens and past steps of each row."
        self._number = np.zeros(num_rows, np.int64)
        "Steps drawn."
        self._visibility_rows = np.zeros((num_rows, decoder.width), np.float32)
        self._steps = np.zeros((num_rows, STROKE5_DIM), np.float32)
        self._offsets = np.zeros((num_rows, 2), np.float32)
        "Sum of the offsets, in the decoder's units."
        self._was_down = np.zeros(num_rows, bool)
        "Whether the next step draws a line."
        self._temperatures = np.zeros((num_rows, 1), np.float32)
        self._visibility = np.zeros(num_rows, np.int64)
        "`HIDDEN`, `PARTLY` or `SHOWN`."
        self._paper = np.zeros((num_rows, decoder.picture_size, decoder.picture_size), np.float32)
        self._view = PenView(num_rows, decoder.picture_size)

    def begin(
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
                    self._take_last_step(every)
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
            self._keys[row, :, :count] = condition.keys
            self._values[row, :, :count] = condition.values
            self._mask[row, :count] = 0
            self._mask[row, count:] = _MASKED
            self._length[row] = count
            self._visibility_rows[row] = self._decoder.visibility_embedding[condition.visibility]
            self._visibility[row] = condition.visibility
            self._paper[row] = condition.paper
        self._number[rows] = 0
        self._offsets[rows] = 0
        self._was_down[rows] = False
        self._steps[rows] = START_STEP
        self._temperatures[rows, 0] = temperatures
        self._view.begin(start, np.stack([condition.ink for condition in conditions]))

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T E"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`; always one step."""
        with np.errstate(over="ignore", invalid="ignore"):  # the engine rejects non-finite steps
            self._take_last_step(slice(0, active))
        return self._draw(slice(0, active), noise[:, 0])[None]

    def replace_last_steps(
        self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]
    ) -> None:
        """See `DecoderRows`."""
        self._steps[rows] = steps

    def move_row(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        length = int(self._length[last])
        self._keys[row, :, :length] = self._keys[last, :, :length]
        self._values[row, :, :length] = self._values[last, :, :length]
        self._mask[row] = self._mask[last]
        for array in (
            *(self._length, self._number, self._visibility_rows, self._steps),
            *(self._offsets, self._temperatures, self._was_down, self._visibility, self._paper),
        ):
            array[row] = array[last]
        self._view.move_row(row, last)

    def _position(self, rows: slice | Int64[np.ndarray, "R"]) -> Float32[np.ndarray, "R 2"]:
        """Where the pens are, in pixels."""
        scale, middle = self._decoder.step_pixels, self._decoder.picture_size / 2
        position: Float32[np.ndarray, "R 2"] = self._offsets[rows] * np.float32(scale)
        position += np.float32(middle)
        return position

    def _take_last_step(self, rows: slice) -> None:
        """Move the pens by the steps drawn last, and mark what their lines cover."""
        before = self._position(rows)
        self._offsets[rows] += self._steps[rows, OFFSET]
        after = self._position(rows)
        before = np.where(self._was_down[rows, None], before, after)
        self._view.mark(rows, before, after)
        self._was_down[rows] = self._steps[rows, PEN.start + PEN_DOWN] > 0
        self._number[rows] += 1

    def _draw(self, rows: slice, noise: Float32[np.ndarray, "R E"]) -> Float32[np.ndarray, "R 5"]:
        """Draw one step in some rows."""
        with np.errstate(over="ignore", invalid="ignore"):
            output = self._outputs(rows)
            sees_ink = self._visibility[rows] != HIDDEN
            if sees_ink.all():
                self._guide(rows, output, noise)
                return self._steps[rows]
            free = noise.copy()
            free[:, _PEN_NOISE] *= np.float32(PEN_TEMPERATURE)
            self._steps[rows] = sample(output, free, self._temperatures[rows])
            if sees_ink.any():
                self._guide(
                    np.flatnonzero(sees_ink) + rows.start, output[sees_ink], noise[sees_ink]
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
        offsets = proposals(output, noise, temperature)
        scale = np.float32(self._decoder.step_pixels)
        way, pen = guidance.choose(
            self._position(rows),
            offsets * scale,
            self._was_down[rows],
            np.tile(pi_logits, (1, NUM_PROPOSALS)),
            pen_logits,
            guidance.InkMaps(self._paper[rows], *self._view.ink(rows)),
            self._visibility[rows] == SHOWN,
        )
        count = np.arange(len(output))
        step = np.zeros((len(output), STROKE5_DIM), np.float32)
        step[:, OFFSET] = way / scale
        step[count, PEN.start + pen] = 1
        self._steps[rows] = step

    def _outputs(self, rows: slice) -> Float32[np.ndarray, "R _"]:
        """The outputs from which the next steps are sampled."""
        decoder, head, width = self._decoder, self._decoder.head_size, self._decoder.width
        position = self._position(rows)
        step_inputs = (
            self._steps[rows],
            _sinusoidal(position, _POSITION_RATES),
            _sinusoidal(self._number[rows, None].astype(np.float32), _STEP_RATES),
            self._view.windows(rows, position),
        )
        states = decoder.step(np.concatenate(step_inputs, axis=1))
        states += self._visibility_rows[rows]
        length = self._length[rows]
        place = np.arange(rows.start, rows.stop)
        self._mask[place, length] = 0
        longest = _whole_blocks(int(length.max()) + 1)
        mask = self._mask[rows, :longest].reshape(len(place), -1, 1, BLOCK)
        for number, layer in enumerate(decoder.layers):
            qkv = layer.qkv(_normed(states))
            self._keys[place, number, length] = qkv[:, width : width + head]
            self._values[place, number, length, :head] = qkv[:, width + head :]
            self._values[place, number, length, head] = 1
            mixed = _attended(
                qkv[:, :width].reshape(-1, decoder.num_heads, head),
                self._keys[rows, number, :longest],
                self._values[rows, number, :longest],
                mask,
            )
            states += layer.out(mixed.reshape(states.shape))
            inside = layer.feed_in(_normed(states))
            np.maximum(inside, 0, out=inside)
            inside *= inside
            states += layer.feed_out(inside)
        self._length[rows] += 1
        output: Float32[np.ndarray, "R _"] = decoder.output(_normed(states))
        return output


def _attended(
    heads: Float32[np.ndarray, "R H D"],
    keys: Float32[np.ndarray, "R P D"],
    values: Float32[np.ndarray, "R P _"],
    mask: Float32[np.ndarray, "R _ 1 _"],
) -> Float32[np.ndarray, "R H D"]:
    """Attend to memory and past, a block of keys at a time."""
    num_rows, _, head = heads.shape
    keys = keys.reshape(num_rows, -1, BLOCK, head)
    values = values.reshape(num_rows, -1, BLOCK, head + 1)
    scores = np.matmul(heads[:, None], keys.swapaxes(2, 3))  # (R, blocks, H, BLOCK)
    scores += mask
    scores -= scores.max(axis=(1, 3), keepdims=True)
    np.exp(scores, out=scores)
    parts = np.matmul(scores, values)
    total = parts[:, 0]
    for number in range(1, parts.shape[1]):
        total += parts[:, number]
    # the last value column is 1, so it sums to the softmax denominator
    mixed: Float32[np.ndarray, "R H D"] = total[..., :head] / total[..., head:]
    return mixed


def _whole_blocks(length: int) -> int:
    """The next multiple of `BLOCK`."""
    return -(-length // BLOCK) * BLOCK


_POSITION_RATES = (2 * np.pi / np.array(POSITION_PERIODS)).astype(np.float32)
_STEP_RATES = (2 * np.pi / np.array(STEP_PERIODS)).astype(np.float32)


def _sinusoidal(
    values: Float32[np.ndarray, "R K"], rates: Float32[np.ndarray, "F"]
) -> Float32[np.ndarray, "R _"]:
    """Sinusoidal encoding: for each value the sines of all periods, then their cosines."""
    angles = values[:, :, None] * rates
    encoding: Float32[np.ndarray, "R K _"] = np.concatenate(
        (np.sin(angles), np.cos(angles)), axis=2
    )
    return encoding.reshape(len(values), -1)


def _normed(rows: Float32[np.ndarray, "R W"]) -> Float32[np.ndarray, "R W"]:
    """Layer norm without gain and shift; a new array."""
    share = np.float32(1 / rows.shape[1])
    centred: Float32[np.ndarray, "R W"] = rows - np.add.reduce(rows, axis=1, keepdims=True) * share
    variance = np.add.reduce(centred * centred, axis=1, keepdims=True) * share
    centred /= np.sqrt(variance + np.float32(_EPSILON))
    return centred
