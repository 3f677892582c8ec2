from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sketch_pix2seq.evaluation.parts import Part, measure_all


class Counter:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Any:
        self.times += 1
        return {"found": [self.times, 0.1]}


def quiet(part: str, done: int, total: int) -> None:
    pass


def test_finished_parts_are_not_measured_again(tmp_path: Path) -> None:
    first, second = Counter(), Counter()
    part = Part("a", {"seed": 1}, first)
    calls: list[tuple[str, int, int]] = []
    wanted = [part, Part("b", {}, second)]
    found = measure_all(wanted, tmp_path / "parts", lambda *step: calls.append(step))
    assert found == {"a": {"found": [1, 0.1]}, "b": {"found": [1, 0.1]}}
    assert calls == [("a", 0, 2), ("b", 1, 2), ("", 2, 2)]
    assert measure_all(wanted, tmp_path / "parts", quiet) == found
    assert (first.times, second.times) == (1, 1)


def test_other_facts_are_another_part(tmp_path: Path) -> None:
    counter = Counter()
    for seed in (1, 2, 1):
        measure_all([Part("a", {"seed": seed}, counter)], tmp_path, quiet)
    assert counter.times == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "a"}', "\x00"])
def test_a_damaged_file_is_measured_again(tmp_path: Path, content: str) -> None:
    counter = Counter()
    part = Part("a", {}, counter)
    (tmp_path / part.file_name).write_text(content)
    assert measure_all([part], tmp_path, quiet) == {"a": {"found": [1, 0.1]}}
    assert measure_all([part], tmp_path, quiet) == {"a": {"found": [1, 0.1]}}


def test_what_was_finished_before_a_fault_is_kept(tmp_path: Path) -> None:
    counter = Counter()

    def broken() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_all([Part("a", {}, counter), Part("b", {}, broken)], tmp_path, quiet)
    measure_all([Part("a", {}, counter)], tmp_path, quiet)
    assert counter.times == 1


def test_names_become_file_names() -> None:
    assert Part("cnn/../x: at 0.4", {}, Counter()).file_name.startswith("cnn-..-x-at-0.4-")
