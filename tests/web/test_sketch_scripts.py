"""The library that draws and traces in browsers, as far as it needs no page, under node."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

import sketch_pix2seq

LIBRARY = Path(sketch_pix2seq.__file__).parent / "web" / "static" / "sketch"
NODE = shutil.which("node")
TESTS = Path(__file__).with_name("sketch.test.js")


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_large_hostile_and_wrong_inputs(tmp_path: Path) -> None:
    shutil.copytree(LIBRARY, tmp_path / "sketch")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(TESTS, tmp_path)
    command = [str(NODE), "--test", TESTS.name]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def pictures() -> dict[str, tuple[bytes, tuple[int, int]]]:
    """Files of the kinds that browsers show, as Pillow writes them, with their sizes."""
    image = Image.fromarray(
        np.arange(301 * 257, dtype=np.uint32).astype(np.uint8).reshape(257, 301)
    )
    kinds: dict[str, list[dict[str, object]]] = {
        "PNG": [{}],
        "JPEG": [{}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(60_000), "comment": "a"}],
        "GIF": [{}],
        "BMP": [{}],
        "WEBP": [{}, {"lossless": True}, {"exif": b"Exif\0\0II"}],
    }
    if features.check("avif"):
        kinds["AVIF"] = [{}]
    found = {}
    for kind, ways in kinds.items():
        for number, options in enumerate(ways):
            file = io.BytesIO()
            image.convert("RGB").save(file, kind, **options)
            found[f"{kind} {number}"] = file.getvalue(), image.size
    return found


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_sizes_of_pictures_are_read_from_their_headers(tmp_path: Path) -> None:
    files = pictures()
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name} cut").write_bytes(content[:14])
    script = f"""
    import {{ readFileSync }} from "node:fs";
    import {{ sizeInHeader }} from "{(LIBRARY / "picture_file.js").as_uri()}";
    const files = process.argv.slice(1).map((path) => new Uint8Array(readFileSync(path)));
    console.log(JSON.stringify(files.map(sizeInHeader)));"""
    names = [*files, *(f"{name} cut" for name in files)]
    command = [str(NODE), "--input-type=module", "--eval", script, "--", *names]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    sizes = dict(zip(names, json.loads(ended.stdout or "[]"), strict=True))
    expected = {name: list(size) for name, (_, size) in files.items()}
    assert sizes == expected | {
        f"{name} cut": expected[name] if name == "GIF 0" else None for name in files
    }, ended.stderr
