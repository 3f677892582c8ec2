from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.export.files import atomic_bundle


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
