"""From a drawing to the mean and log variance of its latent code.

Each encoder is a plain module that gives two tensors (B, Z). Three read the picture
(B, 1, S, S), 1 = ink and 0 = paper; one reads the strokes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from sketch_pix2seq.models.lstm import forget_bias, lstm_sequence, lstm_weight, recurrent_dropout
from sketch_pix2seq.sketch.network_layout import (
    CONV_LAYERS,
    GRID_LAYERS,
    NUM_GROUPS,
    PAPER_LAYERS,
    SUMMARY_LAYERS,
    convolution_sizes,
    total_stride,
)
from sketch_pix2seq.sketch.pen import STROKE5_DIM

LATENT_INIT_STD = 0.001
START_LOG_VAR = -4.0  # little noise at first: the code is worth reading from the start


class _LatentHead(nn.Module):
    def __init__(self, num_features: int, latent_dim: int, init_std: float | None) -> None:
        super().__init__()
        self.mean = nn.Linear(num_features, latent_dim)
        self.log_var = nn.Linear(num_features, latent_dim)
        for layer in (self.mean, self.log_var):
            if init_std is not None:
                nn.init.normal_(layer.weight, std=init_std)
            nn.init.zeros_(layer.bias)

    def forward(
        self, features: Float[Tensor, "B F"]
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        return self.mean(features), self.log_var(features)


class PaperEncoder(nn.Module):
    """The encoder of Figure 1: a fixed high-pass filter and six small convolutions.

    Args:
        latent_dim: Z, 128 in the paper.
        picture_size: Side of the square picture in pixels; a multiple of 8.

    *Source*: Chen et al., arXiv 1709.04121, Figure 1, with the sizes of the only
    public transcription (MarkMoHR/sketch-pix2seq). There paper is white = 255 and
    zero padding draws a frame round every picture; our paper is 0, so it does not.
    """

    high_pass: Tensor

    def __init__(self, latent_dim: int = 128, picture_size: int = 48) -> None:
        super().__init__()
        kernel = -torch.ones(1, 1, 3, 3)
        kernel[0, 0, 1, 1] = 8.0
        self.register_buffer("high_pass", kernel, persistent=False)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 2, stride=stride, bias=False)
            for before, after, stride in convolution_sizes(1, 1, PAPER_LAYERS)
        )
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv2d)
            std = math.sqrt(2.0 / (2 * 2 * convolution.out_channels))
            nn.init.normal_(convolution.weight, std=std)
        side = picture_size // total_stride(PAPER_LAYERS)
        num_features = PAPER_LAYERS[-1][0] * side**2
        self.head = _LatentHead(num_features, latent_dim, LATENT_INIT_STD)

    def forward(
        self, picture: Float[Tensor, "B 1 H W"]
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        """Return mean and log variance of the codes of pictures."""
        features = nn.functional.conv2d(picture, self.high_pass, padding=1)
        last = len(PAPER_LAYERS) - 1
        for index, convolution in enumerate(self.convolutions):
            if PAPER_LAYERS[index][1] == 1:  # "same" with an even kernel pads bottom and right
                features = nn.functional.pad(features, (0, 1, 0, 1))
            features = convolution(features)
            features = features.tanh() if index == last else features.relu()
        mean, log_var = self.head(features.flatten(1))
        return mean, log_var


def convolutions(sizes: Sequence[tuple[int, int, int]]) -> nn.Sequential:
    """3x3 convolutions, each with group norm and SiLU.

    Args:
        sizes: Channels in, channels out (a multiple of 8) and stride of each.
    """
    layers: list[nn.Module] = []
    for before, after, stride in sizes:
        layers.append(nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False))
        layers.append(nn.GroupNorm(NUM_GROUPS, after))
        layers.append(nn.SiLU())
    return nn.Sequential(*layers)


class ConvEncoder(nn.Module):
    """A stronger encoder of our own: 3x3 convolutions, group norm, SiLU.

    Args:
        latent_dim: Z.
        width: Channels of the first layer; the last has 4 times as many.
        picture_size: Side of the square picture in pixels; a multiple of 16.

    It has about 350,000 weights at width 24, against 75,000 of `PaperEncoder`, and
    costs a tenth of what the decoder costs.
    """

    def __init__(self, latent_dim: int = 128, width: int = 24, picture_size: int = 48) -> None:
        super().__init__()
        sizes = convolution_sizes(1, width, CONV_LAYERS)
        self.layers = convolutions(sizes)
        num_features = sizes[-1][1] * (picture_size // total_stride(CONV_LAYERS)) ** 2
        self.head = _LatentHead(num_features, latent_dim, None)
        nn.init.constant_(self.head.log_var.bias, START_LOG_VAR)

    def forward(
        self, picture: Float[Tensor, "B 1 H W"]
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        """See `PaperEncoder`."""
        mean, log_var = self.head(self.layers(picture).flatten(1))
        return mean, log_var


class GridEncoder(nn.Module):
    """The encoder of the `attention` model: a picture to a grid of tokens, and to a code.

    Args:
        latent_dim: Z.
        num_categories: K.
        width: Channels of the first layer, a multiple of 8; the tokens have C = 4 times as many.
        picture_size: S, a multiple of 16; the grid's side is S / 8.
    """

    def __init__(
        self, latent_dim: int, num_categories: int, width: int = 32, picture_size: int = 64
    ) -> None:
        super().__init__()
        self.grid_size = picture_size // total_stride(GRID_LAYERS)
        sizes = convolution_sizes(2, width, GRID_LAYERS)
        self.channels = sizes[-1][1]
        self.layers = convolutions(sizes)
        self.summary = convolutions(convolution_sizes(self.channels, width, SUMMARY_LAYERS))
        num_features = self.channels * (self.grid_size // total_stride(SUMMARY_LAYERS)) ** 2
        self.head = _LatentHead(num_features, latent_dim, None)
        nn.init.constant_(self.head.log_var.bias, START_LOG_VAR)
        self.classes = nn.Linear(latent_dim, num_categories)

    def forward(
        self, picture: Float[Tensor, "B 1 S S"], visible: Float[Tensor, "B 1 S S"]
    ) -> Float[Tensor, "B C G G"]:
        """The grid of a picture.

        Args:
            picture: 1 = ink; hidden ink is taken away here.
            visible: 1 where the picture is visible.
        """
        grid: Tensor = self.layers(torch.cat((picture * visible, visible), 1))
        return grid

    def latent(
        self, grid: Float[Tensor, "B C G G"]
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        """Mean and log variance of the latent code, from the grid of a whole picture."""
        mean, log_var = self.head(self.summary(grid).flatten(1))
        return mean, log_var


class RNNEncoder(nn.Module):
    """sketch-rnn's encoder: it reads the strokes, once forwards and once backwards.

    Args:
        latent_dim: Z, 128 in the paper.
        size: Hidden units of each of the two LSTMs, 256 in the paper.
        keep: Probability that recurrent dropout keeps a candidate.

    *Source*: Ha & Eck, arXiv 1704.03477, section 3.2: a bidirectional LSTM over the rows
    1..N (no start row), its two last states joined. Weights begin as in the decoder.
    """

    def __init__(self, latent_dim: int = 128, size: int = 256, keep: float = 0.9) -> None:
        super().__init__()
        self.size = size
        self.keep = keep
        self.forwards = nn.Parameter(lstm_weight(STROKE5_DIM, size))
        self.backwards = nn.Parameter(lstm_weight(STROKE5_DIM, size))
        self.forwards_bias = nn.Parameter(forget_bias(size))
        self.backwards_bias = nn.Parameter(forget_bias(size))
        self.head = _LatentHead(2 * size, latent_dim, LATENT_INIT_STD)

    def forward(
        self, steps: PackedSequence, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        """Encode a packed batch of stroke-5 rows, the start row left out.

        Args:
            steps: Rows 1..N of each drawing, the longest drawing first.
            generator: Random generator of the dropout; needed in training mode.

        Returns:
            mean and log variance, each (B, Z).
        """
        reverse, last = _reading_orders(steps.batch_sizes)
        rows = steps.data
        ahead = self._read(rows, self.forwards, self.forwards_bias, steps.batch_sizes, generator)
        back = self._read(
            rows[reverse.to(rows.device)],
            self.backwards,
            self.backwards_bias,
            steps.batch_sizes,
            generator,
        )
        last = last.to(rows.device)
        mean, log_var = self.head(torch.cat((ahead[last], back[last]), 1))
        return mean, log_var

    def _read(
        self,
        rows: Float[Tensor, "N 5"],
        weight: Tensor,
        bias: Tensor,
        batch_sizes: Int64[Tensor, "T"],
        generator: torch.Generator | None,
    ) -> Float[Tensor, "N H"]:
        batch = int(batch_sizes[0])
        zero = rows.new_zeros(batch, self.size)
        dropout = None
        if self.training and self.keep < 1.0:
            shape = (len(rows), self.size)
            dropout = recurrent_dropout(shape, self.keep, rows.device, generator)
        return lstm_sequence(rows, bias.expand(batch, -1), zero, zero, weight, batch_sizes, dropout)


def _reading_orders(
    batch_sizes: Int64[Tensor, "T"],
) -> tuple[Int64[Tensor, "N"], Int64[Tensor, "B"]]:
    """For packed rows: where the rows of each drawing lie backwards, and its last row."""
    starts = batch_sizes.cumsum(0) - batch_sizes  # (T,)
    drawing = torch.arange(int(batch_sizes[0]))
    lengths = (batch_sizes.unsqueeze(1) > drawing).sum(0)  # (B,)
    step = torch.repeat_interleave(torch.arange(len(batch_sizes)), batch_sizes)  # (N,)
    of_row = torch.arange(int(batch_sizes.sum())) - starts[step]  # (N,)
    reverse = starts[lengths[of_row] - 1 - step] + of_row
    return reverse, starts[lengths - 1] + drawing
