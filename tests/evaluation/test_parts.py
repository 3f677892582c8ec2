from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sketch_pix2seq.evaluation.parts import Part, keep_sketch, kept_sketch, measure_all
from sketch_pix2seq.sketch.sketch import Sketch


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


def test_drawings_are_kept_in_quickdraws_frame() -> None:
    sketch = Sketch.from_points([[(10, 5), (12, 6)], [(11, 5.5)]])
    assert keep_sketch(sketch) == [[[0, 255], [0, 128]], [[128], [64]]]
    kept = kept_sketch(keep_sketch(sketch))
    assert keep_sketch(kept) == keep_sketch(sketch)


def test_nothing_and_a_dot_are_kept_too() -> None:
    assert keep_sketch(Sketch(())) == []
    assert kept_sketch([]) == Sketch(())
    assert keep_sketch(Sketch.from_points([[(7, 7)]])) == [[[0], [0]]]
