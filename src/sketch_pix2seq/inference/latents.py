"""Sampling latent codes: of a category's drawings, and of completions of prefixes.

Drawing k depends on the seed and k, and on nothing that is drawn beside it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.latents import LATENTS_FILE, NUM_MODES, LatentGaussians
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.arguments import MAX_CODE
from sketch_pix2seq.inference.noise import latent_stream, read_gumbels, read_normals
from sketch_pix2seq.inference.recognizer import checked_logits


class Completion(NamedTuple):
    """The category of a completion, and its mode."""

    category_id: int
    mode: int


def sample_codes(
    gaussians: LatentGaussians, category_id: int, n: int, seed: int, temperature: float
) -> Float32[np.ndarray, "n Z"]:
    """Sample the codes of n drawings of a category.

    Raises:
        BundleError: If the numbers in the bundle lead to codes that are far too large.
    """
    codes = []
    for index in range(n):
        stream = latent_stream(seed, index)
        normals = read_normals(stream, gaussians.means.shape[2])
        gumbels = read_gumbels(stream, NUM_MODES)
        codes.append(gaussians.sample(category_id, gumbels, normals, temperature))
    return _checked(np.stack(codes))


def sample_completions(
    gaussians: LatentGaussians,
    prefix_code: Float32[np.ndarray, "Z"],
    n: int,
    seed: int,
    temperature: float,
    category_id: int | None = None,
    *,
    tries: int = 1,
) -> list[Completion]:
    """Sample categories and modes of the completions of a prefix, n times.

    Args:
        gaussians: The bundle's.
        prefix_code: Code of the prefix.
        n: Number of completions.
        seed: Seed of the sampling.
        temperature: The logits of the categories are divided by it. The mode is sampled by its
            probability; at 0 both are the likeliest.
        category_id: What it shows, if that is known.
        tries: Candidates for each completion; candidates k, k + n, k + 2 n, ... have one category.

    Returns:
        n * tries completions.

    Raises:
        BundleError: If the numbers in the bundle lead to logits that are far too large.
    """
    (logits,) = checked_logits(gaussians.prefix_logits(prefix_code[None]))
    chosen: list[Completion] = []
    for index in range(n * tries):
        stream = latent_stream(seed, index)
        gumbels = read_gumbels(stream, NUM_MODES) * np.float32(temperature > 0)
        category = category_id if index < n else chosen[index - n].category_id
        if category is None:
            noise = read_gumbels(stream, len(logits))
            category = int((logits + np.float32(temperature) * noise).argmax())
        chosen.append(Completion(category, gaussians.prefix_mode(category, prefix_code, gumbels)))
    return chosen


def completed_code(
    gaussians: LatentGaussians, prefix_code: Float32[np.ndarray, "Z"], completion: Completion
) -> Float32[np.ndarray, "Z"]:
    """The code of the whole drawing of a prefix, given its category and mode.

    Raises:
        BundleError: If the numbers in the bundle lead to a code that is far too large.
    """
    return _checked(gaussians.complete(completion.category_id, completion.mode, prefix_code))


def _checked(codes: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    if not (np.abs(codes) <= MAX_CODE).all():  # so is NaN
        raise BundleError(
            f"`{LATENTS_FILE}` of the bundle gives codes that are not finite, or too large"
        )
    return codes
