"""The arithmetic of the `attention` decoder's layers, in numpy.

Shape letters as in `inference.attention`; O outputs of a layer.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.inference.layers import Linear, Product, Weights, float32_weight

BLOCK = 64
"""Keys that one matrix product attends to. All products have one shape, so a drawing is
bit-identical whatever the batch holds."""
EPSILON = 1e-5
"""What layer norms add to the variance."""


class Layer:
    """The weights of one layer, with the gain and shift of each norm inside the next product."""

    def __init__(self, weights: Weights, name: str, width: int, head: int, expansion: int) -> None:
        def weight(part: str, *shape: int) -> Float32[np.ndarray, "..."]:
            return float32_weight(weights, f"{name}.{part}", shape)

        qkv_weight = np.concatenate(
            (
                weight("query.weight", width, width) / np.float32(math.sqrt(head)),
                weight("key_value.weight", 2 * head, width),
            )
        )
        norm = weight("norm.weight", width), weight("norm.bias", width)
        self.qkv = after_norm(*norm, qkv_weight, np.zeros(len(qkv_weight), np.float32))
        self.memory = Product(weight("memory_key_value.weight", 2 * head, width))
        self.out = Product(zero_mean(weight("out.weight", width, width)))
        norm = weight("feed_norm.weight", width), weight("feed_norm.bias", width)
        inside = expansion * width
        self.feed_in = after_norm(
            *norm, weight("feed_in.weight", inside, width), weight("feed_in.bias", inside)
        )
        self.feed_out = Linear(
            zero_mean(weight("feed_out.weight", width, inside)),
            zero_mean(weight("feed_out.bias", width)),
        )


def after_norm(
    gain: Float32[np.ndarray, "W"],
    shift: Float32[np.ndarray, "W"],
    weight: Float32[np.ndarray, "O W"],
    bias: Float32[np.ndarray, "O"],
) -> Linear:
    """A layer that reads what `unit_rows` makes in place of a layer norm."""
    return Linear(weight * (gain * np.float32(math.sqrt(len(gain)))), weight @ shift + bias)


def zero_mean(weight: Float32[np.ndarray, "W *_"]) -> Float32[np.ndarray, "W *_"]:
    """A weight whose outputs add up to 0: layer norms need not subtract the mean of a state."""
    return np.asarray(weight - weight.mean(axis=0))


def attend(
    heads: Float32[np.ndarray, "R H D"],
    keys: Float32[np.ndarray, "R B D BLOCK"],
    values: Float32[np.ndarray, "R B BLOCK _"],
    mixed: Float32[np.ndarray, "R H D"],
) -> None:
    """Attend to memory and past, a block of keys at a time.

    Args:
        heads: Queries.
        keys: In blocks.
        values: In blocks, with a column of ones, which sums to the softmax denominator.
        mixed: Means of the values, overwritten.
    """
    num_rows, num_heads, _ = heads.shape
    num_blocks = keys.shape[1]
    scores = np.empty((num_rows, num_heads, num_blocks * BLOCK), np.float32)
    by_block = scores.reshape(num_rows, num_heads, num_blocks, BLOCK).swapaxes(1, 2)
    np.matmul(heads[:, None], keys, out=by_block)
    scores -= np.maximum.reduce(scores, axis=2, keepdims=True)
    np.exp(scores, out=scores)
    total = np.add.reduce(np.matmul(by_block, values), axis=1)
    np.divide(total[..., :-1], total[..., -1:], out=mixed)


def num_blocks(length: int) -> int:
    """Number of blocks that hold this many keys."""
    return -(-length // BLOCK)


def sinusoidal(
    values: Float32[np.ndarray, "R K"], rates: Float32[np.ndarray, "F"]
) -> Float32[np.ndarray, "R _"]:
    """Sinusoidal encoding: for each value the sines of all periods, then their cosines."""
    angles = values[:, :, None] * rates
    encoding: Float32[np.ndarray, "R K _"] = np.concatenate(
        (np.sin(angles), np.cos(angles)), axis=2
    )
    return encoding.reshape(len(values), -1)


def unit_rows(rows: Float32[np.ndarray, "R W"]) -> Float32[np.ndarray, "R W"]:
    """Divide rows, whose means are 0, by their lengths, as layer norm does but for a factor."""
    length = np.vecdot(rows, rows)
    length += np.float32(EPSILON * rows.shape[1])
    np.sqrt(length, out=length)
    return np.asarray(rows / length[:, None])
