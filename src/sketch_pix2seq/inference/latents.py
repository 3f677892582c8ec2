"""Sampling latent codes: of a category's drawings, and of what beginnings of drawings become.

Drawing k depends on the seed and k, and on nothing that is drawn beside it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.latents import LATENTS_FILE, NUM_MODES, LatentGaussians
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.noise import latent_stream, read_gumbels, read_normals
from sketch_pix2seq.inference.recognizer import MAX_CODE, checked_logits


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


def sample_categories(
    gaussians: LatentGaussians,
    prefix_code: Float32[np.ndarray, "Z"],
    n: int,
    seed: int,
    temperature: float,
) -> list[int]:
    """Sample what the drawing of a beginning shows, n times; at temperature 0 the likeliest.

    Args:
        gaussians: The bundle's.
        prefix_code: Code of the beginning.
        n: How often.
        seed: The user's.
        temperature: The logits are divided by it.

    Raises:
        BundleError: If the numbers in the bundle lead to logits that are far too large.
    """
    (logits,) = checked_logits(gaussians.prefix_logits(prefix_code[None]))
    streams = [latent_stream(seed, index) for index in range(n)]
    noise = np.stack([read_gumbels(stream, len(logits)) for stream in streams])
    chosen: list[int] = (logits + np.float32(temperature) * noise).argmax(axis=1).tolist()
    return chosen


def completed_code(
    gaussians: LatentGaussians, prefix_code: Float32[np.ndarray, "Z"], category_id: int
) -> Float32[np.ndarray, "Z"]:
    """The code of the whole drawing of a beginning, given its category.

    Raises:
        BundleError: If the numbers in the bundle lead to a code that is far too large.
    """
    return _checked(gaussians.complete(category_id, prefix_code))


def _checked(codes: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    if not (np.abs(codes) <= MAX_CODE).all():  # so is NaN
        raise BundleError(
            f"`{LATENTS_FILE}` of the bundle gives codes that are not finite, or too large"
        )
    return codes
