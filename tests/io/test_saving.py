"""Files of drawings: the suffix decides, and options that such files cannot show are refused."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from sketch_pix2seq.cli.outputs import Format
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.saving import KINDS, file_content
from sketches import HOUSE

BEGINS = {
    "a.svg": b"<svg",
    "a.PNG": b"\x89PNG",
    "a.gif": b"GIF89a",
    "a.apng": b"\x89PNG",
    "a.excalidraw": b"{",
}


@pytest.mark.parametrize("name", BEGINS)
def test_the_suffix_decides(name: str) -> None:
    assert file_content(HOUSE, Path(name), {}).startswith(BEGINS[name])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.bmp", {}, r"saved as \.svg, \.png, .* or \.excalidraw; got a\.bmp"),
        ("a.excalidraw", {"size_mm": 5}, r"\.excalidraw files have no `size_mm`"),
        ("a.png", {"animate": True}, r"\.png files have no `animate`"),
        ("a.gif", {"colour": "red"}, r"\.gif files have no `colour`"),
        ("a.gif", {"kind": "apng"}, r"\.gif files have no `kind`"),
        ("a.svg", {"self": 1}, r"\.svg files have no `self`"),
    ],
)
def test_what_cannot_be_saved_is_refused(
    name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        file_content(HOUSE, Path(name), options)


def test_the_command_line_offers_each_kind() -> None:
    assert {suffix.removeprefix(".") for suffix in KINDS} | {"ndjson"} == set(get_args(Format))
