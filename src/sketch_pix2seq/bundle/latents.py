"""The distribution of latent codes of drawings, for drawing by name and completing.

A category is drawn in a few ways: fish swim to the left or to the right, with or without scales.
So the codes of a category's drawings are taken to be a mixture of Gaussians, the modes, with a mean
for each and one covariance for all; and the code of a prefix to be linear in that of the whole
drawing, with Gaussian noise. From this follow a code for a category's name, a code of the whole
drawing for a prefix, and the category of either.

Shape letters: N codes, K categories, J modes of a category, Z latent.

*Source*: Ghosh et al., arXiv 1903.12436, fit such a mixture to the codes of an autoencoder without
a KL term after its training; Hastie and Tibshirani (1996), discriminant analysis by mixtures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64

from sketch_pix2seq.bundle.weights import read_weights, write_weights
from sketch_pix2seq.errors import BundleError

LATENTS_FILE = "latents.safetensors"
NUM_MODES = 6
"""J: modes of each category, at most."""
NEVER = np.float32(-1e30)
"""Logit of a category without a drawing, and log share of a mode without one."""


@dataclass(frozen=True, eq=False)
class LatentGaussians:
    """Gaussians of the codes of each category's drawings and of their prefixes.

    Args:
        means: Mean code of the drawings of each mode.
        shares: Share of each mode in a category's drawings; 0 for all modes of a category without
            drawings. That they sum to 1 is not checked.
        factor: Cholesky factor, a lower triangle, of the covariance of a drawing's code about the
            mean of its mode.
        prefix_means: Mean code of the prefixes of each category's drawings.
        slope: How a prefix's code changes with that of the whole drawing.
        prefix_factor: Cholesky factor of the remaining covariance of a prefix's code.
    """

    means: Float32[np.ndarray, "K J Z"]
    shares: Float32[np.ndarray, "K J"]
    factor: Float32[np.ndarray, "Z Z"]
    prefix_means: Float32[np.ndarray, "K Z"]
    slope: Float32[np.ndarray, "Z Z"]
    prefix_factor: Float32[np.ndarray, "Z Z"]

    @classmethod
    def from_bytes(cls, data: bytes, num_categories: int, latent_dim: int) -> LatentGaussians:
        """Read the content of `latents.safetensors`.

        Raises:
            BundleError: If it does not fit the bundle.
        """
        square = (latent_dim, latent_dim)
        shapes = {
            "means": (num_categories, NUM_MODES, latent_dim),
            "shares": (num_categories, NUM_MODES),
            "factor": square,
            "prefix_means": (num_categories, latent_dim),
            "slope": square,
            "prefix_factor": square,
        }
        arrays = read_weights(data, LATENTS_FILE, shapes)
        for name in ("factor", "prefix_factor"):
            if not (np.diagonal(arrays[name]) > 0).all():
                raise BundleError(f"the diagonal of `{name}` in `{LATENTS_FILE}` must be above 0")
        if not (arrays["shares"] >= 0).all():
            raise BundleError(f"`shares` in `{LATENTS_FILE}` must not be negative")
        return cls(**{name: arrays[name].astype(np.float32) for name in shapes})

    def to_bytes(self) -> bytes:
        """Return the content of the file, in 16-bit numbers."""
        arrays = {item.name: getattr(self, item.name) for item in fields(self)}
        return write_weights({name: array.astype(np.float16) for name, array in arrays.items()})

    def sample(
        self,
        category_id: int,
        gumbels: Float32[np.ndarray, " J"],
        normals: Float32[np.ndarray, " Z"],
        temperature: float,
    ) -> Float32[np.ndarray, " Z"]:
        """Draw the code of a category's drawing: at temperature 0 the mean of its commonest mode.

        Args:
            category_id: The category.
            gumbels: Standard Gumbel noise, which chooses the mode, whatever the temperature.
            normals: Standard normals.
            temperature: Factor of the covariance, >= 0.
        """
        chances = self._log_shares[category_id]
        mode = int((chances + gumbels if temperature > 0 else chances).argmax())
        scaled = np.float32(np.sqrt(temperature)) * normals
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the code
            code: Float32[np.ndarray, " Z"] = self.means[category_id, mode] + self._lower @ scaled
        return code

    def prefix_mode(
        self,
        category_id: int,
        prefix_code: Float32[np.ndarray, " Z"],
        gumbels: Float32[np.ndarray, " J"],
    ) -> int:
        """Choose a mode for the drawing of a prefix; without noise the likeliest."""
        return int((self._prefix_logits_of_modes(prefix_code)[category_id] + gumbels).argmax())

    def complete(
        self, category_id: int, mode: int, prefix_code: Float32[np.ndarray, " Z"]
    ) -> Float32[np.ndarray, " Z"]:
        """The mean code of the whole drawing of a prefix, if it is of this mode."""
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the code
            apart = prefix_code - self._mode_prefix_means[category_id, mode]
            code: Float32[np.ndarray, " Z"] = self.means[category_id, mode] + self._gain @ apart
        return code

    def logits(self, codes: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N K"]:
        """Logits of the categories of whole drawings, all equally likely beforehand."""
        return _log_sums([self._logits_of_modes(code) for code in codes], len(self.means))

    def prefix_logits(self, codes: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N K"]:
        """Logits of the categories of prefixes, all equally likely beforehand."""
        return _log_sums([self._prefix_logits_of_modes(code) for code in codes], len(self.means))

    def _logits_of_modes(self, code: Float32[np.ndarray, " Z"]) -> Float32[np.ndarray, "K J"]:
        return _discriminate(self._discriminant, code, self._log_shares)

    def _prefix_logits_of_modes(
        self, code: Float32[np.ndarray, " Z"]
    ) -> Float32[np.ndarray, "K J"]:
        return _discriminate(self._prefix_discriminant, code, self._log_shares)

    @cached_property
    def _log_shares(self) -> Float32[np.ndarray, "K J"]:
        with np.errstate(divide="ignore"):
            logs: Float32[np.ndarray, "K J"] = np.maximum(np.log(self.shares), NEVER)
        return logs

    @cached_property
    def _lower(self) -> Float32[np.ndarray, "Z Z"]:
        return np.tril(self.factor)

    @cached_property
    def _covariance(self) -> Float64[np.ndarray, "Z Z"]:
        """Of a drawing's code about the mean of its mode."""
        return _squared(self.factor)

    @cached_property
    def _prefix_covariance(self) -> Float64[np.ndarray, "Z Z"]:
        """Of a prefix's code about the mean of its mode."""
        slope = self.slope.astype(np.float64)
        with np.errstate(all="ignore"):  # the caller checks codes and logits
            explained: Float64[np.ndarray, "Z Z"] = slope @ self._covariance @ slope.T
            explained += _squared(self.prefix_factor)
        return explained

    @cached_property
    def _mode_prefix_means(self) -> Float32[np.ndarray, "K J Z"]:
        """Mean code of the prefixes of each mode's drawings."""
        with np.errstate(all="ignore"):  # the caller checks codes and logits
            middle = (self.shares[:, :, None] * self.means).sum(axis=1, keepdims=True)
            moved: Float32[np.ndarray, "K J Z"] = (self.means - middle) @ self.slope.T
            return np.asarray(self.prefix_means[:, None] + moved)

    @cached_property
    def _gain(self) -> Float32[np.ndarray, "Z Z"]:
        """From a prefix's code, less its mean, to that of the whole, less its mean."""
        with np.errstate(all="ignore"):  # the caller checks the code
            crossed = self.slope.astype(np.float64) @ self._covariance
            gain = np.linalg.lstsq(self._prefix_covariance, crossed, rcond=None)[0].T
            return np.asarray(gain.astype(np.float32, order="C"))

    @cached_property
    def _discriminant(self) -> tuple[np.ndarray, np.ndarray]:
        return _discriminant(self.means, self._covariance)

    @cached_property
    def _prefix_discriminant(self) -> tuple[np.ndarray, np.ndarray]:
        return _discriminant(self._mode_prefix_means, self._prefix_covariance)


def _squared(factor: Float32[np.ndarray, "Z Z"]) -> Float64[np.ndarray, "Z Z"]:
    """The covariance of a Cholesky factor."""
    lower = np.tril(factor).astype(np.float64)
    with np.errstate(all="ignore"):  # the caller checks codes and logits
        return lower @ lower.T


def _discriminant(
    means: Float32[np.ndarray, "K J Z"], covariance: Float64[np.ndarray, "Z Z"]
) -> tuple[Float32[np.ndarray, "K J Z"], Float32[np.ndarray, "K J"]]:
    """Weight and bias of the linear discriminants of Gaussians of one covariance."""
    flat = means.reshape(-1, means.shape[2]).astype(np.float64)
    with np.errstate(all="ignore"):  # the caller checks the logits
        weight = np.linalg.lstsq(covariance, flat.T, rcond=None)[0].T
        bias = -0.5 * (weight * flat).sum(axis=1)
        weight = weight.reshape(means.shape).astype(np.float32, order="C")
        return weight, bias.reshape(means.shape[:2]).astype(np.float32)


def _discriminate(
    discriminant: tuple[np.ndarray, np.ndarray],
    code: Float32[np.ndarray, " Z"],
    log_shares: Float32[np.ndarray, "K J"],
) -> Float32[np.ndarray, "K J"]:
    """Log density of a code in each mode, with the mode's share, up to a constant."""
    weight, bias = discriminant
    with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the logits
        logits: Float32[np.ndarray, "K J"] = weight @ code + bias
    return np.where(log_shares > NEVER, logits + log_shares, NEVER)


def _log_sums(
    logits: Sequence[Float32[np.ndarray, "K J"]], num_categories: int
) -> Float32[np.ndarray, "N K"]:
    """Logits of categories, of those of their modes."""
    rows = np.array(logits, np.float32).reshape(len(logits), num_categories, NUM_MODES)
    largest = rows.max(axis=2, initial=NEVER)
    with np.errstate(all="ignore"):  # the caller checks the logits
        sums: Float32[np.ndarray, "N K"] = np.exp(rows - largest[:, :, None]).sum(axis=2)
        logits_of_categories = largest + np.log(sums)
    return np.where(largest <= NEVER, NEVER, logits_of_categories)  # NaN stays
