"""`sketch-pix2seq export`: from a training run to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketch_pix2seq.cli.inputs import classifier_at
from sketch_pix2seq.cli.terminal import print_line
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.extras import needs_extra

if TYPE_CHECKING:
    from sketch_pix2seq.training.recipe import Recipe


def export(
    run: Path,
    /,
    *,
    out: Path,
    data: Path | None = None,
    temperature: float | None = None,
    gallery: int = 0,
    classifier: Path | None = None,
    notes: Path | None = None,
) -> None:
    """Make a bundle of a run's best weights; of a classifier's run, a classifier.

    Args:
        run: The folder that `train` wrote.
        out: The bundle to make: a folder, or a file that ends in .zip.
        data: The data set that it was trained on: with it the bundle completes and
            classifies drawings.
        temperature: The model's own sampling temperature; 0.4 if left out.
        gallery: Test drawings of each category for the studio's map, at most; needs --data.
        classifier: An exported classifier that the bundle is to hold, or `default` for the one in
            the package: it helps to classify drawings, and to choose the best of several.
        notes: A Markdown file that the model card is to hold as well.
    """
    with needs_extra("train"):
        from sketch_pix2seq.export.bundle import export_run
        from sketch_pix2seq.export.classifier import export_classifier
        from sketch_pix2seq.training.run import Run

    if gallery < 0 or (gallery and data is None):
        raise UsageError("`gallery` must be a number of drawings, and needs `data`", got=gallery)
    trained = Run(run)
    if trained.recipe.task == "classify":
        ignored = {
            "data": data,
            "temperature": temperature,
            "classifier": classifier,
            "notes": notes,
        }
        for name, value in (ignored | {"gallery": gallery or None}).items():
            if value is not None:
                raise UsageError(f"`{name}` must be left out: this is the run of a classifier")
        export_classifier(trained, out)
        print_line(out)
        return

    if gallery:
        with needs_extra("eval"):
            import sklearn  # noqa: F401 - if it is not there, that is said before all the work

    def add(folder: Path) -> None:
        if gallery and data is not None:
            _add_gallery(folder, data, gallery, trained.recipe)

    try:
        notes_text = "" if notes is None else notes.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("`notes` must be a text in UTF-8", got=error) from error
    export_run(
        run,
        out,
        data=data,
        temperature=temperature,
        notes=notes_text,
        classifier=None if classifier is None else classifier_at(classifier),
        add=add,
    )
    print_line(out)


def _add_gallery(folder: Path, data: Path, per_category: int, recipe: Recipe) -> None:
    """Put a gallery into a bundle: of the oversampled categories, if there are any."""
    from sketch_pix2seq.bundle.gallery import GALLERY_FILE
    from sketch_pix2seq.data.dataset import Dataset
    from sketch_pix2seq.evaluation.latent import build_gallery
    from sketch_pix2seq.inference.sketcher import Sketcher

    items = build_gallery(
        Sketcher.load(folder),
        Dataset.open(data),
        per_category=per_category,
        categories=recipe.oversampled,
        seed=recipe.seed,
    )
    (folder / GALLERY_FILE).write_bytes(items.to_bytes())
