"""Checkpoints: whole or not there, damaged ones refused."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sketch_pix2seq.errors import RunError
from sketch_pix2seq.training import checkpoint
from sketch_pix2seq.training.checkpoint import (
    checkpoint_path,
    checkpoints,
    clear_partial,
    load_checkpoint,
    rotate,
    save_checkpoint,
)

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(7.0)}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = checkpoint_path(tmp_path / "new", 12)
    save_checkpoint(path, TENSORS, {"step": 12, "best": float("inf")})
    tensors, facts = load_checkpoint(path)
    assert facts == {"step": 12, "best": float("inf")}
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
    assert [file.name for file in path.parent.iterdir()] == ["step-00000012.safetensors"]


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, -1])
def test_a_truncated_file_is_no_checkpoint(tmp_path: Path, keep: int) -> None:
    path = checkpoint_path(tmp_path, 1)
    save_checkpoint(path, TENSORS, {"step": 1})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RunError, match="not a whole checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("place", [0, 9, 60, -1, -9])
def test_a_flipped_byte_is_found(tmp_path: Path, place: int) -> None:
    path = checkpoint_path(tmp_path, 1)
    save_checkpoint(path, TENSORS, {"step": 1})
    content = bytearray(path.read_bytes())
    content[place] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(RunError, match="not a whole checkpoint"):
        load_checkpoint(path)


def test_other_files_are_no_checkpoints(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(TENSORS, tmp_path / "other.safetensors")
    with pytest.raises(RunError, match="format 1"):
        load_checkpoint(tmp_path / "other.safetensors")
    with pytest.raises(RunError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "missing.safetensors")


def test_a_place_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = checkpoint_path(tmp_path, 1)
    path.mkdir()  # a folder stands where the file should go
    with pytest.raises(RunError, match="could not be written"):
        save_checkpoint(path, TENSORS, {"step": 1})
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_full_disk_leaves_the_older_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(checkpoint_path(tmp_path, 1), TENSORS, {"step": 1})

    def full(tensors: object, place: Path, metadata: object) -> None:
        place.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(RunError, match="could not be written; got .*No space left"):
        save_checkpoint(checkpoint_path(tmp_path, 2), TENSORS, {"step": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.safetensors"]
    assert load_checkpoint(checkpoint_path(tmp_path, 1))[1] == {"step": 1}


def test_what_was_not_finished_is_cleared(tmp_path: Path) -> None:
    save_checkpoint(checkpoint_path(tmp_path, 1), TENSORS, {"step": 1})
    (tmp_path / ".step-00000002.safetensors.partial").write_bytes(b"half")
    clear_partial(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.safetensors"]


def test_rotation_keeps_the_newest_and_the_best(tmp_path: Path) -> None:
    for step in (500, 1000, 20000, 1500):
        save_checkpoint(checkpoint_path(tmp_path, step), TENSORS, {"step": step})
    save_checkpoint(tmp_path / "best.safetensors", TENSORS, {"step": 500})
    rotate(tmp_path, 2)
    names = [path.name for path in checkpoints(tmp_path)]
    assert names == ["step-00001500.safetensors", "step-00020000.safetensors"]
    assert (tmp_path / "best.safetensors").exists()


@pytest.mark.parametrize(
    "header",
    [
        *("[]", "3", "[" * 100_000, '{"format_version": 1}'),
        *(f'{{"format_version": 1, "facts": {facts}}}' for facts in ("3", "null", '{"step": "x"}')),
        '{"format_version": 1, "facts": {"step": 1, "best_valid_loss": []}}',
        '{"format_version": 1, "digest": [], "facts": {}}',
    ],
    ids=range(9),
)
def test_odd_facts_are_one_line(tmp_path: Path, header: str) -> None:
    path = checkpoint_path(tmp_path, 1)
    save_file(TENSORS, path, metadata={checkpoint.HEADER: header})
    with pytest.raises(RunError, match="checkpoint") as caught:
        load_checkpoint(path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_numbers_of_a_kind_that_is_never_saved_are_refused(tmp_path: Path) -> None:
    path = checkpoint_path(tmp_path, 1)
    header = '{"format_version": 1, "digest": "x", "facts": {"step": 1}}'
    save_file(
        {"a": torch.zeros(2, dtype=torch.bfloat16)}, path, metadata={checkpoint.HEADER: header}
    )
    with pytest.raises(RunError, match="not a whole checkpoint"):
        load_checkpoint(path)
