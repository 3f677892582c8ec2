from __future__ import annotations

import subprocess
import sys

import pytest

from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.errors import UsageError


def test_all_wrong_numbers_are_reported_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        PrepareOptions(train=0, limit=-1, max_steps=0, min_drawings=2, epsilon=float("nan"))
    for name in ("train", "limit", "max_steps", "min_drawings", "epsilon"):
        assert f"`{name}` must be" in str(caught.value)


def test_the_caps_are_those_of_the_splits() -> None:
    options = PrepareOptions(train=7, test=9)
    assert [options.cap(split) for split in ("train", "valid", "test")] == [7, None, 9]


def test_asking_for_help_loads_no_numbers_library() -> None:
    code = "import sys, sketch_pix2seq.data.options; print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
