from __future__ import annotations

import subprocess
import sys

import pytest

import sketch_pix2seq
import sketch_pix2seq.errors


def test_importing_the_package_loads_no_numbers_library() -> None:
    code = "import sys, sketch_pix2seq; print([m for m in ('numpy', 'torch') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names_come_from_their_rooms() -> None:
    from sketch_pix2seq.sketch.sketch import Sketch

    assert sketch_pix2seq.Sketch is Sketch
    assert {"Sketch", "Sketcher", "__version__"} <= set(dir(sketch_pix2seq))


def test_every_error_and_every_public_name_is_there() -> None:
    errors = {
        name
        for name, value in vars(sketch_pix2seq.errors).items()
        if isinstance(value, type) and issubclass(value, sketch_pix2seq.SketchPix2SeqError)
    }
    others = {"Classifier", "Sketch", "Sketcher", "__version__", "read_sketches"}
    assert set(sketch_pix2seq.__all__) == errors | others
    for name in sketch_pix2seq.__all__:
        assert getattr(sketch_pix2seq, name).__doc__


def loaded_by(code: str) -> set[str]:
    """Modules that Python has loaded after some code, but for those that it begins with."""
    program = f"import sys; before = set(sys.modules)\n{code}\n"
    program += "print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(found.stderr.split())


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = loaded_by("import sketch_pix2seq")
    assert {name for name in loaded if name.startswith("sketch_pix2seq")} == {"sketch_pix2seq"}
    assert len(loaded) <= 40
    loaded = loaded_by("from sketch_pix2seq import DrawingError")
    assert "numpy" not in loaded


def test_help_loads_few_modules() -> None:
    """Seconds depend on the machine; 284 modules took 0.15 of them."""
    loaded = loaded_by("from sketch_pix2seq.cli.app import main; main(['--help'])")
    ours = {name for name in loaded if name.startswith("sketch_pix2seq")}
    assert ours <= {
        "sketch_pix2seq",
        "sketch_pix2seq.errors",
        *(f"sketch_pix2seq.cli{room}" for room in ("", ".app", ".ending", ".terminal")),
    }
    assert {"numpy", "PIL", "torch", "orjson", "asyncio"} & loaded == set()
    assert len(loaded) <= 350


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "sketch_pix2seq"]
    found = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert found.stdout == f"{sketch_pix2seq.__version__}\n"
    wrong = subprocess.run([*command, "dance"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith('sketch-pix2seq: Unknown command "dance".')


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Skotch'"):
        _ = sketch_pix2seq.Skotch
