"""The names of Quick, Draw!'s categories."""

from __future__ import annotations

import pytest

from sketch_pix2seq.data.categories import find_categories, quickdraw_categories
from sketch_pix2seq.errors import UsageError


def test_there_are_345_and_each_finds_itself() -> None:
    names = quickdraw_categories()
    assert len(set(names)) == 345
    assert find_categories(names) == list(names)
    assert find_categories(["all", "cat"]) == list(names)


def test_they_are_found_however_they_are_written() -> None:
    assert find_categories(["ALARM  clock", "t shirt", "the_eiffel-tower", "T-shirt"]) == [
        "alarm clock",
        "t-shirt",
        "The Eiffel Tower",
    ]


def test_wrong_ones_are_all_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="`catt` .did you mean cat.*; there is no .*`xyzzy`"):
        find_categories(["catt", "xyzzy", "dog"])
    with pytest.raises(UsageError, match="`all` stands for all"):
        find_categories([])
