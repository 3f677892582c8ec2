"""From a training run to a bundle: torch in, ONNX out.

The decoder is exported one step at a time with its sampling in it. Weights are
stored as 16-bit floats and computed with as 32-bit ones.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import save
from torch import nn

from sketch_pix2seq import __version__
from sketch_pix2seq.errors import BundleError, RunError
from sketch_pix2seq.inference.arguments import checked_temperature
from sketch_pix2seq.inference.bundle import (
    CARD_FILE,
    DECODER_FILE,
    ENCODER_FILE,
    MODEL_FILE,
    PICTURE,
    STROKES,
    WEIGHTS_FILE,
    BundleCard,
)
from sketch_pix2seq.models import DecoderStep, RNNEncoder, SketchAutoencoder
from sketch_pix2seq.models.mixture import noise_dim
from sketch_pix2seq.sketch.pen import STROKE5_DIM
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.checkpoint import BEST, checkpoints, load_checkpoint
from sketch_pix2seq.training.interrupt import hold_interrupts
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.run import Run

HALF_FROM = 1024  # tensors with at least so many elements are stored as 16-bit floats
OPSET = 20
TEMPERATURE = 0.4  # on validation drawings: below it lines tremble without end, above it they stray


def export_run(run_folder: Path, out: Path, *, temperature: float | None = None) -> BundleCard:
    """Make a bundle of a run's best weights (its newest, if none were validated yet).

    Args:
        run_folder: what `train` wrote.
        out: a folder to be made, or a file name that ends in `.zip`.
        temperature: what the model draws at where none is given; 0.4 if left out.

    Raises:
        RunError: if the run holds no checkpoint.
        BundleError: if `out` exists already.
        UsageError: if the temperature is out of its range.
    """
    heat = checked_temperature(TEMPERATURE if temperature is None else temperature)
    run = Run(run_folder)
    if out.exists():
        raise BundleError(f"`{out}` exists already", do="Name another place.")
    model, facts = load_model(run)
    _round_to_half(model)
    card = _card(run, model, facts, heat)
    BundleCard.from_json(card.to_json())  # what nobody could load is not written
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        hold_interrupts() as interrupted,  # torch's exporter must not be broken off
        tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch,
    ):
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        export_onnx(model, folder, card)
        weights = {name: _stored(tensor) for name, tensor in model.state_dict().items()}
        (folder / WEIGHTS_FILE).write_bytes(save(weights))
        (folder / MODEL_FILE).write_text(card.to_json(), encoding="utf-8")
        (folder / CARD_FILE).write_text(model_card(card), encoding="utf-8")
        if interrupted.is_set():
            raise KeyboardInterrupt
        if out.suffix == ".zip":
            _zip(folder, Path(scratch) / "bundle.zip").replace(out)
        else:
            shutil.copytree(folder, Path(scratch) / "finished")
            (Path(scratch) / "finished").replace(out)
    return card


def load_model(run: Run) -> tuple[SketchAutoencoder, dict[str, Any]]:
    """The model of a run with its best weights, the averaged ones where there are.

    Returns:
        the model in evaluation mode, and the checkpoint's facts.
    """
    best = run.checkpoints / BEST
    candidates = [best] if best.exists() else checkpoints(run.checkpoints)[-1:]
    if not candidates:
        raise RunError(
            f"`{run.folder}` has no checkpoint yet",
            do="Train it further: `sketch-pix2seq train ... --resume`.",
        )
    tensors, facts = load_checkpoint(candidates[0])
    prefix = "average." if any(name.startswith("average.") for name in tensors) else "model."
    model = build_model(run.recipe)
    weights = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise RunError(f"the weights in `{candidates[0]}` do not fit the recipe") from error
    return model.eval(), facts


def export_onnx(model: SketchAutoencoder, folder: Path, card: BundleCard) -> None:
    """Write `encoder.onnx` and `decoder.onnx`.

    Args:
        model: in evaluation mode.
        folder: exists.
        card: the bundle's.
    """
    batch, side = 2, card.raster.size
    if isinstance(model.encoder, RNNEncoder):
        _write(_strokes_encoder(model.encoder, card.max_steps + 1), folder / ENCODER_FILE)
    else:
        pictures = (torch.zeros(batch, 1, side, side),)
        encoder = _traced(model.encoder, pictures, ["picture"], ["mean", "log_var"])
        _write(encoder, folder / ENCODER_FILE)
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
    _write(decoder, folder / DECODER_FILE)


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


def _write(proto: onnx.ModelProto, path: Path) -> None:
    """Store a graph with halved weights and nothing that tells where it was made."""
    _store_half(proto.graph)
    _strip_traces(proto.graph)
    del proto.metadata_props[:]
    onnx.checker.check_model(proto)
    onnx.save(proto, path)


def _store_half(graph: onnx.GraphProto) -> None:
    """Store large weights as 16-bit floats, each with a cast that is folded when loaded."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALF_FROM:
            continue
        name, stored = tensor.name, f"{tensor.name}.half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(
            onnx.helper.make_node(
                "Cast", [stored], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT
            )
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


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


def _round_to_half(model: nn.Module) -> None:
    """Round stored-as-half weights, so that torch computes with what the bundle holds."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.numel() >= HALF_FROM:
                tensor.copy_(tensor.half().float())


def _stored(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half().contiguous() if tensor.numel() >= HALF_FROM else tensor.contiguous()


def _card(
    run: Run, model: SketchAutoencoder, facts: dict[str, Any], temperature: float
) -> BundleCard:
    recipe: Recipe = run.recipe
    data = run.facts["data"]
    return BundleCard(
        name=recipe.name,
        categories=tuple(data["categories"]),
        latent_dim=recipe.model.latent_dim,
        state_dim=DecoderStep(model.decoder).state_dim,
        noise_dim=noise_dim(recipe.model.num_components),
        offset_scale=data["offset_scale"],
        max_steps=data["longest"],
        temperature=temperature,
        encoder_input=STROKES if isinstance(model.encoder, RNNEncoder) else PICTURE,
        raster=recipe.raster,
        recipe=recipe.to_dict(),
        data=data,
        metrics={
            "step": facts["step"],
            "valid_reconstruction": facts["best_valid_loss"],
            "loss_convention": recipe.loss,
            "made_by": f"sketch-pix2seq {__version__}",
        },
        attribution=data["licence"],
    )


def model_card(card: BundleCard) -> str:
    """The bundle's README: what a stranger must know, as Markdown.

    Its head is the metadata that the Hugging Face hub reads.
    """
    counts, size = card.data["counts"], card.raster.size
    looks_at = (
        f"Looks at a {size}x{size} picture of a sketch"
        if card.encoder_input == PICTURE
        else "Reads the strokes of a sketch (of a picture: the lines traced in it)"
    )
    rows = "\n".join(
        f"| {name} | {counts['train'][name]} | {counts['valid'][name]} | {counts['test'][name]} |"
        for name in card.categories
    )
    return f"""---
license: apache-2.0
library_name: sketch-pix2seq
tags: [sketch, image-to-sketch, vector-graphics, onnx]
---

# sketch-pix2seq, recipe `{card.name}`

{looks_at} and draws it again, stroke by stroke.
Made by {card.metrics["made_by"]}.

| category | train | valid | test |
|---|---|---|---|
{rows}

Drawings: {card.attribution}

Trained for {card.metrics["step"]} steps of {card.recipe["batch_size"]} drawings.
Reconstruction loss on validation drawings, `{card.metrics["loss_convention"]}` convention:
{card.metrics["valid_reconstruction"]:.3f} nats a row.
The whole recipe and the data set's card are in `{MODEL_FILE}`.

## Use

```python
from sketch_pix2seq import Sketcher

Sketcher.load("this-folder").redraw("drawing.png", n=4)
```

## Limits

It knows the categories above and draws everything as one of them. Weights are stored as 16-bit
floats. Licence of the weights: {card.licence}.
"""


def _zip(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path
