"""A study: human test drawings, every model's redrawing of each, all drawn in one style.

    study.json      what it is made of, and who drew which sketch: for its maker alone
    sketches/ID.png each sketch, in one size and line width, under a name that says nothing

`create` makes a study; this module stores and opens it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sketch_pix2seq.errors import StudyError
from sketch_pix2seq.evaluation.parts import KeptSketch

FORMAT_VERSION = 1
STUDY_FILE = "study.json"
SKETCHES = "sketches"
HUMAN = "human"


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
    """A study, its sketches in random order, and everything that it depends on (`made`)."""

    sketches: tuple[StudySketch, ...]
    made: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def digest(self) -> str:
        """SHA-256 of all that it is: votes belong to one study alone."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

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

    def to_json(self) -> str:
        """As `study.json` keeps it."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def open(cls, folder: Path) -> Study:
        """Open a study (StudyError if it is not a study, or incomplete)."""
        path = folder / STUDY_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version = content["format_version"]
            sketches = tuple(StudySketch(**sketch) for sketch in content["sketches"])
            study = cls(sketches=sketches, made=content["made"])
            _ = study.sources, study.categories
        except FileNotFoundError as error:
            raise StudyError(
                f"`{folder}` is no study: it has no {STUDY_FILE}",
                do="Make one with `sketch-pix2seq turing create`.",
            ) from error
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise StudyError(f"`{path}` cannot be read", got=repr(error)[:200]) from error
        if version != FORMAT_VERSION:
            raise StudyError(f"`{path}` must be of format {FORMAT_VERSION}", got=version)
        for sketch in sketches:
            if not (folder / SKETCHES / f"{sketch.name}.png").is_file():
                raise StudyError(f"`{folder}` lacks the picture of a sketch", got=sketch.name)
        return study
