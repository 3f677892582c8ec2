"""The `attention` decoder in numpy: it sees where its pen is and what is left to draw.

The decoder keeps the keys and values of its past, so that a step costs the same however the
drawing goes on. What the pen sees is in `inference.pen_view`.

Shape letters: R rows (drawings under way), N memory tokens, S past and memory together, W width,
D size of a head, Z latent, C channels, G side of the grid.

The torch module `models/attention.py` owns the architecture. This is its second reader, tested
against it.
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
    NUM_PEN_STATES,
    NUM_PROPOSALS,
    log_prob,
    output_dim,
    perturbed_logits,
    proposals,
    sample,
)
from sketch_pix2seq.inference.noise import NUM_NORMALS
from sketch_pix2seq.inference.pen_view import VIEW_DIM, PenView
from sketch_pix2seq.sketch import guidance
from sketch_pix2seq.sketch.pen import (
    OFFSET,
    PEN,
    PEN_DOWN,
    START_STEP,
    STROKE5_DIM,
)

POSITION_PERIODS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
"""Periods, in pixels, of the waves that encode where the pen is."""
STEP_PERIODS = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Periods, in steps, of the waves that encode the number of the step."""
NUM_CODE_TOKENS = 4
PEN_TEMPERATURE = 2.0
"""Pen states are sampled at this many times the temperature (see `models/attention.py`)."""
HIDDEN, PARTLY, SHOWN = 0, 1, 2
"""How much of the picture the decoder sees."""
BLOCK = 64
"""Places of memory and past that one product attends to. All products are of one shape, so that a
drawing is the same to the bit however long the drawings beside it are."""
_EPSILON = 1e-5  # of layer norms
_NEVER = np.float32(-np.inf)
_PEN_NOISE = slice(-NUM_NORMALS - NUM_PEN_STATES, -NUM_NORMALS)


@dataclass(frozen=True, eq=False)
class Condition:
    """What one drawing is drawn from, ready for the decoder.

    Args:
        keys: Of the memory in each layer, (L, N, D).
        values: Of the memory in each layer, and ones, (L, N, D + 1).
        ink: The picture as far as it is seen, (H, W); zeros if it is not.
        paper: Where paper is seen (`guidance.paper_of`).
        shown: `HIDDEN`, `PARTLY` or `SHOWN`.
    """

    keys: Float32[np.ndarray, "L N D"]
    values: Float32[np.ndarray, "L N _"]
    ink: Float32[np.ndarray, "H W"]
    paper: Float32[np.ndarray, "H W"]
    shown: int


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
        seen = np.concatenate(
            (
                weight("query.weight", width, width) / np.float32(math.sqrt(head)),
                weight("key_value.weight", 2 * head, width),
            )
        )
        self.into = Linear(seen * gain, seen @ shift)
        self.memory = Product(weight("memory_key_value.weight", 2 * head, width))
        self.out = Product(weight("out.weight", width, width))
        gain, shift = weight("feed_norm.weight", width), weight("feed_norm.bias", width)
        feed = weight("feed_in.weight", expansion * width, width)
        self.feed_in = Linear(feed * gain, feed @ shift + weight("feed_in.bias", expansion * width))
        self.feed_out = Linear(
            weight("feed_out.weight", width, expansion * width), weight("feed_out.bias", width)
        )


class AttentionDecoder(Decoder[Condition]):
    """A causal transformer over the steps of a drawing.

    Args:
        weights: By name, without the prefix `decoder.`.
        latent_dim: Z.
        num_categories: K.
        channels: C of the grid.
        grid_size: G.
        width: W.
        num_layers: L.
        head_size: D; W is a multiple of it.
        expansion: How many times W is inside each layer.
        num_components: M of the mixture.
        step_pixels: Pixels of the picture to one unit of the offsets.
        picture_size: Side of the picture.
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
        num_waves = 2 * (2 * len(POSITION_PERIODS) + len(STEP_PERIODS))
        self.step = Linear(
            weight("step.weight", width, STROKE5_DIM + num_waves + VIEW_DIM),
            weight("step.bias", width),
        )
        self.shown = weight("shown.weight", 3, width)
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
        ink: Float32[np.ndarray, "H W"] | None = None,
        visible: Float32[np.ndarray, "H W"] | None = None,
        latent: Float32[np.ndarray, "Z"] | None = None,
        category_id: int | None = None,
    ) -> Condition:
        """Prepare what a drawing is drawn from. What is left out, the decoder is not given.

        Args:
            grid: Of the picture as far as it is seen (`GridEncoder.grids`).
            ink: That picture, hidden ink taken away; with `grid`.
            visible: 1 where the picture is seen, if a part of it is hidden.
            latent: The code of a whole picture.
            category_id: What it is to be.
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
        if grid is None or ink is None:
            shown, ink = HIDDEN, np.zeros((self.picture_size,) * 2, np.float32)
            paper = ink
        else:
            shown = SHOWN if visible is None else PARTLY
            visible = np.ones_like(ink) if visible is None else visible
            paper = guidance.paper_of(ink[None], visible[None])[0]
        return Condition(np.ascontiguousarray(keys), values, ink, paper, shown)

    def open(self, num_rows: int) -> AttentionRows:
        """See `Decoder`."""
        return AttentionRows(self, num_rows)

    def log_probs(
        self, condition: Condition, prefixes: Sequence[Float32[np.ndarray, "_ 5"]]
    ) -> Float32[np.ndarray, "N"]:
        """Log densities, in nats, of the first steps of N drawings under one condition."""
        rows = AttentionRows(self, len(prefixes))
        return rows.log_probs(condition, prefixes)


class AttentionRows(DecoderRows[Condition]):
    """Drawings under way with an `AttentionDecoder`, at most so many at once."""

    def __init__(self, decoder: AttentionDecoder, num_rows: int) -> None:
        self._decoder = decoder
        longest = _whole_blocks(decoder.num_tokens + decoder.max_steps)
        layers, head = decoder.num_layers, decoder.head_size
        self._keys = np.zeros((num_rows, layers, longest, head), np.float32)
        self._values = np.zeros((num_rows, layers, longest, head + 1), np.float32)
        self._hidden = np.full((num_rows, longest), _NEVER, np.float32)
        "Added to scores: 0 for what there is, minus infinity for what is not there yet."
        self._length = np.zeros(num_rows, np.int64)
        "Memory tokens and past steps of each row."
        self._number = np.zeros(num_rows, np.int64)
        "Steps drawn."
        self._shown = np.zeros((num_rows, decoder.width), np.float32)
        self._steps = np.zeros((num_rows, STROKE5_DIM), np.float32)
        self._offsets = np.zeros((num_rows, 2), np.float32)
        "Sum of the offsets, in the decoder's units."
        self._was_down = np.zeros(num_rows, bool)
        "Whether the next step draws a line."
        self._temperatures = np.zeros((num_rows, 1), np.float32)
        self._sees = np.zeros(num_rows, np.int64)
        "How much of the picture: `HIDDEN`, `PARTLY` or `SHOWN`."
        self._paper = np.zeros((num_rows, decoder.picture_size, decoder.picture_size), np.float32)
        self._view = PenView(num_rows, decoder.picture_size)

    def begin(
        self,
        start: int,
        conditions: Sequence[Condition],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """See `DecoderRows`."""
        self._load(start, conditions, temperatures)
        return self._draw(slice(start, start + len(conditions)), noise)

    def log_probs(
        self, condition: Condition, prefixes: Sequence[Float32[np.ndarray, "_ 5"]]
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
        self, start: int, conditions: Sequence[Condition], temperatures: Float32[np.ndarray, "K"]
    ) -> None:
        """Put new drawings into rows `start` and after, of which nothing is drawn yet."""
        rows = slice(start, start + len(conditions))
        for row, condition in enumerate(conditions, start):
            count = condition.keys.shape[1]
            self._keys[row, :, :count] = condition.keys
            self._values[row, :, :count] = condition.values
            self._hidden[row, :count] = 0
            self._hidden[row, count:] = _NEVER
            self._length[row] = count
            self._shown[row] = self._decoder.shown[condition.shown]
            self._sees[row] = condition.shown
            self._paper[row] = condition.paper
        self._number[rows] = 0
        self._offsets[rows] = 0
        self._was_down[rows] = False
        self._steps[rows] = START_STEP
        self._temperatures[rows, 0] = temperatures
        self._view.begin(start, np.stack([condition.ink for condition in conditions]))

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`; always one step."""
        with np.errstate(over="ignore", invalid="ignore"):  # who takes the drawing checks it
            self._take_last_step(slice(0, active))
        return self._draw(slice(0, active), noise[:, 0])[None]

    def put(self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]) -> None:
        """See `DecoderRows`."""
        self._steps[rows] = steps

    def take_place(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        length = int(self._length[last])
        self._keys[row, :, :length] = self._keys[last, :, :length]
        self._values[row, :, :length] = self._values[last, :, :length]
        self._hidden[row] = self._hidden[last]
        for kept in (
            *(self._length, self._number, self._shown, self._steps),
            *(self._offsets, self._temperatures, self._was_down, self._sees, self._paper),
        ):
            kept[row] = kept[last]
        self._view.take_place(row, last)

    def _position(self, rows: slice) -> Float32[np.ndarray, "R 2"]:
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

    def _draw(self, rows: slice, noise: Float32[np.ndarray, "R D"]) -> Float32[np.ndarray, "R 5"]:
        """Draw one step in some rows."""
        with np.errstate(over="ignore", invalid="ignore"):
            output = self._outputs(rows)
            sees = self._sees[rows] != HIDDEN
            if sees.all():
                self._guide(rows, output, noise)
                return self._steps[rows]
            free = noise.copy()
            free[:, _PEN_NOISE] *= np.float32(PEN_TEMPERATURE)
            self._steps[rows] = sample(output, free, self._temperatures[rows])
            if sees.any():
                self._guide(np.flatnonzero(sees) + rows.start, output[sees], noise[sees])
        return self._steps[rows]

    def _guide(
        self,
        rows: slice | Int64[np.ndarray, "R"],
        output: Float32[np.ndarray, "R _"],
        noise: Float32[np.ndarray, "R D"],
    ) -> None:
        """Draw one step of drawings that see a picture, guided by its ink."""
        temperature = self._temperatures[rows]
        pi_logits, pen_logits = perturbed_logits(output, noise, temperature)
        offsets = proposals(output, noise, temperature)
        scale = np.float32(self._decoder.step_pixels)
        position = self._offsets[rows] * scale + np.float32(self._decoder.picture_size / 2)
        best, pen = guidance.choose(
            position,
            position[:, None] + offsets * scale,
            self._was_down[rows],
            np.tile(pi_logits, (1, NUM_PROPOSALS)),
            pen_logits,
            guidance.InkMaps(self._paper[rows], *self._view.ink(rows)),
            self._sees[rows] == SHOWN,
        )
        count = np.arange(len(output))
        step = np.zeros((len(output), STROKE5_DIM), np.float32)
        step[:, OFFSET] = offsets[count, best]
        step[count, PEN.start + pen] = 1
        self._steps[rows] = step

    def _outputs(self, rows: slice) -> Float32[np.ndarray, "R _"]:
        """The outputs from which the next steps are sampled."""
        decoder, head, width = self._decoder, self._decoder.head_size, self._decoder.width
        position = self._position(rows)
        seen = (
            self._steps[rows],
            _waves(position, _POSITION_RATES),
            _waves(self._number[rows, None].astype(np.float32), _STEP_RATES),
            self._view.see(rows, position),
        )
        states = decoder.step(np.concatenate(seen, axis=1))
        states += self._shown[rows]
        length = self._length[rows]
        place = np.arange(rows.start, rows.stop)
        self._hidden[place, length] = 0
        longest = _whole_blocks(int(length.max()) + 1)
        hidden = self._hidden[rows, :longest].reshape(len(place), -1, 1, BLOCK)
        for number, layer in enumerate(decoder.layers):
            seen_by = layer.into(_normed(states))  # query, key, value
            self._keys[place, number, length] = seen_by[:, width : width + head]
            self._values[place, number, length, :head] = seen_by[:, width + head :]
            self._values[place, number, length, head] = 1
            mixed = _attended(
                seen_by[:, :width].reshape(-1, decoder.num_heads, head),
                self._keys[rows, number, :longest],
                self._values[rows, number, :longest],
                hidden,
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
    keys: Float32[np.ndarray, "R S D"],
    values: Float32[np.ndarray, "R S _"],
    hidden: Float32[np.ndarray, "R N 1 B"],
) -> Float32[np.ndarray, "R H D"]:
    """Attend to memory and past, a block at a time; blocks that are hidden add nothing at all."""
    num_rows, _, head = heads.shape
    keys = keys.reshape(num_rows, -1, BLOCK, head)
    values = values.reshape(num_rows, -1, BLOCK, head + 1)
    scores = np.matmul(heads[:, None], keys.swapaxes(2, 3))  # (R, N, H, B)
    scores += hidden
    scores -= scores.max(axis=(1, 3), keepdims=True)
    np.exp(scores, out=scores)
    parts = np.matmul(scores, values)
    total = parts[:, 0]
    for number in range(1, parts.shape[1]):
        total += parts[:, number]
    mixed: Float32[np.ndarray, "R H D"] = total[..., :head] / total[..., head:]
    return mixed  # the ones among the values have summed the weights


def _whole_blocks(length: int) -> int:
    """The next multiple of `BLOCK`."""
    return -(-length // BLOCK) * BLOCK


_POSITION_RATES = (2 * np.pi / np.array(POSITION_PERIODS)).astype(np.float32)
_STEP_RATES = (2 * np.pi / np.array(STEP_PERIODS)).astype(np.float32)


def _waves(
    values: Float32[np.ndarray, "R K"], rates: Float32[np.ndarray, "P"]
) -> Float32[np.ndarray, "R _"]:
    """For each value the sines of all periods, then their cosines."""
    angles = values[:, :, None] * rates
    waves: Float32[np.ndarray, "R K _"] = np.concatenate((np.sin(angles), np.cos(angles)), axis=2)
    return waves.reshape(len(values), -1)


def _normed(rows: Float32[np.ndarray, "R W"]) -> Float32[np.ndarray, "R W"]:
    """Layer norm without gain and shift; a new array."""
    share = np.float32(1 / rows.shape[1])
    centred: Float32[np.ndarray, "R W"] = rows - np.add.reduce(rows, axis=1, keepdims=True) * share
    variance = np.add.reduce(centred * centred, axis=1, keepdims=True) * share
    centred /= np.sqrt(variance + np.float32(_EPSILON))
    return centred
