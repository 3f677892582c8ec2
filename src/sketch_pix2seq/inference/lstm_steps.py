"""The LSTM decoder by C code of our own, many steps in a call, where it can be compiled.

ONNX Runtime takes one call a step, sixty small operations each, and 32-bit weights. Here the
weights stay the 16-bit floats of the bundle and are read once a step, which is all that the time
of one drawing goes into. `decoder.onnx` says what is right; a test holds both against each other.
Who has no C compiler or another processor draws by ONNX Runtime.

Convention: a panel is 64 columns that lie together, of the gates those of 16 units: input, forget,
output, candidate. Hidden units are filled up with zeros to a multiple of 16.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16, Float32, Int64

from sketch_pix2seq.compiled import compiled_library
from sketch_pix2seq.inference.bundle import WEIGHTS_FILE, Bundle, BundleCard
from sketch_pix2seq.inference.noise import NUM_NORMALS
from sketch_pix2seq.inference.rows import DecoderRows, address
from sketch_pix2seq.inference.weights import read_weights
from sketch_pix2seq.sketch.pen import PEN, START_STEP, STROKE5_DIM

_PANEL = 64
_UNITS = 16  # of the gates of one panel
_GATES = 4
_STATES = 2  # hidden and memory; a whole state also holds the context and a flag
_PREFIX = "decoder."
_NUM_PEN_STATES = PEN.stop - PEN.start
_PER_COMPONENT = 6  # logit, mean and log std of x and y, correlation
_LINE = 64  # bytes of the processor's cache


class _Layer(ctypes.Structure):
    _fields_ = (
        ("depth", ctypes.c_int64),
        ("num_panels", ctypes.c_int64),
        ("weights", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
    )


class _Decoder(ctypes.Structure):
    _fields_ = (
        *((name, _Layer) for name in ("start", "context", "gates", "output")),
        ("size", ctypes.c_int64),
        ("num_components", ctypes.c_int64),
    )


class _RowsState(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p) for name in ("seen", "cell", "context", "hidden", "output", "sums")
    )


class LSTMSteps:
    """A bundle's LSTM decoder, laid out for `lstm_steps.c`.

    Make it with `LSTMSteps.of`.

    Args:
        library: What the C code was compiled to.
        weights: Of the decoder, by the names they have in training.
        card: The bundle's.
    """

    def __init__(
        self, library: ctypes.CDLL, weights: Mapping[str, np.ndarray], card: BundleCard
    ) -> None:
        self.card = card
        size = weights["weight"].shape[0] // _GATES
        self.size = -(-size // _UNITS) * _UNITS
        self._kept: list[np.ndarray] = []
        units = np.full(self.size, -1)
        units[:size] = np.arange(size)
        by_panel = np.concatenate(
            [
                np.where(some >= 0, gate * size + some, -1)
                for some in units.reshape(-1, _UNITS)
                for gate in range(_GATES)
            ]
        )
        both = np.concatenate((units, np.where(units >= 0, size + units, -1)))
        steps = np.arange(STROKE5_DIM)
        inputs = np.concatenate((steps, np.where(units >= 0, STROKE5_DIM + units, -1)))
        codes = np.arange(card.latent_dim)
        none = np.zeros(_GATES * size, np.float32)
        outputs = np.arange(len(weights["output.bias"]))
        self.start_columns = _filled(len(both))
        self.output_columns = _filled(len(outputs))
        self._decoder = _Decoder(
            self._layer(weights["start.weight"], weights["start.bias"], both, codes),
            self._layer(weights["latent.weight"], weights["latent.bias"], by_panel, codes),
            self._layer(weights["weight"], none, by_panel, inputs),
            self._layer(weights["output.weight"], weights["output.bias"], outputs, units),
            self.size,
            card.noise_dim - _NUM_PEN_STATES - NUM_NORMALS,
        )
        self.model = ctypes.byref(self._decoder)
        count, pointer = ctypes.c_int64, ctypes.c_void_p
        self.begin_rows: Callable[..., None] = library.begin_rows
        library.begin_rows.argtypes = [pointer, count, pointer, pointer, pointer]
        library.begin_rows.restype = None
        self.draw_rows: Callable[..., int] = library.draw_rows
        library.draw_rows.argtypes = [
            *(pointer, count, count, pointer),
            *(pointer, count, pointer, pointer),
        ]
        library.draw_rows.restype = count

    @classmethod
    def of(cls, bundle: Bundle) -> LSTMSteps | None:
        """Lay out a bundle's decoder.

        Args:
            bundle: Any.

        Returns:
            It, or None if the bundle's decoder is of another kind, is kept in 32-bit numbers or
            comes without its weights, or if C cannot be compiled here.

        Raises:
            BundleError: If the weights cannot be read.
        """
        if bundle.weights is None:
            return None
        weights = {
            name.removeprefix(_PREFIX): array
            for name, array in read_weights(bundle.weights, WEIGHTS_FILE).items()
            if name.startswith(_PREFIX)
        }
        if not _fit(weights, bundle.card) or (library := _library()) is None:
            return None
        return cls(library, weights, bundle.card)

    def _layer(
        self,
        weight: Float16[np.ndarray, "out in"] | Float32[np.ndarray, "out in"],
        bias: Float32[np.ndarray, "out"] | Float16[np.ndarray, "out"],
        columns: Int64[np.ndarray, "C"],
        inputs: Int64[np.ndarray, "D"],
    ) -> _Layer:
        """Lay out a layer: which outputs and inputs, in which order; -1 stands for zeros."""
        wanted = np.full(_filled(len(columns)), -1)
        wanted[: len(columns)] = columns
        padded = np.zeros((weight.shape[0] + 1, weight.shape[1] + 1), np.float16)
        padded[:-1, :-1] = weight
        laid = padded[np.ix_(wanted, inputs)].reshape(-1, _PANEL, len(inputs)).transpose(0, 2, 1)
        kept = aligned(laid.shape, np.float16)
        kept[...] = laid
        added = np.append(bias, 0).astype(np.float32)[wanted]
        self._kept += [kept, added]
        return _Layer(len(inputs), len(kept), address(kept), address(added))


class LSTMRows(DecoderRows):
    """Rows drawn by C code.

    Args:
        steps: The decoder.
        num_rows: At most so many drawings at once.
    """

    def __init__(self, steps: LSTMSteps, num_rows: int) -> None:
        self._model = steps
        self._temperatures = np.zeros(num_rows, np.float32)
        size = steps.size
        self._seen = aligned((num_rows, STROKE5_DIM + size))
        self._cell = aligned((num_rows, size))
        self._context = aligned((num_rows, _GATES * size))
        self._start = aligned((num_rows, steps.start_columns))
        self._scratch = [
            aligned(shape)
            for shape in (
                (num_rows, size),
                (num_rows, steps.output_columns),
                (num_rows, _PANEL),
            )
        ]

    def begin(
        self,
        start: int,
        latents: Float32[np.ndarray, "K Z"],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """See `DecoderRows`."""
        codes = np.ascontiguousarray(latents)
        self._temperatures[start : start + len(codes)] = temperatures
        self._seen[start : start + len(codes), :STROKE5_DIM] = START_STEP
        self._model.begin_rows(
            self._model.model, len(codes), address(codes), self._from(start), address(self._start)
        )
        steps: Float32[np.ndarray, "K 5"] = self._draw(start, len(codes), noise[:, None])[0]
        return steps

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`."""
        return self._draw(0, active, noise)

    def put(self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]) -> None:
        """See `DecoderRows`."""
        self._seen[rows, :STROKE5_DIM] = steps

    def take_place(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        for kept in (self._seen, self._cell, self._context, self._temperatures):
            kept[row] = kept[last]

    def _draw(
        self, start: int, count: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        steps = np.empty((noise.shape[1], count, STROKE5_DIM), np.float32)
        num_drawn = self._model.draw_rows(
            self._model.model,
            count,
            noise.shape[1],
            address(self._temperatures[start:]),
            address(noise),
            noise.strides[0] // noise.itemsize,
            self._from(start),
            address(steps),
        )
        drawn: Float32[np.ndarray, "S N 5"] = steps[:num_drawn]
        return drawn

    def _from(self, start: int) -> Any:
        """Where rows `start` and after lie."""
        arrays = (self._seen[start:], self._cell[start:], self._context[start:], *self._scratch)
        return ctypes.byref(_RowsState(*map(address, arrays)))


def aligned(shape: Sequence[int], kind: type[np.generic] = np.float32) -> np.ndarray:
    """Make an array of zeros that begins where a line of the processor's cache does.

    Args:
        shape: Its shape.
        kind: Type of its numbers.

    Returns:
        The array, rows without gaps.
    """
    num_bytes = int(np.prod(shape)) * np.dtype(kind).itemsize
    room = np.zeros(num_bytes + _LINE, np.uint8)
    first = -address(room) % _LINE
    array: np.ndarray = room[first : first + num_bytes].view(kind).reshape(shape)
    return array


def _filled(num_columns: int) -> int:
    """Columns of whole panels."""
    return -(-num_columns // _PANEL) * _PANEL


def _fit(weights: Mapping[str, np.ndarray], card: BundleCard) -> bool:
    """Whether these are an LSTM's weights, as the card says, and 16-bit numbers hold them."""
    if "weight" not in weights:
        return False
    size = len(weights["weight"]) // _GATES
    num_components = card.noise_dim - _NUM_PEN_STATES - NUM_NORMALS
    num_outputs = _NUM_PEN_STATES + _PER_COMPONENT * num_components
    wanted = {
        "start.weight": (2 * size, card.latent_dim),
        "start.bias": (2 * size,),
        "latent.weight": (_GATES * size, card.latent_dim),
        "latent.bias": (_GATES * size,),
        "weight": (_GATES * size, STROKE5_DIM + size),
        "output.weight": (num_outputs, size),
        "output.bias": (num_outputs,),
    }
    return (
        min(size, num_components) > 0
        and card.state_dim == (_STATES + _GATES) * size + 1
        and {name: array.shape for name, array in weights.items()} == wanted
        and all(array.dtype == np.float16 for array in weights.values() if array.ndim == 2)
    )


@cache
def _library() -> ctypes.CDLL | None:
    return compiled_library(Path(__file__).with_suffix(".c"))
