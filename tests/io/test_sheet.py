from __future__ import annotations

import base64
import io
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.sheet import Sheet, SheetRow
from sketch_pix2seq.sketch.sketch import Sketch

SVG = "{http://www.w3.org/2000/svg}"
CROSS = Sketch.from_points([[(0, 0), (10, 10)], [(10, 0), (0, 10)]])
ROWS = [
    SheetRow([CROSS, CROSS, None, Sketch(())], "cat.svg"),
    SheetRow([CROSS.to_image(48), CROSS], "a & b"),
]
SHEET = Sheet(
    rows=ROWS, headings=["input", "redrawn"], title="Crosses <1>", note="made up", set_apart=1
)


def test_an_svg_says_and_shows_everything() -> None:
    root = ET.fromstring(SHEET.to_svg())
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert words == ["Crosses <1>", "input", "redrawn", "cat.svg", "a & b", "made up"]
    drawings = [group for group in root.iter(f"{SVG}g") if group.get("stroke-linecap")]
    assert len(drawings) == 3
    (image,) = root.iter(f"{SVG}image")
    kind, _, data = (image.get("href") or "").partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert max(picture.size) == 224


def test_an_svg_holds_no_control_characters() -> None:
    sheet = Sheet(rows=[SheetRow([CROSS], "a\x07b")], title="x\x00y")
    words = [text.text for text in ET.fromstring(sheet.to_svg()).iter(f"{SVG}text")]
    assert words == ["x y", "a b"]


def test_a_picture_shows_ink_where_the_svg_has_its_drawings() -> None:
    image = SHEET.to_image(scale=1)
    assert image.size == SHEET.size
    pixels = np.asarray(image.convert("L"))
    root = ET.fromstring(SHEET.to_svg())
    for group in root.iter(f"{SVG}g"):
        for path in group.iter(f"{SVG}path"):
            if not group.get("stroke-linecap"):
                continue
            x, y = (float(part) for part in (path.get("d") or "M")[1:].split("L")[0].split(" "))
            assert pixels[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].min() < 100


def test_scale_makes_it_larger() -> None:
    width, height = SHEET.size
    assert SHEET.to_image(scale=3).size == (3 * width, 3 * height)
    with pytest.raises(UsageError, match="`scale` must be from 1 to 8"):
        SHEET.to_image(scale=0)


def test_labels_take_room_only_where_there_are_some() -> None:
    row = [CROSS, CROSS]
    bare = Sheet(rows=[SheetRow(row)])
    labelled = Sheet(rows=[SheetRow(row, "a label")])
    long = Sheet(rows=[SheetRow(row, "a label " * 40)])
    assert bare.size[0] < labelled.size[0] < long.size[0] < bare.size[0] + 250
    assert "…" in long.to_svg()
    assert bare.size[1] == labelled.size[1] < SHEET.size[1]


def test_pictures_of_any_mode_and_shape_fit() -> None:
    pictures = [
        Image.new("RGBA", (500, 20), (0, 0, 0, 0)),
        Image.new("1", (3, 400)),
        Image.new("P", (50, 50)),
        Image.new("L", (1, 1)),
    ]
    sheet = Sheet(rows=[SheetRow(pictures)], cell=64)
    assert sheet.to_image().size == tuple(2 * side for side in sheet.size)
    assert sheet.to_svg().count("<image") == 4


def test_saving_goes_by_suffix(tmp_path: Path) -> None:
    assert SHEET.save(tmp_path / "a.svg").read_text(encoding="utf-8") == SHEET.to_svg()
    with Image.open(SHEET.save(str(tmp_path / "a.png"))) as image:
        assert image.size == tuple(2 * side for side in SHEET.size)
    with pytest.raises(UsageError, match=r"must be saved as \.svg or \.png; got a\.pdf"):
        SHEET.save(tmp_path / "a.pdf")
    assert SHEET._repr_svg_() == SHEET.to_svg()


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(UsageError, match="a sheet must have a cell"):
        Sheet(rows=[])
    with pytest.raises(UsageError, match="a sheet must have a cell"):
        Sheet(rows=[SheetRow([])])
    with pytest.raises(UsageError, match="`cell` must be from 16 to 1024"):
        Sheet(rows=ROWS, cell=2)
    with pytest.raises(UsageError, match="at most 30000 pixels"):
        Sheet(rows=[SheetRow([None])] * 1000)
