"""The `attention` model: a decoder that attends to the picture where it draws.

A convolutional encoder turns a picture into a grid of tokens and a latent code. The decoder is a
causal transformer over steps. Its inputs are the last step, the position of the pen, the number of
the step, and the remaining and drawn ink around the pen (`models.pen_view`). Every layer attends to
the past steps and to a memory of tokens: the picture's grid, the code, the category, and a null
token.

In training any of the conditions may be missing (`Conditions.sample`), so one set of weights
redraws what it sees, redraws from the code alone, completes, and draws by name.

Shape letters: B batch, T steps, N memory tokens, W width of the decoder, Z latent, G side of the
grid, S side of the picture, C channels, H heads, D size of a head, V numbers in a view of the pen,
O length of the output.

*Source*: Vaswani et al., arXiv 1706.03762 (attention); Shazeer, arXiv 1911.02150 (multi-query
attention: all heads share keys and values); So et al., arXiv 2109.08668 (squared ReLU).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int16, Int64
from torch import Tensor, nn
from torch.nn import functional

from sketch_pix2seq.models.encoders import GridEncoder
from sketch_pix2seq.models.losses import DrawingLosses, LossConvention, reconstruction_losses
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.models.pen_view import pen_views
from sketch_pix2seq.sketch.network_layout import (
    ENCODING_DIM,
    HIDDEN,
    NUM_CODE_TOKENS,
    PARTLY,
    POSITION_PERIODS,
    SHOWN,
    STEP_PERIODS,
    VIEW_DIM,
    output_dim,
)
from sketch_pix2seq.sketch.pen import OFFSET, STROKE5_DIM

CONDITIONS = ("picture", "code", "category", "nothing")
"""Conditions of a decoder; `picture` includes the code."""
_BLOCKS = (2, 4, 8)  # along a side, of a partly visible picture, each hidden or not
_MASKED = -1e4  # added to a score that must not count; fits 16-bit floats


@dataclass(frozen=True, kw_only=True)
class ConditionShares:
    """How often the decoder is given each condition, in training.

    Args:
        shown: Share of drawings whose whole picture is visible.
        partly: Share of drawings of whose picture some blocks are visible.
        code_with_picture: Share of drawings with the code, of those with a visible picture.
        code_alone: Share of drawings with the code, of those without a visible picture.
        category: Share of drawings with the category.
    """

    shown: float
    partly: float
    code_with_picture: float
    code_alone: float
    category: float

    @property
    def learned(self) -> list[str]:
        """Those of `CONDITIONS` that occur in training, in their order."""
        visible = self.shown + self.partly
        hidden = round(1 - visible, 6)
        often = {
            "picture": visible,
            "code": hidden * self.code_alone,
            "category": hidden * (1 - self.code_alone) * self.category,
            "nothing": hidden * (1 - self.code_alone) * (1 - self.category),
        }
        return [condition for condition in CONDITIONS if often[condition] > 0]


@dataclass(frozen=True)
class Conditions:
    """What the decoder is given of each drawing.

    Args:
        visibility: `HIDDEN`, `PARTLY` or `SHOWN`.
        visible: 1 where the picture is visible, 0 where it is hidden.
        has_code: Whether the decoder is given the latent code.
        has_category: Whether the decoder is given the category.
    """

    visibility: Int64[Tensor, "B"]
    visible: Float[Tensor, "B 1 S S"]
    has_code: Bool[Tensor, "B"]
    has_category: Bool[Tensor, "B"]

    @classmethod
    def fixed(
        cls, batch: int, size: int, device: torch.device, *, condition: str = "picture"
    ) -> Conditions:
        """The same for every drawing.

        Args:
            batch: B.
            size: S.
            device: Device of the tensors.
            condition: `picture` (with the code), `code`, `category` or `nothing`.
        """
        visibility = SHOWN if condition == "picture" else HIDDEN
        return cls(
            torch.full((batch,), visibility, device=device),
            torch.full((batch, 1, size, size), float(visibility == SHOWN), device=device),
            torch.full((batch,), condition in ("picture", "code"), device=device),
            torch.full((batch,), condition == "category", device=device),
        )

    @classmethod
    def sample(
        cls, batch: int, size: int, shares: ConditionShares, generator: torch.Generator
    ) -> Conditions:
        """Sample random conditions for each drawing of a training batch.

        Args:
            batch: B.
            size: S, a multiple of 8.
            shares: How often each condition is given.
            generator: Random generator; the tensors lie on its device.
        """

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator, device=generator.device)

        picked = uniform(batch)
        partly = (picked >= shares.shown) & (picked < shares.shown + shares.partly)
        visibility = torch.where(picked < shares.shown, SHOWN, torch.where(partly, PARTLY, HIDDEN))
        blocks = torch.randint(
            len(_BLOCKS), (batch, 1, 1, 1), generator=generator, device=generator.device
        )
        share = uniform(batch, 1, 1, 1)
        visible = (visibility == SHOWN).float().view(-1, 1, 1, 1).repeat(1, 1, size, size)
        for index, side in enumerate(_BLOCKS):
            some = (uniform(batch, 1, side, side) < share).float()
            selected = ((blocks.flatten() == index) & (visibility == PARTLY)).nonzero().squeeze(1)
            visible[selected] = functional.interpolate(some[selected], (size, size), mode="nearest")
        has_code_share = torch.where(
            visibility == HIDDEN, shares.code_alone, shares.code_with_picture
        )
        has_code = uniform(batch) < has_code_share
        return cls(visibility, visible, has_code, uniform(batch) < shares.category)

    def shard(self, rank: int, world_size: int) -> Conditions:
        """The conditions of every `world_size`-th drawing, from drawing `rank` on."""
        some = slice(rank, None, world_size)
        return Conditions(
            self.visibility[some], self.visible[some], self.has_code[some], self.has_category[some]
        )


class _SquaredReLU(torch.autograd.Function):
    """max(x, 0)^2, whose gradient takes two passes over memory where torch's own takes five."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        positive = values.relu()
        ctx.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        positive: Tensor
        (positive,) = ctx.saved_tensors
        return (gradient * positive).mul_(2)


class _Layer(nn.Module):
    """Multi-query attention to memory and past, then a feed-forward network."""

    def __init__(self, width: int, num_heads: int, expansion: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = width // num_heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * self.head_dim, bias=False)
        self.memory_key_value = nn.Linear(width, 2 * self.head_dim, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, expansion * width)
        self.feed_out = nn.Linear(expansion * width, width)

    def forward(
        self,
        rows: Float[Tensor, "B T W"],
        memory: Float[Tensor, "B N W"],
        bias: Float[Tensor, "B 1 T N+T"],
        keep: float,
        generator: torch.Generator | None,
    ) -> Float[Tensor, "B T W"]:
        batch, num_steps, width = rows.shape
        normed = self.norm(rows)
        query = self.query(normed).view(batch, num_steps, self.num_heads, self.head_dim)
        query = query.transpose(1, 2).reshape(batch, -1, self.head_dim)  # (B, H*T, D)
        attended = torch.cat((self.memory_key_value(memory), self.key_value(normed)), 1)
        key, value = attended.chunk(2, -1)  # (B, N+T, D), the same for all heads: one product does
        scores = torch.bmm(query, key.transpose(1, 2) * self.head_dim**-0.5)
        scores = scores.view(batch, self.num_heads, num_steps, -1) + bias.to(scores.dtype)
        with torch.autocast(rows.device.type, enabled=False):  # it would copy them to 32 bits
            weights = scores.softmax(-1).flatten(1, 2)
        mixed = torch.bmm(weights, value)
        mixed = mixed.view(batch, self.num_heads, num_steps, self.head_dim)
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, num_steps, width))
        rows = rows + self._drop(mixed, keep, generator)
        inside = self.feed_in(self.feed_norm(rows))
        hidden: Tensor = _SquaredReLU.apply(inside)  # type: ignore[no-untyped-call]
        return rows + self._drop(self.feed_out(hidden), keep, generator)

    def _drop(self, values: Tensor, keep: float, generator: torch.Generator | None) -> Tensor:
        if keep == 1.0 or not self.training:
            return values
        mask = torch.empty_like(values).bernoulli_(keep, generator=generator)
        return values * mask / keep


class AttentionDecoder(nn.Module):
    """A causal transformer over the steps of a drawing.

    Args:
        latent_dim: Z.
        num_categories: K.
        channels: C of the grid's tokens.
        grid_size: G.
        width: W.
        num_layers: Layers.
        num_heads: Heads of each; a divisor of W.
        expansion: Width of the feed-forward network, in multiples of W.
        num_components: M of the mixture.
        keep: Probability that dropout keeps what a layer adds.
    """

    def __init__(
        self,
        latent_dim: int,
        num_categories: int,
        channels: int,
        grid_size: int,
        width: int = 192,
        num_layers: int = 4,
        num_heads: int = 6,
        expansion: int = 4,
        num_components: int = 20,
        keep: float = 1.0,
    ) -> None:
        super().__init__()
        self.num_components = num_components
        self.keep = keep
        self.grid = nn.Linear(channels, width)
        self.grid_place = nn.Parameter(0.02 * torch.randn(grid_size * grid_size, width))
        self.code = nn.Linear(latent_dim, NUM_CODE_TOKENS * width)
        self.category = nn.Embedding(num_categories, width)
        self.null = nn.Parameter(0.02 * torch.randn(width))
        self.memory_norm = nn.LayerNorm(width)
        self.step = nn.Linear(STROKE5_DIM + ENCODING_DIM + VIEW_DIM, width)
        self.shown = nn.Embedding(3, width)  # of the visibility; the name is that of the weight
        self.layers = nn.ModuleList(_Layer(width, num_heads, expansion) for _ in range(num_layers))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, output_dim(num_components))
        nn.init.normal_(self.category.weight, std=0.02)
        nn.init.normal_(self.shown.weight, std=0.02)
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            for last in (layer.out, layer.feed_out):
                nn.init.normal_(last.weight, std=0.02 / math.sqrt(num_layers))

    def memory(
        self,
        grid: Float[Tensor, "B C G G"],
        latent: Float[Tensor, "B Z"],
        category_ids: Int64[Tensor, "B"],
        conditions: Conditions,
    ) -> tuple[Float[Tensor, "B N W"], Bool[Tensor, "B N"]]:
        """The tokens to which every layer attends.

        Returns:
            tokens: Grid, code, category and null token.
            memory_mask: Which of them the conditions give; the null token always.
        """
        batch = len(latent)
        cells = self.grid(grid.flatten(2).transpose(1, 2)) + self.grid_place
        code = self.code(latent).view(batch, NUM_CODE_TOKENS, -1)
        category = self.category(category_ids).unsqueeze(1)
        null = self.null.expand(batch, 1, -1)
        tokens = torch.cat((cells, code, category, null), 1)
        counts = (cells.shape[1], NUM_CODE_TOKENS, 1, 1)
        flags = (
            conditions.visibility != HIDDEN,
            conditions.has_code,
            conditions.has_category,
            torch.ones_like(conditions.has_code),
        )
        mask = [flag.unsqueeze(1).expand(-1, n) for flag, n in zip(flags, counts, strict=True)]
        return self.memory_norm(tokens), torch.cat(mask, 1)

    def forward(
        self,
        steps: Float[Tensor, "B T 5"],
        positions: Float[Tensor, "B T 2"],
        views: Float[Tensor, "B T V"],
        visibility: Int64[Tensor, "B"],
        memory: Float[Tensor, "B N W"],
        memory_mask: Bool[Tensor, "B N"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "B T O"]:
        """Output vectors of all steps (see `StrokeMixture.from_output`).

        Args:
            steps: Input rows, beginning with the start step.
            positions: Where the pen is after each, in pixels.
            views: Ink around the pen there (see `pen_views`).
            visibility: See `Conditions`.
            memory: See `memory`.
            memory_mask: See `memory`.
            generator: Random generator of the dropout, in training mode.
        """
        num_steps = steps.shape[1]
        number = torch.arange(num_steps, device=steps.device, dtype=steps.dtype)
        encodings = (
            _sinusoidal(positions, POSITION_PERIODS),
            _sinusoidal(number.view(1, -1, 1).expand(len(steps), -1, -1), STEP_PERIODS),
        )
        rows = self.step(torch.cat((steps, *encodings, views), -1))
        rows = rows + self.shown(visibility).unsqueeze(1).to(rows.dtype)
        later = torch.ones(num_steps, num_steps, dtype=torch.bool, device=steps.device).triu(1)
        hidden = torch.cat(
            (~memory_mask.unsqueeze(1).expand(-1, num_steps, -1), later.expand(len(steps), -1, -1)),
            2,
        )
        bias = (hidden * _MASKED).to(rows.dtype).unsqueeze(1)
        for layer in self.layers:
            rows = layer(rows, memory, bias, self.keep, generator)
        output: Tensor = self.output(self.norm(rows))
        return output


class AttentionModel(nn.Module):
    """Encoder and decoder together; see the module.

    Args:
        encoder: Picture to grid and code.
        decoder: Steps and memory to mixtures.
        step_pixels: Pixels of the picture to one unit of the offsets.
        picture_size: S.
        shares: How often each condition is given in training.
        class_weight: Weight of the cross entropy of categories, predicted from codes.
        convention: How the losses are averaged.
    """

    with_kl = False

    def __init__(
        self,
        encoder: GridEncoder,
        decoder: AttentionDecoder,
        step_pixels: float,
        picture_size: int,
        shares: ConditionShares,
        class_weight: float = 0.1,
        convention: LossConvention = "valid",
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.step_pixels = step_pixels
        self.picture_size = picture_size
        self.shares = shares
        self.class_weight = class_weight
        self.convention: LossConvention = convention

    def forward(
        self,
        pictures: Float[Tensor, "B 1 S S"],
        steps: Float[Tensor, "B T 5"],
        lengths: Int64[Tensor, "B"],
        category_ids: Int64[Tensor, "B"],
        covered: Int16[Tensor, "B S S"],
        conditions: Conditions,
        noise: Float[Tensor, "B Z"] | None = None,
        targets: Float[Tensor, "B _ 5"] | None = None,
        generator: torch.Generator | None = None,
    ) -> DrawingLosses:
        """Losses of a batch.

        Args:
            pictures: 1 = ink, 0 = paper.
            steps: Stroke-5 rows: the start step, the drawing, end rows.
            lengths: Rows of each drawing, longest first, on the CPU.
            category_ids: Categories.
            covered: After how many steps each pixel is covered (see `covering_steps`).
            conditions: What the decoder is given.
            noise: Standard normal, with which codes are sampled; None: they are the means.
            targets: Next rows; None: those of `steps`.
            generator: Random generator of the dropout, in training mode.
        """
        inputs = steps[:, :-1]
        targets = steps[:, 1:] if targets is None else targets
        grid, latent = self.encode(pictures, conditions, noise)
        classes = self.encoder.classes(latent).float()
        class_sum = functional.cross_entropy(classes, category_ids, reduction="sum")
        memory, memory_mask = self.decoder.memory(grid, latent, category_ids, conditions)
        positions = self.positions(inputs)
        views = pen_views((pictures * conditions.visible).squeeze(1), covered, positions)
        output = self.decoder(
            inputs, positions, views, conditions.visibility, memory, memory_mask, generator
        )
        num_rows = (lengths + 1).to(steps.device)
        counted = torch.arange(inputs.shape[1], device=steps.device) < num_rows.unsqueeze(1)
        if self.convention == "magenta":
            counted = torch.ones_like(counted)
        mixture = StrokeMixture.from_output(output[counted].float())
        losses = reconstruction_losses(mixture, targets[counted], self.convention)
        return replace(
            losses,
            counts=(*losses.counts[:2], len(lengths)),
            class_sum=class_sum,
            class_weight=self.class_weight,
        )

    def encode(
        self,
        pictures: Float[Tensor, "B 1 S S"],
        conditions: Conditions,
        noise: Float[Tensor, "B Z"] | None = None,
    ) -> tuple[Float[Tensor, "B C G G"], Float[Tensor, "B Z"]]:
        """Grid of the visible part of each picture, and the code of the whole picture.

        Args: As of `forward`.
        """
        grid = self.encoder(pictures, torch.ones_like(pictures))
        mean, log_var = self.encoder.latent(grid)
        latent = mean if noise is None else mean + (0.5 * log_var).exp() * noise
        partly = torch.nonzero(conditions.visibility == PARTLY).squeeze(1)
        if len(partly):
            partly_grid = self.encoder(pictures[partly], conditions.visible[partly])
            grid = grid.index_copy(0, partly, partly_grid)
        return grid, latent

    def positions(self, steps: Float[Tensor, "B T 5"]) -> Float[Tensor, "B T 2"]:
        """Where the pen is after each step, in pixels."""
        return steps[..., OFFSET].cumsum(1) * self.step_pixels + 0.5 * self.picture_size


def _sinusoidal(values: Float[Tensor, "*B D"], periods: tuple[float, ...]) -> Float[Tensor, "*B _"]:
    """Sinusoidal encoding: sines, then cosines, of each period."""
    angles = values.unsqueeze(-1) * (2.0 * math.pi / values.new_tensor(periods))
    return torch.cat((angles.sin(), angles.cos()), -1).flatten(-2)
