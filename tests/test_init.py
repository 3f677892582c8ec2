from __future__ import annotations

import subprocess
import sys

import pytest

import sketch_pix2seq


def test_importing_the_package_loads_no_numbers_library() -> None:
    code = "import sys, sketch_pix2seq; print([m for m in ('numpy', 'torch') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names_come_from_their_rooms() -> None:
    from sketch_pix2seq.sketch.sketch import Sketch

    assert sketch_pix2seq.Sketch is Sketch
    assert {"Sketch", "Sketcher", "__version__"} <= set(dir(sketch_pix2seq))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Skotch'"):
        _ = sketch_pix2seq.Skotch
