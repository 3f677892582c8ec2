"""What names drawings: their latent codes say already what they show.

Linear discriminant analysis of the codes of training drawings: normal distributions with a mean for
each category and one covariance for all, every category equally likely beforehand. It is a file of
the bundle beside the weights. Knows codes alone. It is no yardstick: that is the judge, which never
saw a code.

Source: Fisher (1936); Rao (1948) for several categories.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import NAMING_FILE
from sketch_pix2seq.inference.weights import read_weights, write_weights

SPREAD = 1e-3
"""Added to each variance, in units of their mean: codes may not vary along a dimension."""


NEVER = -1e30
"""Logit of what is never said."""


@dataclass(frozen=True, eq=False)
class Naming:
    """An affine map from codes to logits of categories.

    Args:
        weight: (K, Z).
        bias: (K,).
    """

    weight: Float32[np.ndarray, "K Z"]
    bias: Float32[np.ndarray, "K"]

    @classmethod
    def fitted(
        cls, codes: Float32[np.ndarray, "N Z"], category_ids: Int64[np.ndarray, "N"], num: int
    ) -> Naming:
        """Fit the map.

        Args:
            codes: Of drawings.
            category_ids: What each shows.
            num: K; a category without a drawing is never named.

        Returns:
            The map.

        Example:
            >>> codes = np.array([[0, 0], [0, 1], [5, 0], [5, 1]], np.float32)
            >>> naming = Naming.fitted(codes, np.array([0, 0, 1, 1]), 2)
            >>> naming.logits(codes).argmax(axis=1).tolist()
            [0, 0, 1, 1]
        """
        counts = np.bincount(category_ids, minlength=num)
        sums = np.zeros((num, codes.shape[1]))
        np.add.at(sums, category_ids, codes)
        means = sums / np.maximum(counts, 1)[:, None]
        apart = codes - means[category_ids]
        covariance = apart.T @ apart / max(len(codes) - num, 1)
        spread = SPREAD * max(float(np.trace(covariance)) / len(covariance), 1e-12)
        weight = np.linalg.solve(covariance + spread * np.eye(len(covariance)), means.T).T
        bias = -0.5 * (weight * means).sum(axis=1)
        bias[counts == 0] = NEVER
        return cls(weight.astype(np.float32), bias.astype(np.float32))

    @classmethod
    def from_bytes(cls, data: bytes, num: int, latent_dim: int) -> Naming:
        """Read the map from a bundle's file.

        Args:
            data: What the file holds.
            num: Categories of the bundle.
            latent_dim: Z of the bundle.

        Raises:
            BundleError: If it is not whole, or does not fit the bundle.
        """
        arrays = read_weights(data, NAMING_FILE)
        shapes = {name: array.shape for name, array in arrays.items()}
        if shapes != {"weight": (num, latent_dim), "bias": (num,)}:
            raise BundleError(
                f"`{NAMING_FILE}` of the bundle must hold `weight` ({num}, {latent_dim}) and "
                f"`bias` ({num})",
                got=json.dumps(shapes),
            )
        return cls(arrays["weight"].astype(np.float32), arrays["bias"].astype(np.float32))

    def to_bytes(self) -> bytes:
        """Write the map; where codes hardly vary, its numbers are too large for 16-bit floats."""
        return write_weights({"weight": self.weight, "bias": self.bias})

    def logits(self, codes: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N K"]:
        """Say how likely each category is, in logarithms up to a number common to all.

        Args:
            codes: Of drawings.
        """
        logits: Float32[np.ndarray, "N K"] = codes @ self.weight.T + self.bias
        return logits
