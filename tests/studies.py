"""A small study for tests: scribbles instead of drawings, so that no model is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sketch_pix2seq.evaluation.parts import keep_sketch, kept_sketch
from sketch_pix2seq.evaluation.turing.study import (
    HUMAN,
    SKETCHES,
    STUDY_FILE,
    Study,
    StudySketch,
)
from sketch_pix2seq.io.saving import png_bytes
from sketch_pix2seq.sketch.sketch import Sketch


def scribbles(
    per_category: int = 2,
    labels: Sequence[str] = ("cnn", "rnn"),
    categories: Sequence[str] = ("cat", "pig"),
    seed: int = 0,
) -> Study:
    """A study of scribbles; its names are random, but the same for the same seed."""
    rng = np.random.default_rng(seed)
    sketches = []
    for category in categories:
        for _ in range(per_category):
            names = [rng.bytes(8).hex() for _ in range(1 + len(labels))]
            sketches += [
                StudySketch(
                    name=name,
                    source=source,
                    category=category,
                    original=names[0],
                    drawing=keep_sketch(Sketch.from_points([rng.integers(0, 255, (9, 2))])),
                )
                for name, source in zip(names, (HUMAN, *labels), strict=True)
            ]
    return Study(
        sketches=tuple(sorted(sketches, key=lambda sketch: sketch.name)),
        made={
            "data": "digest of the data",
            "categories": list(categories),
            "models": {label: f"digest of {label}" for label in labels},
            "temperatures": dict.fromkeys(labels, 0.4),
            "per_category": per_category,
            "seed": seed,
            "licence": "nobody's scribbles",
        },
    )


def write_study(folder: Path, study: Study | None = None) -> Study:
    """Write a study, scribbles if none is given, as a folder that can be opened."""
    study = study or scribbles()
    (folder / SKETCHES).mkdir(parents=True)
    (folder / STUDY_FILE).write_text(study.to_json(), encoding="utf-8")
    for sketch in study.sketches:
        picture = kept_sketch(sketch.drawing).to_image(90)
        (folder / SKETCHES / f"{sketch.name}.png").write_bytes(png_bytes(picture))
    for name in study.checks:
        check = kept_sketch(study.sketches[0].drawing).to_image(90)
        (folder / SKETCHES / f"{name}.png").write_bytes(png_bytes(check))
    return study
