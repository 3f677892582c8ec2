from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from sketch_pix2seq.errors import BundleError, DamagedCheckpointError
from sketch_pix2seq.export.files import atomic_bundle, best_weights
from sketch_pix2seq.training.checkpoint import checkpoint_path, save_checkpoint
from sketch_pix2seq.training.run import Run


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_all_of_it_or_nothing(tmp_path: Path, name: str) -> None:
    out = tmp_path / "deep" / name

    def interrupted() -> None:
        with atomic_bundle(out) as folder:
            (folder / "model.json").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(out.parent.iterdir()) == []
    with atomic_bundle(out) as folder:
        (folder / "model.json").write_text("{}")
    assert list(out.parent.iterdir()) == [out]
    if out.is_dir():
        assert (out / "model.json").read_text() == "{}"
    else:
        with zipfile.ZipFile(out) as archive:
            assert archive.namelist() == ["model.json"]


@pytest.mark.skipif(os.name == "nt", reason="links of this system differ")
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_nothing_is_replaced_not_even_a_link_to_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(BundleError, match="must not exist yet"), atomic_bundle(tmp_path / name):
        raise AssertionError("nothing may be made")
    assert (tmp_path / name).is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="folders of this system differ")
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_what_cannot_be_made_is_an_error_of_one_kind(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / name
    with pytest.raises(BundleError, match="cannot be made"), atomic_bundle(out):
        raise AssertionError("nothing may be made")


def test_what_to_do_about_a_damaged_checkpoint_is_said_and_helps(tmp_path: Path) -> None:
    run, model = Run.__new__(Run), nn.Linear(2, 1)  # all that counts are its checkpoints
    run.folder, run.checkpoints = tmp_path, tmp_path / "checkpoints"
    facts: dict[str, object] = {"step": 4, "best_valid_loss": 0.5}
    weights = {"model.weight": torch.ones(1, 2), "model.bias": torch.zeros(1)}
    newest, best = checkpoint_path(run.checkpoints, 4), run.checkpoints / "best.safetensors"
    save_checkpoint(newest, weights, facts)
    best.write_bytes(newest.read_bytes()[:-1])
    with pytest.raises(DamagedCheckpointError, match=r"Delete it: the newest checkpoint") as caught:
        best_weights(run, model)
    assert "`best.safetensors`" not in str(caught.value) and str(best) in str(caught.value)
    best.unlink()
    assert best_weights(run, model)["step"] == 4
    assert model.weight.tolist() == [[1, 1]]
    for damaged in (best, newest):  # the only one there is
        newest.unlink(missing_ok=True)
        damaged.write_bytes(b"")
        with pytest.raises(
            DamagedCheckpointError, match=r"not a whole.*Train it further.*--resume"
        ):
            best_weights(run, model)
        best.unlink(missing_ok=True)
