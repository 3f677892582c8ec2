"""Sessions: what does not fit its card is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from bundles import tiny_bundle, write_bundle
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.session import decoder_session, encoder_session, num_processors
from sketch_pix2seq.sketch.raster import RasterSettings

Change = Callable[[onnx.GraphProto], None]


def changed(model: bytes, change: Change) -> bytes:
    proto = onnx.load_from_string(model)
    change(proto.graph)
    return bytes(proto.SerializeToString())


def rename_input(graph: onnx.GraphProto) -> None:
    old = graph.input[0].name
    graph.input[0].name = "something"
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = "something"


def drop_output(graph: onnx.GraphProto) -> None:
    del graph.output[1]


def test_a_whole_bundle_is_accepted() -> None:
    bundle = tiny_bundle()
    session = encoder_session(bundle)
    mean, log_var = session.run(None, {"picture": np.zeros((3, 1, 48, 48), np.float32)})
    assert mean.shape == log_var.shape == (3, bundle.card.latent_dim)
    assert decoder_session(bundle, 1) is not None


def test_there_is_a_processor() -> None:
    assert num_processors() >= 1


@pytest.mark.parametrize("model", [b"", b"no model", None], ids=["empty", "text", "cut"])
def test_a_file_that_is_no_model_is_refused_in_one_line(
    model: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle()
    broken = bundle.encoder[: len(bundle.encoder) // 2] if model is None else model
    with pytest.raises(BundleError, match=r"`encoder\.onnx` of the bundle cannot be run") as error:
        encoder_session(replace(bundle, encoder=broken))
    assert "\n" not in str(error.value)
    assert "ONNXRuntimeError" not in str(error.value)
    assert capfd.readouterr() == ("", "")  # ONNX Runtime itself says nothing


def test_other_inputs_are_refused() -> None:
    bundle = tiny_bundle()
    wrong = changed(bundle.encoder, rename_input)
    with pytest.raises(BundleError, match="must have the inputs picture; got something"):
        encoder_session(replace(bundle, encoder=wrong))
    with pytest.raises(BundleError, match="must have the inputs latent, state, .*; got picture"):
        decoder_session(replace(bundle, decoder=bundle.encoder), 1)


def test_other_outputs_are_refused() -> None:
    bundle = tiny_bundle()
    wrong = changed(bundle.encoder, drop_output)
    with pytest.raises(BundleError, match=r"must have the outputs mean, log_var; got mean"):
        encoder_session(replace(bundle, encoder=wrong))


@pytest.mark.parametrize("field", ["latent_dim", "state_dim", "noise_dim"])
def test_a_decoder_of_other_sizes_than_its_card_is_refused(field: str) -> None:
    bundle = tiny_bundle()
    card = replace(bundle.card, **{field: getattr(bundle.card, field) + 1})
    with pytest.raises(BundleError, match=f"of shape \\(batch, {getattr(card, field)}\\)"):
        decoder_session(replace(bundle, card=card), 1)


def test_an_encoder_of_other_pictures_than_its_card_is_refused() -> None:
    bundle = tiny_bundle()
    card = replace(bundle.card, raster=RasterSettings(size=64))
    with pytest.raises(BundleError, match=r"input `picture`.*\(batch, 1, 64, 64\).*48"):
        encoder_session(replace(bundle, card=card))


def test_graphs_do_not_hold_the_weights_a_second_time(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    bundle = tiny_bundle()
    assert bundle.weights is not None
    assert len(bundle.decoder) < len(bundle.weights) / 2
    alone = onnxruntime.InferenceSession(folder / "decoder.onnx")  # as any tool would open it
    ours = decoder_session(bundle, 1)
    rng = np.random.default_rng(0)
    given = {entry.name: rng.random((2, entry.shape[1]), np.float32) for entry in ours.get_inputs()}
    for one, other in zip(alone.run(None, given), ours.run(None, given), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("place", ["/etc/passwd", "../other.bin", "*/_ORT_MEM_ADDR_/*"])
def test_a_graph_that_wants_weights_from_another_file_is_refused(place: str) -> None:
    """ONNX Runtime itself would look there."""

    def move(graph: onnx.GraphProto) -> None:
        tensor = next(one for one in graph.initializer if one.external_data)
        for node in graph.node:
            for number, name in enumerate(node.input):
                if name == tensor.name:
                    node.input[number] = "elsewhere"
        tensor.name = "elsewhere"
        next(one for one in tensor.external_data if one.key == "location").value = place

    bundle = tiny_bundle()
    odd = replace(bundle, decoder=changed(bundle.decoder, move))
    with pytest.raises(BundleError, match=r"`decoder\.onnx` .* nor in the file of weights"):
        decoder_session(odd, 1)


def test_weights_that_are_missing_are_told() -> None:
    with pytest.raises(BundleError, match=r"`decoder\.onnx` of the bundle cannot be run"):
        decoder_session(replace(tiny_bundle(), weights=None), 1)
