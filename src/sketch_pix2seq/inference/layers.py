"""The arithmetic of the networks, in numpy: products, convolutions, normalisation, activations.

Everything is float32. Each result of one drawing is the same, bit for bit, whatever other
drawings are computed with it and however many threads BLAS has; `Product` says how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32
from numpy.lib.stride_tricks import as_strided

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.sketch.network_layout import NUM_GROUPS

Weights: TypeAlias = Mapping[str, np.ndarray]
"""Arrays by the names they have in training."""

ROWS = 4
"""Rows of one matrix product, always."""
MAX_COLUMNS = 64
"""Columns of one matrix product, unless that is too large."""
MAX_MULTIPLICATIONS = 2**18
"""Of one matrix product: OpenBLAS shares larger ones between its threads."""
GROUP_EPSILON = 1e-5
"""What `group_norm` adds to the variance."""
PICTURES_AT_ONCE = 8
"""Pictures that go through convolutions together: what is made of them stays in the cache."""


def float32_weight(
    weights: Weights, name: str, shape: tuple[int, ...]
) -> Float32[np.ndarray, "..."]:
    """Take one array of a network's weights, of which a shape is expected, as float32.

    Raises:
        BundleError: If it is missing, has another shape or holds no floats.
    """
    array = weights.get(name)
    if array is None or array.shape != shape or array.dtype.kind != "f":
        got = "none" if array is None else f"{array.dtype} of shape {array.shape}"
        raise BundleError(
            f"the weight `{name}` must be floats of shape {shape}",
            got=got,
            do="Export the run again, or use another bundle.",
        )
    return array.astype(np.float32)


class Product:
    """Multiplies rows by a weight: `rows @ weight.T`.

    BLAS chooses its kernel, and with it the order of the sums, by the shape of the matrices. So
    a product is always computed as many small ones of one shape, (4, in) @ (in, 64). They are
    fast: OpenBLAS reads the weight where it lies and does not copy it first, as for larger ones,
    and one part of it stays in the cache for all rows. They are too small to be shared between
    BLAS threads.

    Args:
        weight: Outputs by inputs. With axes before these, one product for each of them.
    """

    def __init__(self, weight: Float32[np.ndarray, "*S out in"]) -> None:
        *stack, self._num_outputs, num_inputs = weight.shape
        self._num_inputs = num_inputs
        columns = MAX_COLUMNS
        while columns > 1 and ROWS * columns * num_inputs > MAX_MULTIPLICATIONS:
            columns //= 2
        num_parts = -(-self._num_outputs // columns)
        self._parts_shape = num_parts, columns
        padded = np.zeros((*stack, num_parts * columns, num_inputs), np.float32)
        padded[..., : self._num_outputs, :] = weight
        parts = padded.reshape(*stack, num_parts, 1, columns, num_inputs)
        self.parts = np.ascontiguousarray(parts.swapaxes(-1, -2))
        first = len(stack)
        self._order = (*range(first), first + 2, first, first + 1, first + 3)

    def __call__(self, *inputs: Float32[np.ndarray, "*S R _"]) -> Float32[np.ndarray, "*S R out"]:
        """Multiply rows, in one array or in several that stand side by side; a new array.

        A single contiguous array of whole blocks of `ROWS` is not copied.
        """
        rows = np.ascontiguousarray(inputs[0])
        *stack, num_rows, _ = rows.shape
        num_blocks = -(-num_rows // ROWS)
        if len(inputs) > 1 or num_blocks * ROWS > num_rows:
            rows = np.zeros((*stack, num_blocks * ROWS, self._num_inputs), np.float32)
            np.concatenate(inputs, axis=-1, out=rows[..., :num_rows, :])
        blocks = rows.reshape(*stack, 1, num_blocks, ROWS, self._num_inputs)
        result = np.empty((*stack, num_blocks, ROWS, *self._parts_shape), np.float32)
        # (*S, parts, blocks, ROWS, columns)
        np.matmul(blocks, self.parts, out=result.transpose(self._order))
        joined: Float32[np.ndarray, "*S _ _"] = result.reshape(
            *stack, num_blocks * ROWS, math.prod(self._parts_shape)
        )
        return joined[..., :num_rows, : self._num_outputs]


LARGE_PAGE = 2**21
"""Bytes of a large page of memory."""


def lay_together(products: Sequence[Product]) -> None:
    """Move the weights of products that are computed in turn into one array.

    For arrays of 4 MB and more numpy asks the system for large pages. On small ones a processor
    looks up addresses for a third of the time in which it reads all weights for a single row.
    """
    page = LARGE_PAGE // 4
    array = np.empty(sum(product.parts.size for product in products) + 2 * page, np.float32)
    position = -(array.ctypes.data // 4) % page
    for product in products:
        parts = array[position : position + product.parts.size].reshape(product.parts.shape)
        parts[:] = product.parts
        product.parts = parts
        position += parts.size


class Linear:
    """A fully connected layer; its weight is outputs by inputs."""

    def __init__(
        self, weight: Float32[np.ndarray, "out in"], bias: Float32[np.ndarray, "out"]
    ) -> None:
        self.product = Product(weight)
        self._bias = bias

    def __call__(self, *inputs: Float32[np.ndarray, "R _"]) -> Float32[np.ndarray, "R out"]:
        """Compute the layer; inputs and result as of `Product`."""
        result = self.product(*inputs)
        result += self._bias
        return result


class Convolution:
    """A convolution without bias, as one product of all patches with the kernels.

    *Convention*: pictures are (B, H, W, C), channels last.

    Args:
        kernels: Square, as torch stores them.
        stride: Step from patch to patch, in both directions.
        padding: Rows and columns of zeros before and after the picture.
    """

    def __init__(
        self,
        kernels: Float32[np.ndarray, "out in side side"],
        stride: int = 1,
        padding: tuple[int, int] = (0, 0),
    ) -> None:
        self._side = kernels.shape[-1]
        self._stride = stride
        self._padding = padding
        self._product = Product(kernels.transpose(0, 2, 3, 1).reshape(len(kernels), -1))

    def __call__(self, pictures: Float32[np.ndarray, "B H W in"]) -> Float32[np.ndarray, "B _ _ _"]:
        """Compute the layer; the result is a new array."""
        before, after = self._padding
        batch, height, width, channels = pictures.shape
        padded = np.zeros(
            (batch, before + height + after, before + width + after, channels), np.float32
        )
        padded[:, before : before + height, before : before + width] = pictures
        num_down, num_across = (
            (extent - self._side) // self._stride + 1 for extent in padded.shape[1:3]
        )
        picture, down, across, channel = padded.strides
        patches = as_strided(  # each row of a patch is `side * channels` numbers without a gap
            padded,
            (batch, num_down, num_across, self._side, self._side * channels),
            (picture, self._stride * down, self._stride * across, down, channel),
            writeable=False,
        )
        rows = self._product(patches.reshape(batch * num_down * num_across, -1))
        return rows.reshape(batch, num_down, num_across, -1)


def group_norm(
    pictures: Float32[np.ndarray, "B H W C"],
    gain: Float32[np.ndarray, "C"],
    shift: Float32[np.ndarray, "C"],
) -> Float32[np.ndarray, "B H W C"]:
    """Normalise each picture over its pixels and over 8 groups of channels.

    *Source*: Wu & He, arXiv 1803.08494.
    """
    batch, height, width, channels = pictures.shape
    pixels = pictures.reshape(batch, height * width, channels)
    centred: Float32[np.ndarray, "B P C"] = pixels - _group_mean(pixels.mean(axis=1, keepdims=True))
    variance = _group_mean(np.square(centred).mean(axis=1, keepdims=True))
    centred *= gain / np.sqrt(variance + np.float32(GROUP_EPSILON))
    centred += shift
    return centred.reshape(pictures.shape)


def _group_mean(means: Float32[np.ndarray, "B 1 C"]) -> Float32[np.ndarray, "B 1 C"]:
    """For each channel the mean of its group."""
    num_channels = means.shape[-1]
    groups = means.reshape(len(means), 1, NUM_GROUPS, -1).mean(axis=-1)
    return np.asarray(groups.repeat(num_channels // NUM_GROUPS, axis=-1))


def layer_norm(
    values: Float32[np.ndarray, "*N H"],
    gain: Float32[np.ndarray, "*_ H"],
    shift: Float32[np.ndarray, "*_ H"],
    epsilon: float,
) -> Float32[np.ndarray, "*N H"]:
    """Normalise over the last axis; epsilon is added to the variance.

    *Source*: Ba et al., arXiv 1607.06450.
    """
    centred: Float32[np.ndarray, "*N H"] = values - values.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    centred /= np.sqrt(variance + np.float32(epsilon))
    centred *= gain
    centred += shift
    return centred


def sigmoid(values: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """1 / (1 + exp(-x)) as (1 + tanh(x / 2)) / 2, which does not overflow; a new array."""
    result: Float32[np.ndarray, "..."] = np.multiply(values, np.float32(0.5))
    np.tanh(result, out=result)
    result += np.float32(1)
    result *= np.float32(0.5)
    return result


def silu(values: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """Multiply each number by its sigmoid; a new array."""
    half = np.multiply(values, np.float32(0.5))
    result: Float32[np.ndarray, "..."] = np.tanh(half)
    result += np.float32(1)
    result *= half
    return result


def lstm_cell(
    gates: Float32[np.ndarray, "R G"],
    hidden: Float32[np.ndarray, "R H"],
    cell: Float32[np.ndarray, "R H"],
) -> None:
    """Move an LSTM on by one step; hidden state (only written) and memory are changed in place.

    Args:
        gates: Before their activations: input, forget, output, candidate.
        hidden: Hidden state, overwritten.
        cell: Cell memory.
    """
    size = cell.shape[1]
    opened = sigmoid(gates[:, : 3 * size])
    new = np.tanh(gates[:, 3 * size :])
    new *= opened[:, :size]
    cell *= opened[:, size : 2 * size]
    cell += new
    np.tanh(cell, out=hidden)
    hidden *= opened[:, 2 * size :]


def flat_last(
    weight: Float32[np.ndarray, "out F"], num_channels: int
) -> Float32[np.ndarray, "out F"]:
    """Reorder a layer that reads flattened square pictures, channels first, for channels last."""
    side = math.isqrt(weight.shape[1] // num_channels)
    pictures = weight.reshape(-1, num_channels, side, side).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pictures).reshape(weight.shape)


class NormedConvolutions:
    """Convolutions of 3x3 pixels, each with group norm and SiLU.

    Args:
        weights: Arrays by name: `layers.0.weight` and so on, as in `torch.nn.Sequential`.
        sizes: Channels in, channels out (a multiple of 8) and stride of each.
        name: Prefix of the names, `layers` in this example.
    """

    def __init__(
        self, weights: Weights, sizes: Sequence[tuple[int, int, int]], name: str = "layers"
    ) -> None:
        self._layers = []
        for index, (before, after, stride) in enumerate(sizes):
            convolution, norm = f"{name}.{3 * index}", f"{name}.{3 * index + 1}"
            kernels = float32_weight(weights, f"{convolution}.weight", (after, before, 3, 3))
            gain = float32_weight(weights, f"{norm}.weight", (after,))
            shift = float32_weight(weights, f"{norm}.bias", (after,))
            self._layers.append((Convolution(kernels, stride, padding=(1, 1)), gain, shift))

    def __call__(self, pictures: Float32[np.ndarray, "B H W _"]) -> Float32[np.ndarray, "B _ _ C"]:
        """Compute all layers of pictures, channels last."""
        features = pictures
        for convolution, gain, shift in self._layers:
            features = silu(group_norm(convolution(features), gain, shift))
        return features


def some_at_a_time(
    pictures: Float32[np.ndarray, "B C H W"],
) -> list[Float32[np.ndarray, "_ H W C"]]:
    """Split pictures into as many arrays as go through convolutions one after the other.

    Args:
        pictures: The channels stand before the pixels; they come back last.
    """
    last = np.ascontiguousarray(np.moveaxis(pictures, 1, -1))
    starts = range(0, len(last), PICTURES_AT_ONCE)
    return [last[first : first + PICTURES_AT_ONCE] for first in starts]
