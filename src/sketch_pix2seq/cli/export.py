"""`sketch-pix2seq export`: from a training run to a bundle."""

from __future__ import annotations

from pathlib import Path

from sketch_pix2seq.cli.extras import needs_extra


def export(run: Path, /, *, out: Path, temperature: float | None = None) -> None:
    """Make a bundle of a run's best weights.

    Args:
        run: The folder that `train` wrote.
        out: The bundle to make: a folder, or a file that ends in .zip.
        temperature: What the model draws at where none is given; 0.4 if left out.
    """
    with needs_extra("train"):
        from sketch_pix2seq.export import export_run

    export_run(run, out, temperature=temperature)
    print(out)
