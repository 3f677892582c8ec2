"""A study: human test drawings, every model's redrawing of each, all drawn in one style.

    study.json      what it is made of, who drew which sketch, how it is run: for its maker alone
    sketches/ID.png each sketch, in one size and line width, under a name that says nothing

`create` makes a study; this module stores and opens it.

*Convention*: format 2 adds attention checks and settings. A study of format 1 has neither, and its
digest, by which votes belong to it, stays as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from sketch_pix2seq.errors import DrawingError, StudyError, UsageError
from sketch_pix2seq.evaluation.parts import KeptSketch, kept_sketch
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.io.atomic import atomic_write

FORMAT_VERSION = 2
STUDY_FILE = "study.json"
SKETCHES = "sketches"
HUMAN = "human"
Tag = Literal["human", "computer"]
"""What a participant says of a sketch."""


@dataclass(frozen=True, kw_only=True)
class StudySketch:
    """One sketch of a study."""

    name: str
    "Random letters, without a meaning."
    source: str
    "`human`, or a model's label."
    category: str
    original: str
    "Name of the human sketch that it redraws; its own for that one."
    drawing: KeptSketch


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study.

    Args:
        sketches: Its sketches in random order.
        made: Everything that they depend on.
        format_version: Of its file.
        checks: The right answers to attention checks, by the names of their pictures.
        settings: How it is run.
    """

    sketches: tuple[StudySketch, ...]
    made: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
    checks: dict[str, Tag] = field(default_factory=dict)
    settings: StudySettings = field(default_factory=StudySettings)

    @property
    def digest(self) -> str:
        """SHA-256 of all that is shown: votes belong to one study alone, whatever its settings."""
        content = asdict(self)
        del content["settings"]
        if not self.checks:
            del content["checks"]
        return hashlib.sha256(_json(content).encode()).hexdigest()

    def check(self) -> None:
        """Refuse what nobody could be asked (ValueError, LookupError, TypeError)."""
        names, originals = self.pictures, {sketch.original for sketch in self.sketches}
        if not self.sketches or len(set(names)) < len(names):
            raise ValueError("each of `sketches` must be there once")
        if wrong := [answer for answer in self.checks.values() if answer not in get_args(Tag)]:
            raise ValueError(f"a check's answer must be human or computer, not {wrong[0]}")
        for source in self.sources:
            drawn = [sketch.original for sketch in self.of(source)]
            if sorted(drawn) != sorted(originals):
                raise ValueError(f"`{source}` must have drawn each of the same sketches once")
        if {sketch.category for sketch in self.sketches} != set(self.categories):
            raise ValueError("`categories` must be those of the sketches")
        if any(sketch.source not in self.sources for sketch in self.sketches):
            raise ValueError("each of `sketches` must be of people or of one of `models`")
        for sketch in self.sketches:
            kept_sketch(sketch.drawing)

    @property
    def pictures(self) -> list[str]:
        """Names of all pictures: sketches and attention checks."""
        return [*(sketch.name for sketch in self.sketches), *self.checks]

    @property
    def sources(self) -> list[str]:
        """Who drew: people, then the models in their order."""
        return [HUMAN, *self.made["models"]]

    @property
    def categories(self) -> list[str]:
        """What is drawn."""
        return list(self.made["categories"])

    def of(self, source: str, category: str | None = None) -> list[StudySketch]:
        """Return the sketches of one source, perhaps of one category, by their originals."""
        found = [
            sketch
            for sketch in self.sketches
            if sketch.source == source and category in (None, sketch.category)
        ]
        return sorted(found, key=lambda sketch: (sketch.category, sketch.original))

    def without(self, labels: Sequence[str]) -> Study:
        """Drop human drawings, by their labels or names, and all redrawings of them."""
        originals = {sketch.original for sketch in self.sketches}
        labels_of = self.made.get("labels", {}).items()
        known = {name: name for name in originals}
        known |= {label: name for name, label in labels_of if name in originals}
        unknown = [label for label in labels if label not in known]
        if unknown:
            raise UsageError("the study has no human drawing of this label", got=unknown[0])
        dropped = {known[label] for label in labels}
        kept = tuple(one for one in self.sketches if one.original not in dropped)
        if {one.category for one in kept} != set(self.categories):
            raise UsageError("each category must keep a drawing")
        return replace(self, sketches=kept)

    def to_json(self) -> str:
        """As `study.json` keeps it."""
        return _json(asdict(self))

    def save(self, folder: Path) -> None:
        """Write `study.json` anew, such as with other settings."""
        atomic_write(folder / STUDY_FILE, self.to_json().encode())

    @classmethod
    def open(cls, folder: Path) -> Study:
        """Open a study (StudyError if it is not a study, or incomplete)."""
        path = folder / STUDY_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version = content["format_version"]
            if version not in (1, FORMAT_VERSION):
                rule = f"`{path}` must be of format {FORMAT_VERSION} or 1"
                raise StudyError(rule, got=version)
            study = cls(
                sketches=tuple(StudySketch(**sketch) for sketch in content["sketches"]),
                made=content["made"],
                format_version=version,
                checks=dict(content.get("checks", {})),
                settings=StudySettings.from_dict(content.get("settings", {})),
            )
            study.check()
        except FileNotFoundError as error:
            raise StudyError(
                f"`{folder}` is no study: it has no {STUDY_FILE}",
                do="Make one with `sketch-pix2seq turing create`.",
            ) from error
        except (
            OSError,
            ValueError,
            DrawingError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
            UsageError,
        ) as error:
            raise StudyError(f"`{path}` cannot be read", got=repr(error)[:200]) from error
        for name in study.pictures:
            if not (folder / SKETCHES / f"{name}.png").is_file():
                raise StudyError(f"`{folder}` lacks the picture of a sketch", got=name)
        return study


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"
