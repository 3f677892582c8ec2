"""Two affine maps of latent codes, fitted when a bundle is exported.

`CompletionMap` maps the code of a started drawing to the code of a whole one: an encoder takes a
started drawing for a small finished one, and a decoder would draw just that. `CodeClassifier` maps
a code to logits of the categories.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from sketch_pix2seq.bundle.weights import read_weights, write_weights

RIDGE = 3.0
"""Added to the diagonal of the normal equations; of no weight where there are many drawings."""
SPREAD = 1e-3
"""Added to each variance, in units of their mean: codes may not vary along a dimension."""
NEVER = -1e30
"""Logit of a category without a drawing."""


@dataclass(frozen=True, eq=False)
class CompletionMap:
    """From codes of started drawings to codes of whole ones.

    Args:
        weight: (Z, Z).
        bias: (Z,).
    """

    weight: Float32[np.ndarray, "Z Z"]
    bias: Float32[np.ndarray, "Z"]

    @classmethod
    def fitted(
        cls, started: Float32[np.ndarray, "N Z"], wholes: Float32[np.ndarray, "N Z"]
    ) -> CompletionMap:
        """Fit the map by least squares.

        Args:
            started: Codes of started drawings.
            wholes: Codes of the drawings that they became.

        Example:
            >>> codes = np.eye(3, dtype=np.float32)
            >>> CompletionMap.fitted(codes, codes)(codes).shape
            (3, 3)
        """
        inputs: Float64[np.ndarray, "N K"] = np.column_stack((started, np.ones(len(wholes))))
        square = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
        solved = np.linalg.solve(square, inputs.T @ wholes).T.astype(np.float32)
        return cls(solved[:, :-1], solved[:, -1])

    @classmethod
    def from_bytes(cls, data: bytes, file: str, latent_dim: int) -> CompletionMap:
        """Read the map.

        Args:
            data: Content of the file.
            file: Its name, for the error.
            latent_dim: Z of the bundle.

        Raises:
            BundleError: If it does not fit the bundle.
        """
        shapes = {"weight": (latent_dim, latent_dim), "bias": (latent_dim,)}
        arrays = read_weights(data, file, shapes)
        return cls(arrays["weight"].astype(np.float32), arrays["bias"].astype(np.float32))

    def to_bytes(self) -> bytes:
        """Return the content of the file, 16-bit floats."""
        return write_weights(
            {"weight": self.weight.astype(np.float16), "bias": self.bias.astype(np.float16)}
        )

    def __call__(self, started: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N Z"]:
        """Return codes of whole drawings; each depends on its own started drawing alone.

        Args:
            started: Codes of started drawings.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # who draws the codes checks them
            rows = [self.weight @ code + self.bias for code in started]  # the same in any company
        return np.array(rows, np.float32).reshape(started.shape)


@dataclass(frozen=True, eq=False)
class CodeClassifier:
    """From codes to logits of categories: linear discriminant analysis.

    Normal distributions with a mean for each category and one covariance for all; every category
    is equally likely beforehand.

    Args:
        weight: (K, Z).
        bias: (K,).

    Source: Fisher (1936); Rao (1948) for several categories.
    """

    weight: Float32[np.ndarray, "K Z"]
    bias: Float32[np.ndarray, "K"]

    @classmethod
    def fitted(
        cls, codes: Float32[np.ndarray, "N Z"], category_ids: Int64[np.ndarray, "N"], num: int
    ) -> CodeClassifier:
        """Fit the map.

        Args:
            codes: Of drawings.
            category_ids: What each shows.
            num: K; a category without a drawing is never predicted.

        Example:
            >>> codes = np.array([[0, 0], [0, 1], [5, 0], [5, 1]], np.float32)
            >>> classifier = CodeClassifier.fitted(codes, np.array([0, 0, 1, 1]), 2)
            >>> classifier.logits(codes).argmax(axis=1).tolist()
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
    def from_bytes(cls, data: bytes, file: str, num: int, latent_dim: int) -> CodeClassifier:
        """Read the map.

        Args:
            data: Content of the file.
            file: Its name, for the error.
            num: Categories of the bundle.
            latent_dim: Z of the bundle.

        Raises:
            BundleError: If it does not fit the bundle.
        """
        arrays = read_weights(data, file, {"weight": (num, latent_dim), "bias": (num,)})
        return cls(arrays["weight"].astype(np.float32), arrays["bias"].astype(np.float32))

    def to_bytes(self) -> bytes:
        """Return the content of the file, 32-bit floats: numbers may be too large for 16 bits."""
        return write_weights({"weight": self.weight, "bias": self.bias})

    def logits(self, codes: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N K"]:
        """Return log likelihoods of the categories, up to a number common to all.

        Args:
            codes: Of drawings.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # who takes them checks them
            logits: Float32[np.ndarray, "N K"] = codes @ self.weight.T + self.bias
        return logits
