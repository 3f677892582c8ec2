"""Parts of an evaluation: finished ones are stored, and measured once for the same facts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.sketch.sketch import Sketch

PartProgress = Callable[[str, int, int], None]
"""Called with what is measured now, how many parts are finished and how many there are."""
KeptSketch: TypeAlias = list[list[list[int]]]
"""A drawing in JSON, in QuickDraw's layout: for each stroke its x and its y, in whole numbers."""


def as_file_name(label: str) -> str:
    """Return what files about something are called.

    Example:
        >>> as_file_name("<my> model")
        '-my-model'
    """
    return re.sub(r"[^\w.+-]+", "-", label)


def keep_sketch(sketch: Sketch) -> KeptSketch:
    """Write a drawing as QuickDraw would, its longest side 255."""
    return [stroke.astype(int).T.tolist() for stroke in sketch.to_quickdraw_grid().strokes]


def kept_sketch(strokes: KeptSketch) -> Sketch:
    """Read what `keep_sketch` returned."""
    return Sketch.from_points([np.array(stroke, np.float32).T for stroke in strokes])


@dataclass(frozen=True)
class Part:
    """Something to measure.

    Args:
        name: Unlike that of any other part.
        facts: All that its outcome depends on, for JSON.
        measure: Returns what was measured, for JSON.
        version: Raised whenever this part measures something else than before.
    """

    name: str
    facts: dict[str, Any]
    measure: Callable[[], Any]
    version: int = 5

    @property
    def file_name(self) -> str:
        """A name that only this part has: it changes with the part's facts."""
        identity = json.dumps([self.version, self.name, self.facts], sort_keys=True)
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return f"{re.sub(r'[^a-z0-9.]+', '-', self.name.lower())[:80]}-{digest}.json"


def measure_all(parts: Iterable[Part], folder: Path, progress: PartProgress) -> dict[str, Any]:
    """Measure what has not been measured yet.

    Returns:
        What was measured, by name. All of it has been through JSON.
    """
    all_parts = list(parts)
    assert len({part.name for part in all_parts}) == len(all_parts)
    folder.mkdir(parents=True, exist_ok=True)
    measured = {}
    for done, part in enumerate(all_parts):
        progress(part.name, done, len(all_parts))
        measured[part.name] = _measured_once(folder / part.file_name, part)
    progress("", len(all_parts), len(all_parts))
    return measured


def _measured_once(path: Path, part: Part) -> Any:
    """The result in a file; if it is missing or damaged, measure and write it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["measured"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    content = json.dumps({"name": part.name, "facts": part.facts, "measured": part.measure()})
    atomic_write(path, content.encode())
    return json.loads(content)["measured"]
