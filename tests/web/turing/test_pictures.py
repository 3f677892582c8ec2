from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.errors import StudyError
from sketch_pix2seq.evaluation.turing.study import SKETCHES, Study
from sketch_pix2seq.web.turing.pictures import load_pictures
from studies import scribbles, write_study


def test_all_pictures_are_equally_long_and_show_what_they_did(
    study: Study, study_folder: Path
) -> None:
    pictures = load_pictures(study, study_folder)
    assert set(pictures) == {sketch.name for sketch in study.sketches}
    assert len({len(content) for content in pictures.values()}) == 1
    for name, content in pictures.items():
        path = study_folder / SKETCHES / f"{name}.png"
        with Image.open(path) as before, Image.open(io.BytesIO(content)) as after:
            after.load()
            np.testing.assert_array_equal(np.asarray(before), np.asarray(after))


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", scribbles(1))
    (tmp_path / "study" / SKETCHES / f"{study.sketches[0].name}.png").write_bytes(b"<svg/>")
    with pytest.raises(StudyError, match="must be a PNG file"):
        load_pictures(study, tmp_path / "study")
