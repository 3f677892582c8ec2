"""How a bundle's ONNX files are handed to ONNX Runtime, and checked.

The only module that touches onnxruntime, which is loaded when the first session is made.
It knows what the inputs and outputs of a bundle must be, not what they mean.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import (
    DECODER_FILE,
    ENCODER_FILE,
    JUDGE_FILE,
    JUDGE_WEIGHTS_FILE,
    STROKES,
    WEIGHTS_FILE,
    Bundle,
)
from sketch_pix2seq.inference.weights import read_weights
from sketch_pix2seq.sketch.pen import STROKE5_DIM

Session: TypeAlias = Any
"""An `onnxruntime.InferenceSession`; the library has no types."""

Shape: TypeAlias = tuple[int, ...]
"""Of one tensor, without the batch."""

ANY = -1
"""A size that may be any."""

_LOG_NOTHING_BUT_FATAL = 4


def num_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def encoder_session(bundle: Bundle) -> Session:
    """Make a session of the encoder: picture or strokes in; mean and log variance out.

    Args:
        bundle: Its card says what the shapes must be.

    Returns:
        The session, of one thread; sessions may be run by several threads at once.

    Raises:
        BundleError: If it is no such model.
    """
    card = bundle.card
    side = card.raster.size
    inputs: dict[str, Shape] = {"picture": (1, side, side)}
    if card.encoder_input == STROKES:
        inputs = {"steps": (card.max_steps + 1, STROKE5_DIM)}
    outputs = {"mean": (card.latent_dim,), "log_var": (card.latent_dim,)}
    return _session(ENCODER_FILE, bundle.encoder, inputs, outputs, 1, bundle.weights)


def decoder_session(bundle: Bundle, num_threads: int) -> Session:
    """Make a session of the decoder: one step of drawing.

    Args:
        bundle: Its card says what the shapes must be.
        num_threads: How many threads share the work of one call.

    Returns:
        The session.

    Raises:
        BundleError: If it is no such model.
    """
    card = bundle.card
    inputs = {
        "latent": (card.latent_dim,),
        "state": (card.state_dim,),
        "step": (5,),
        "noise": (card.noise_dim,),
        "temperature": (1,),
    }
    outputs = {"next_step": (5,), "next_state": (card.state_dim,)}
    return _session(DECODER_FILE, bundle.decoder, inputs, outputs, num_threads, bundle.weights)


def judge_session(
    model: bytes, weights: bytes | None, side: int, num_categories: int, num_threads: int
) -> Session:
    """Make a session of a judge: picture in; logits and features out.

    Args:
        model: What its `judge.onnx` holds.
        weights: What its `judge.safetensors` holds; None: the model holds its weights itself.
        side: Of its pictures.
        num_categories: What its card says.
        num_threads: Threads of one look.

    Returns:
        The session.

    Raises:
        BundleError: If it is no such model.
    """
    outputs: dict[str, Shape] = {"logits": (num_categories,), "features": (ANY,)}
    inputs: dict[str, Shape] = {"picture": (1, side, side)}
    kept = weights, JUDGE_WEIGHTS_FILE
    return _session(JUDGE_FILE, model, inputs, outputs, num_threads, *kept)


def _session(
    name: str,
    model: bytes,
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    num_threads: int,
    weights: bytes | None,
    weights_file: str = WEIGHTS_FILE,
) -> Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_NOTHING_BUT_FATAL
    kept = _kept_outside(model, weights, weights_file)
    try:
        _refuse_other_files(model, kept)
        options.add_external_initializers(
            list(kept), [onnxruntime.OrtValue.ortvalue_from_numpy(one) for one in kept.values()]
        )
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common ancestor but this one
        raise not_usable(name, error) from error
    _check(name, "input", session.get_inputs(), inputs)
    _check(name, "output", session.get_outputs(), outputs)
    return session


def _kept_outside(model: bytes, weights: bytes | None, weights_file: str) -> dict[str, np.ndarray]:
    """The weights that a graph does not hold itself: its own names for them begin as such."""
    mark = f"{weights_file}:"
    if weights is None or mark.encode() not in model:
        return {}
    arrays = read_weights(weights, weights_file)
    named = {mark + name: array for name, array in arrays.items()}
    return {name: array for name, array in named.items() if name.encode() in model}


def _refuse_other_files(model: bytes, kept: Mapping[str, np.ndarray]) -> None:
    """ONNX Runtime would read what else a graph keeps in files, from any place on this machine.

    A tensor in a file has an entry `location`, which protobuf stores as it is. It may stand in
    initializers alone, once in each of those that we hand over.
    """
    outside = [
        dict(_fields(tensor))[_NAME].decode()
        for graph in _parts(model, _GRAPH)
        for tensor in _parts(graph, _INITIALIZER)
        if b"location" in tensor
    ]
    if sorted(outside) != sorted(kept) or model.count(b"location") != len(kept):
        raise ValueError("a weight is neither in it nor in the file of weights")


_GRAPH, _INITIALIZER, _NAME = 7, 5, 8  # of onnx.proto: ModelProto, GraphProto, TensorProto


def _parts(message: bytes, number: int) -> list[bytes]:
    return [value for found, value in _fields(message) if found == number]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and bytes of the fields of a protobuf message; numbers that it holds are left out."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 2:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("it is cut off")
            yield tag >> 3, message[at : at + size]
            at += size
        elif tag & 7 == 0:
            _, at = _varint(message, at)
        elif tag & 7 in (1, 5):
            at += 8 if tag & 7 == 1 else 4
        else:
            raise ValueError("it is no ONNX model")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        byte = message[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("it is no ONNX model")


def not_usable(name: str, error: Exception) -> BundleError:
    """Return the error that says that ONNX Runtime refused a model."""
    reason = " ".join(str(error).split())
    return BundleError(
        f"`{name}` of the bundle cannot be run",
        got=reason.removeprefix("[ONNXRuntimeError] : ")[:200],
        do="Export or download it again.",
    )


def _check(name: str, kind: str, found: list[Any], wanted: Mapping[str, Shape]) -> None:
    """Compare names, types and shapes; a size that a graph leaves open fits anything."""
    tensors = {tensor.name: tensor for tensor in found}
    if set(tensors) != set(wanted):
        raise BundleError(
            f"`{name}` of the bundle must have the {kind}s {', '.join(wanted)}",
            got=", ".join(tensors),
        )
    for tensor_name, shape in wanted.items():
        tensor = tensors[tensor_name]
        sizes = tuple(tensor.shape)[1:]
        fits = len(sizes) == len(shape) and all(
            right in (size, ANY)
            for size, right in zip(sizes, shape, strict=True)
            if isinstance(size, int)
        )
        if not fits or tensor.type != "tensor(float)":
            rule = ", ".join(str(size) for size in ("batch", *shape))
            raise BundleError(
                f"{kind} `{tensor_name}` of the bundle's `{name}` must be tensor(float) of shape "
                f"({rule}), as its card says",
                got=f"{tensor.type} of shape ({', '.join(str(size) for size in tensor.shape)})",
            )
