"""`sketch-pix2seq export`: from a training run to a bundle."""

from __future__ import annotations

from pathlib import Path

from sketch_pix2seq.cli.extras import needs_extra


def export(
    run: Path, /, *, out: Path, data: Path | None = None, temperature: float | None = None
) -> None:
    """Make a bundle of a run's best weights; of a judge's run, a judge.

    Args:
        run: The folder that `train` wrote.
        out: The bundle to make: a folder, or a file that ends in .zip.
        data: The data set that it was trained on: with it the bundle can complete drawings.
        temperature: What the model draws at where none is given; 0.4 if left out.
    """
    with needs_extra("train"):
        from sketch_pix2seq.export.bundle import export_run
        from sketch_pix2seq.export.judge import export_judge
        from sketch_pix2seq.training.run import Run

    trained = Run(run)
    if trained.recipe.task == "judge":
        export_judge(trained, out)
    else:
        export_run(run, out, data=data, temperature=temperature)
    print(out)
