"""What completes a started drawing: from the code of its beginning to that of a whole one.

An encoder that looks at a beginning sees a small finished drawing, and a decoder draws just that.
An affine map, fitted to beginnings of training drawings, tells what they usually became. It is a
file of the bundle beside the weights. Knows codes alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import COMPLETION_FILE
from sketch_pix2seq.inference.weights import read_weights, write_weights

RIDGE = 3.0
"""Added to the diagonal of the normal equations; of no weight where beginnings abound."""


@dataclass(frozen=True, eq=False)
class Completion:
    """An affine map of latent codes.

    Args:
        weight: (Z, Z).
        bias: (Z,).
    """

    weight: Float32[np.ndarray, "Z Z"]
    bias: Float32[np.ndarray, "Z"]

    @classmethod
    def fitted(
        cls, beginnings: Float32[np.ndarray, "N Z"], wholes: Float32[np.ndarray, "N Z"]
    ) -> Completion:
        """Fit the map by least squares.

        Args:
            beginnings: Codes of beginnings.
            wholes: Codes of the drawings that they became.

        Returns:
            The map.

        Example:
            >>> codes = np.eye(3, dtype=np.float32)
            >>> Completion.fitted(codes, codes)(codes).shape
            (3, 3)
        """
        inputs: Float64[np.ndarray, "N K"] = np.column_stack((beginnings, np.ones(len(wholes))))
        square = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
        solved = np.linalg.solve(square, inputs.T @ wholes).T.astype(np.float32)
        return cls(solved[:, :-1], solved[:, -1])

    @classmethod
    def from_bytes(cls, data: bytes, latent_dim: int) -> Completion:
        """Read the map from a bundle's file.

        Args:
            data: What the file holds.
            latent_dim: Z of the bundle.

        Returns:
            The map.

        Raises:
            BundleError: If it is not whole, or does not fit the bundle.
        """
        arrays = read_weights(data, COMPLETION_FILE)
        shapes = {name: array.shape for name, array in arrays.items()}
        if shapes != {"weight": (latent_dim, latent_dim), "bias": (latent_dim,)}:
            raise BundleError(
                f"`{COMPLETION_FILE}` of the bundle must hold `weight` ({latent_dim}, "
                f"{latent_dim}) and `bias` ({latent_dim})",
                got=json.dumps(shapes),
            )
        return cls(arrays["weight"].astype(np.float32), arrays["bias"].astype(np.float32))

    def to_bytes(self) -> bytes:
        """Write the map, in 16-bit floats."""
        return write_weights(
            {"weight": self.weight.astype(np.float16), "bias": self.bias.astype(np.float16)}
        )

    def __call__(self, beginnings: Float32[np.ndarray, "N Z"]) -> Float32[np.ndarray, "N Z"]:
        """Tell what beginnings may become.

        Args:
            beginnings: Their codes.

        Returns:
            Codes of whole drawings; each depends on its own beginning alone.
        """
        rows = [self.weight @ code + self.bias for code in beginnings]  # alike in any company
        return np.array(rows, np.float32).reshape(beginnings.shape)
