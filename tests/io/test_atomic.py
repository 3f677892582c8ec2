from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sketch_pix2seq.io.atomic import atomic_write, png_bytes
from sketch_pix2seq.sketch.sketch import Sketch


def test_all_of_it_or_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.svg"
    atomic_write(path, b"old")
    assert path.read_bytes() == b"old"

    def full(self: Path, target: Path) -> None:
        assert self.parent == target.parent
        assert self.read_bytes() == b"new"
        assert path.read_bytes() == b"old"
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left") as caught:
            atomic_write(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_error_names_the_file_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        atomic_write(tmp_path / "no" / "a.svg", b"")
    assert caught.value.filename == str(tmp_path / "no" / "a.svg")


@pytest.mark.skipif(os.name == "nt", reason="links and modes of this system differ")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.svg", tmp_path / "link.svg"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to("real.svg")
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    fresh, plain = tmp_path / "fresh", tmp_path / "plain"
    atomic_write(fresh, b"")
    plain.touch()
    assert fresh.stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="this system has no /dev/null")
def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.svg").symlink_to("/dev/null")
    atomic_write(tmp_path / "a.svg", b"gone")
    assert not Path("/dev/null").is_file()
    assert Path("/dev/null").read_bytes() == b""


def test_a_png_is_one() -> None:
    picture = Sketch.from_points([[(0, 0), (9, 9)]]).to_image(32)
    assert png_bytes(picture).startswith(b"\x89PNG")
