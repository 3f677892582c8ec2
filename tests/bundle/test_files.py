"""Files of a folder or a zip file: read, or refused without waiting, writing or filling memory."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sketch_pix2seq.bundle.checks import (
    MAX_CARD_BYTES,
    MAX_GALLERY_BYTES,
    MAX_WEIGHTS_BYTES,
)
from sketch_pix2seq.bundle.files import read_files
from sketch_pix2seq.errors import BundleError

NAMES = ("model.json", "weights.safetensors", "latents.safetensors", "gallery.ndjson")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "model.json").write_bytes(b"{}")
    (folder / "weights.safetensors").write_bytes(bytes(100_000))
    (folder / "README.md").write_bytes(b"text")
    return folder


def zipped(folder: Path, inside: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder.parent / "bundle.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inside", ["", "my-bundle/"])
def test_only_what_is_asked_for_is_read(folder: Path, inside: str, method: int) -> None:
    expected = {"model.json": b"{}", "weights.safetensors": bytes(100_000)}
    assert read_files(folder, NAMES) == expected
    assert read_files(zipped(folder, inside, method), NAMES) == expected


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no bundle"):
        read_files(tmp_path / "nowhere", NAMES)
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(BundleError, match="must be a folder or a zip file"):
        read_files(tmp_path / "text.zip", NAMES)


def test_a_folder_in_place_of_a_file_is_refused_and_not_left_open(folder: Path) -> None:
    (folder / "gallery.ndjson").mkdir()
    before = os.dup(0)
    os.close(before)
    with pytest.raises(BundleError, match="must be a plain file"):
        read_files(folder, NAMES)
    after = os.dup(0)  # the lowest number that is free
    os.close(after)
    assert after == before


def test_links_inside_are_followed_and_links_out_are_refused(folder: Path) -> None:
    (folder / "gallery.ndjson").symlink_to("README.md")
    assert read_files(folder, NAMES)["gallery.ndjson"] == b"text"
    (folder / "gallery.ndjson").unlink()
    (folder.parent / "secret").write_text("secret")
    for target in ("../secret", "/etc/hostname", "../nowhere"):
        (folder / "gallery.ndjson").symlink_to(target)
        with pytest.raises(BundleError, match=r"`gallery\.ndjson` .* a link that leads out"):
            read_files(folder, NAMES)
        (folder / "gallery.ndjson").unlink()
    (folder / "gallery.ndjson").symlink_to("gallery.ndjson")
    with pytest.raises(BundleError, match=r"cannot be read|leads out"):
        read_files(folder, NAMES)


def test_fifos_and_folders_are_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "gallery.ndjson")
    with pytest.raises(BundleError, match="must be a plain file"):
        read_files(folder, NAMES)
    (folder / "gallery.ndjson").unlink()
    (folder / "gallery.ndjson").mkdir()
    with pytest.raises(BundleError):
        read_files(folder, NAMES)


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    with (folder / "model.json").open("wb") as file:
        file.truncate(MAX_CARD_BYTES + 1)  # of holes: it takes no room
    with pytest.raises(BundleError, match=r"`model\.json` of the bundle is too large"):
        read_files(folder, NAMES)


@pytest.mark.parametrize("keep", [10, 200, -30])
def test_a_truncated_zip_is_refused(folder: Path, keep: int) -> None:
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BundleError):
        read_files(path, NAMES)


def zip_of(path: Path, fill: Callable[[zipfile.ZipFile], None]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        archive.writestr("model.json", b"{}")
        fill(archive)
    return path


def as_link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("weights.safetensors")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


def with_lzma(archive: zipfile.ZipFile) -> None:
    archive.writestr("weights.safetensors", bytes(100), zipfile.ZIP_LZMA)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (as_link, "is a link or a device"),
        (with_lzma, "in another way than deflate"),
        (lambda archive: archive.writestr("../weights.safetensors", b""), "leads out of it"),
        (lambda archive: archive.writestr("/weights.safetensors", b""), "leads out of it"),
        (lambda archive: archive.writestr("a\\b", b""), "leads out of it"),
        (lambda archive: archive.writestr("model.json", b"[]"), "is there twice"),
        (lambda archive: archive.writestr("other/model.json", b"[]"), "is there twice"),
    ],
)
def test_members_that_are_no_plain_files_are_refused(
    tmp_path: Path, fill: Callable[[zipfile.ZipFile], None], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        read_files(zip_of(tmp_path / "bundle.zip", fill), NAMES)


def test_files_that_are_not_read_may_be_there_twice(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("notes.txt", b"one")
        archive.writestr("more/notes.txt", b"two")

    assert read_files(zip_of(tmp_path / "bundle.zip", fill), NAMES) == {"model.json": b"{}"}


def test_a_name_that_is_too_long_names_no_bundle() -> None:
    with pytest.raises(BundleError, match="there is no bundle"):
        read_files(Path("x" * 300), NAMES)


def test_an_encrypted_member_is_refused(folder: Path) -> None:
    path = zipped(folder)
    content = bytearray(path.read_bytes())
    entry = content.find(b"PK\1\2")
    content[entry + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match="is encrypted"):
        read_files(path, NAMES)


def bomb(path: Path, sizes: dict[str, int]) -> Path:
    """Zeros, compressed a thousandfold."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in sizes.items():
            with archive.open(name, "w") as member:
                for _ in range(size >> 20):
                    member.write(bytes(1 << 20))
    return path


def peak_of(path: Path) -> tuple[str, int, float]:
    """What refuses a bundle, how much memory that takes, and how long."""
    began = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(BundleError) as error:
            read_files(path, NAMES)
        return str(error.value), tracemalloc.get_traced_memory()[1], time.perf_counter() - began
    finally:
        tracemalloc.stop()


def test_members_that_are_too_large_together_are_not_unpacked(tmp_path: Path) -> None:
    large = 60 << 20
    path = bomb(tmp_path / "bomb.zip", {"weights.safetensors": large, "latents.safetensors": large})
    message, peak, _ = peak_of(path)
    assert "`latents.safetensors` of the bundle is too large" in message
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("model.json", MAX_CARD_BYTES),
        ("gallery.ndjson", MAX_GALLERY_BYTES),
        ("weights.safetensors", MAX_WEIGHTS_BYTES),
    ],
)
def test_a_member_that_is_too_large_is_not_unpacked(tmp_path: Path, name: str, limit: int) -> None:
    message, peak, seconds = peak_of(bomb(tmp_path / "bomb.zip", {name: limit + (1 << 20)}))
    assert f"`{name}` of the bundle is too large" in message
    assert peak < 4 << 20
    assert seconds < 5


def test_a_member_is_unpacked_no_further_than_it_claims(tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.zip", {"weights.safetensors": 64 << 20})
    content = path.read_bytes()
    true_size, claimed = struct.pack("<I", 64 << 20), struct.pack("<I", 1000)
    path.write_bytes(content.replace(true_size, claimed))
    message, peak, _ = peak_of(path)
    assert "must be a folder or a zip file" in message
    assert peak < 8 << 20


def test_a_list_of_very_many_members_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x" * 60_000, b"")
    content = path.read_bytes()
    start, end = content.find(b"PK\1\2"), content.find(b"PK\5\6")
    entries = content[start:end] * 40
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 40, 40, len(entries), start, 0)
    path.write_bytes(content[:start] + entries + last)
    message, peak, _ = peak_of(path)
    assert "a list of files that is too long" in message
    assert peak < 8 << 20
