"""The graphs of a bundle and of a judge: torch in, ONNX out.

The decoder is exported one step at a time with its sampling in it. Weights are stored as 16-bit
floats and computed with as 32-bit ones. Those that a file of weights beside them holds are not
stored a second time: the graphs name their places in it, as ONNX's external data.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.numpy import load
from torch import nn

from sketch_pix2seq.inference.bundle import (
    DECODER_FILE,
    ENCODER_FILE,
    JUDGE_FILE,
    JUDGE_WEIGHTS_FILE,
    WEIGHTS_FILE,
    BundleCard,
)
from sketch_pix2seq.inference.weights import places
from sketch_pix2seq.models import DecoderStep, RNNEncoder, SketchAutoencoder
from sketch_pix2seq.sketch.pen import STROKE5_DIM

HALF_FROM = 1024  # tensors with at least so many elements are stored as 16-bit floats
OPSET = 20


def export_onnx(model: SketchAutoencoder, folder: Path, card: BundleCard, weights: bytes) -> None:
    """Write `encoder.onnx` and `decoder.onnx`.

    Args:
        model: in evaluation mode.
        folder: holds `weights.safetensors` already.
        card: the bundle's.
        weights: what that file holds.
    """
    batch, side = 2, card.raster.size
    if isinstance(model.encoder, RNNEncoder):
        encoder = _strokes_encoder(model.encoder, card.max_steps + 1)
    else:
        pictures = (torch.zeros(batch, 1, side, side),)
        encoder = _traced(model.encoder, pictures, ["picture"], ["mean", "log_var"])
    _write(encoder, folder / ENCODER_FILE, weights)
    arguments = (
        torch.zeros(batch, card.latent_dim),
        torch.zeros(batch, card.state_dim),
        torch.zeros(batch, STROKE5_DIM),
        torch.zeros(batch, card.noise_dim),
        torch.ones(batch, 1),
    )
    names = ["latent", "state", "step", "noise", "temperature"]
    decoder = _traced(
        DecoderStep(model.decoder).eval(), arguments, names, ["next_step", "next_state"]
    )
    _write(decoder, folder / DECODER_FILE, weights)


def export_judge_onnx(judge: nn.Module, folder: Path, side: int, weights: bytes) -> None:
    """Write `judge.onnx`.

    Args:
        judge: pictures in, logits and features out; in evaluation mode.
        folder: holds `judge.safetensors` already.
        side: of its pictures.
        weights: what that file holds.
    """
    pictures = (torch.zeros(2, 1, side, side),)
    network = _traced(judge, pictures, ["picture"], ["logits", "features"])
    _write(network, folder / JUDGE_FILE, weights, JUDGE_WEIGHTS_FILE)


def _strokes_encoder(encoder: RNNEncoder, num_steps: int) -> onnx.ModelProto:
    """The graph of an encoder that reads strokes, built by hand: torch cannot export lengths.

    Its input is stroke-5 rows padded with end rows, (batch, num_steps, 5).
    """
    size, latent_dim = encoder.size, encoder.head.mean.out_features
    into, forget, out, candidate = torch.arange(4 * size).chunk(4)
    order = torch.cat((into, out, forget, candidate))  # ONNX's order of the gates
    weights = torch.stack((encoder.forwards, encoder.backwards))[:, order]  # (2, 4 H, 5 + H)
    biases = torch.stack((encoder.forwards_bias, encoder.backwards_bias))[:, order]
    constants = {
        "input_weights": weights[:, :, :STROKE5_DIM],
        "recurrent_weights": weights[:, :, STROKE5_DIM:],
        "biases": torch.cat((biases, torch.zeros_like(biases)), 1),
        "mean_weight": encoder.head.mean.weight,
        "mean_bias": encoder.head.mean.bias,
        "log_var_weight": encoder.head.log_var.weight,
        "log_var_bias": encoder.head.log_var.bias,
        "last_column": torch.tensor([STROKE5_DIM - 1]),
        "one": torch.tensor([1.0]),
        "step_axes": torch.tensor([1, 2]),
        "joined_shape": torch.tensor([-1, 2 * size]),
    }
    node = onnx.helper.make_node
    nodes = [
        node("Gather", ["steps", "last_column"], ["ended"], axis=2),
        node("Sub", ["one", "ended"], ["going_on"]),
        node("ReduceSum", ["going_on", "step_axes"], ["num_rows"], keepdims=0),
        node("Max", ["num_rows", "one"], ["num_read"]),  # an empty drawing: its end row
        node("Cast", ["num_read"], ["lengths"], to=onnx.TensorProto.INT32),
        node("Transpose", ["steps"], ["by_time"], perm=[1, 0, 2]),
        node(
            "LSTM",
            ["by_time", "input_weights", "recurrent_weights", "biases", "lengths"],
            ["", "last"],
            direction="bidirectional",
            hidden_size=size,
        ),
        node("Transpose", ["last"], ["by_drawing"], perm=[1, 0, 2]),
        node("Reshape", ["by_drawing", "joined_shape"], ["joined"]),
        node("Gemm", ["joined", "mean_weight", "mean_bias"], ["mean"], transB=1),
        node("Gemm", ["joined", "log_var_weight", "log_var_bias"], ["log_var"], transB=1),
    ]
    real = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "strokes_encoder",
        [onnx.helper.make_tensor_value_info("steps", real, ["batch", num_steps, STROKE5_DIM])],
        [
            onnx.helper.make_tensor_value_info(name, real, ["batch", latent_dim])
            for name in ("mean", "log_var")
        ],
        [
            numpy_helper.from_array(value.detach().contiguous().numpy(), name)
            for name, value in constants.items()
        ],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)])


def _traced(
    module: nn.Module,
    arguments: tuple[torch.Tensor, ...],
    inputs: list[str],
    outputs: list[str],
) -> onnx.ModelProto:
    batch = torch.export.Dim("batch", min=1)
    chatter = logging.getLogger("torch.onnx")
    level = chatter.level
    chatter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                arguments,
                dynamo=True,
                input_names=inputs,
                output_names=outputs,
                dynamic_shapes=({0: batch},) * len(arguments),
                opset_version=OPSET,
                verbose=False,
            )
    finally:
        chatter.setLevel(level)
    assert program is not None
    proto: onnx.ModelProto = program.model_proto
    return proto


def _write(
    proto: onnx.ModelProto, path: Path, weights: bytes, weights_file: str = WEIGHTS_FILE
) -> None:
    """Store a graph with halved weights and nothing that tells where it was made."""
    _store_half(proto.graph, weights, weights_file)
    _strip_traces(proto.graph)
    del proto.metadata_props[:]
    path.write_bytes(proto.SerializeToString())
    onnx.checker.check_model(path)


def _store_half(graph: onnx.GraphProto, weights: bytes, weights_file: str) -> None:
    """Store large weights as 16-bit floats, each with a cast that is folded when loaded."""
    kept, placed = load(weights), places(weights)
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALF_FROM:
            continue
        name, half = tensor.name, values.astype(np.float16)
        found = _same(half, kept)
        if found is None:
            stored = f"{name}.half"
            tensor.CopyFrom(numpy_helper.from_array(half, stored))
        else:
            stored = f"{weights_file}:{found}"
            tensor.CopyFrom(_outside(stored, kept[found].shape, placed[found], weights_file))
        turned = found is not None and not np.array_equal(kept[found], half)
        straight = f"{name}.straight" if turned else name
        casts.append(
            onnx.helper.make_node(
                "Cast", [stored], [straight], f"{name}.cast", to=onnx.TensorProto.FLOAT
            )
        )
        if turned:
            casts.append(
                onnx.helper.make_node(
                    "Transpose", [straight], [name], f"{name}.transpose", perm=[1, 0]
                )
            )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _same(half: np.ndarray, kept: dict[str, np.ndarray]) -> str | None:
    """Name the kept array that a weight is, perhaps transposed."""
    for name, array in kept.items():
        if array.dtype != np.float16:
            continue
        if np.array_equal(array, half) or np.array_equal(array.T, half):
            return name
    return None


def _outside(
    name: str, shape: tuple[int, ...], place: tuple[int, int], weights_file: str
) -> onnx.TensorProto:
    """A tensor whose bytes lie in a file of weights."""
    first, last = place
    tensor = onnx.TensorProto(
        name=name,
        dims=shape,
        data_type=onnx.TensorProto.FLOAT16,
        data_location=onnx.TensorProto.EXTERNAL,
    )
    about = {"location": weights_file, "offset": str(first), "length": str(last - first)}
    for key, value in about.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def _strip_traces(graph: onnx.GraphProto) -> None:
    """Forget where each node came from: paths of the machine that exported it."""
    del graph.value_info[:]
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _strip_traces(attribute.g)


def round_to_half(model: nn.Module) -> None:
    """Round stored-as-half weights, so that torch computes with what the bundle holds."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.numel() >= HALF_FROM:
                tensor.copy_(tensor.half().float())


def stored(tensor: torch.Tensor) -> torch.Tensor:
    """As a bundle stores a tensor: 16-bit floats if it is large."""
    return tensor.half().contiguous() if tensor.numel() >= HALF_FROM else tensor.contiguous()
