"""How the latent codes of drawings are distributed: what a bundle draws and completes from by name.

Within a category, the code of a drawing's beginning and the code of the whole drawing are taken to
be jointly Gaussian, with a mean for each category and one covariance for all. From this follow a
code for a category's name, a code of the whole drawing for a beginning, and the category of either.

Shape letters: N codes, K categories, Z latent, D = 2 Z.

*Source*: Ghosh et al., arXiv 1903.12436, fit such a density to the codes of an autoencoder without
a KL term after its training; Fisher (1936) and Rao (1948), linear discriminant analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64

from sketch_pix2seq.bundle.weights import read_weights, write_weights
from sketch_pix2seq.errors import BundleError

LATENTS_FILE = "latents.safetensors"
NEVER = np.float32(-1e30)
"""Logit of a category without a drawing."""


@dataclass(frozen=True, eq=False)
class LatentGaussians:
    """A Gaussian of the codes of each category's drawings and of their beginnings.

    Args:
        prefix_means: Mean code of the beginnings of each category's drawings.
        means: Mean code of the drawings.
        factor: Cholesky factor, a lower triangle, of the covariance of a beginning's and its whole
            drawing's code, one after the other.
        known: 1 for each category with drawings, 0 for one without.
    """

    prefix_means: Float32[np.ndarray, "K Z"]
    means: Float32[np.ndarray, "K Z"]
    factor: Float32[np.ndarray, "D D"]
    known: Float32[np.ndarray, " K"]

    @classmethod
    def from_bytes(cls, data: bytes, num_categories: int, latent_dim: int) -> LatentGaussians:
        """Read the content of `latents.safetensors`.

        Args:
            data: Content of the file.
            num_categories: K of the bundle.
            latent_dim: Z of the bundle.

        Raises:
            BundleError: If it does not fit the bundle.
        """
        shapes = {
            "prefix_means": (num_categories, latent_dim),
            "means": (num_categories, latent_dim),
            "factor": (2 * latent_dim, 2 * latent_dim),
            "known": (num_categories,),
        }
        arrays = read_weights(data, LATENTS_FILE, shapes)
        if not (np.diagonal(arrays["factor"]) > 0).all():
            raise BundleError(f"the diagonal of `factor` in `{LATENTS_FILE}` must be above 0")
        return cls(**{name: arrays[name].astype(np.float32) for name in shapes})

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        names = ("prefix_means", "means", "factor", "known")
        return write_weights({name: getattr(self, name) for name in names})

    def sample(
        self, category_id: int, noise: Float32[np.ndarray, " D"], temperature: float
    ) -> Float32[np.ndarray, " Z"]:
        """Draw the code of a category's drawing: at temperature 0 the mean.

        Args:
            category_id: The category.
            noise: Standard normals.
            temperature: Factor of the covariance, >= 0.
        """
        scaled = np.float32(np.sqrt(temperature)) * noise
        return self._code(category_id, scaled)

    def complete(
        self,
        category_id: int,
        prefix_code: Float32[np.ndarray, " Z"],
    ) -> Float32[np.ndarray, " Z"]:
        """The likeliest code of the whole drawing of a beginning, given its category and code."""
        known = np.zeros(len(self.factor), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the code
            apart = prefix_code - self.prefix_means[category_id]
            known[: len(prefix_code)] = self._whitening @ apart
        return self._code(category_id, known)

    def logits(self, codes: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N K"]:
        """Logits of the categories of whole drawings, all equally likely beforehand."""
        return self._discriminate(self._whole_discriminant, codes)

    def prefix_logits(self, codes: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N K"]:
        """Logits of the categories of beginnings, all equally likely beforehand."""
        return self._discriminate(self._prefix_discriminant, codes)

    def _code(
        self, category_id: int, noise: Float32[np.ndarray, " D"]
    ) -> Float32[np.ndarray, " Z"]:
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the code
            code: Float32[np.ndarray, " Z"] = self.means[category_id] + self._lower @ noise
        return code

    @cached_property
    def _lower(self) -> Float32[np.ndarray, "Z D"]:
        size = self.means.shape[1]
        return np.ascontiguousarray(np.tril(self.factor)[size:])

    @cached_property
    def _whitening(self) -> Float32[np.ndarray, "Z Z"]:
        """From a beginning's code, less its mean, to standard normals."""
        with np.errstate(all="ignore"):  # the caller checks the code
            inverse = np.linalg.inv(self._corner.astype(np.float64))
            return inverse.astype(np.float32, order="C")

    @cached_property
    def _corner(self) -> Float32[np.ndarray, "Z Z"]:
        """Cholesky factor of the covariance of a beginning's code."""
        size = self.means.shape[1]
        return np.tril(self.factor[:size, :size])

    @cached_property
    def _prefix_discriminant(self) -> tuple[np.ndarray, np.ndarray]:
        return _discriminant(self.prefix_means, self._corner, self.known)

    @cached_property
    def _whole_discriminant(self) -> tuple[np.ndarray, np.ndarray]:
        return _discriminant(self.means, self._lower, self.known)

    def _discriminate(
        self, discriminant: tuple[np.ndarray, np.ndarray], codes: Float32[np.ndarray, "N Z"]
    ) -> Float32[np.ndarray, "N K"]:
        """One product a code: each result is the same whatever stands beside it."""
        weight, bias = discriminant
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the logits
            rows = [weight @ code + bias for code in codes]
        return np.array(rows, np.float32).reshape(len(codes), len(bias))


def _discriminant(
    means: Float32[np.ndarray, "K Z"],
    factor: Float32[np.ndarray, "Z _"],
    known: Float32[np.ndarray, " K"],
) -> tuple[Float32[np.ndarray, "K Z"], Float32[np.ndarray, " K"]]:
    """Weight and bias of the linear discriminants, of a covariance factor @ factor.T."""
    wide: Float64[np.ndarray, "Z _"] = factor.astype(np.float64)
    with np.errstate(all="ignore"):  # the caller checks the logits
        weight = np.linalg.lstsq(wide @ wide.T, means.T.astype(np.float64), rcond=None)[0].T
        bias = -0.5 * (weight * means).sum(axis=1)
        bias[known == 0] = NEVER
        return weight.astype(np.float32, order="C"), bias.astype(np.float32)
