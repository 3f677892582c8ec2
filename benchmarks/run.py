"""`make bench`: the figures that the project holds itself to, each beside a peer of the same run.

    python -m benchmarks.run [--quickdraw DIR] [--only PART,PART]

Parts are those of `PARTS`. Measures real drawings where SKETCH_PIX2SEQ_QUICKDRAW or --quickdraw
names a folder with `simplified/<category>.ndjson.gz` in it, and simple synthetic ones elsewhere.
Prints a table and writes it to `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import drawing, page, reading, rendering, serving, studio_page, tracing, training
from benchmarks.figures import Figure
from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare

HAND6 = ("cat", "pig", "face", "car", "teapot", "alarm clock")
HAND6_LIMIT = 2000
RESULTS = Path(__file__).parent / "results"
PARTS = ("training", "drawing", "rendering", "reading", "serving", "tracing", "page")


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quickdraw", default=os.environ.get("SKETCH_PIX2SEQ_QUICKDRAW"))
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    parts = options.only.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"--only must name some of {', '.join(PARTS)}, with commas between")
    facts = _facts("Quick, Draw!, hand6" if options.quickdraw else "synthetic shapes")
    with tempfile.TemporaryDirectory() as scratch:
        sources = _sources(options.quickdraw, Path(scratch))
        quickdraw = Path(options.quickdraw) if options.quickdraw else None
        figures = _measure(parts, sources, Path(scratch), quickdraw)
    _print(figures)
    print(_write(figures, facts))


def _sources(quickdraw: str | None, scratch: Path) -> list[Path]:
    if quickdraw is None:
        return write_synthetic(scratch / "files", num=2000, seed=0)
    return [Path(quickdraw) / "simplified" / f"{name}.ndjson.gz" for name in HAND6]


def _measure(
    parts: Sequence[str], sources: list[Path], scratch: Path, quickdraw: Path | None
) -> list[Figure]:
    data = scratch / "set"
    prepare(sources, data, limit=HAND6_LIMIT)
    split = Dataset.open(data).split("train")
    sketches = [split.sketch(index) for index in range(0, len(split), max(len(split) // 2000, 1))]
    figures = []
    if "training" in parts:
        figures += training.measure(data)
    if "drawing" in parts:
        figures += drawing.measure(sketches)
    if "serving" in parts:
        figures += serving.measure(sketches)
    if "page" in parts:
        figures += page.measure(sketches)
        figures += studio_page.measure()
    torch.set_num_threads(1)
    if "rendering" in parts:
        figures += rendering.measure([sketch.strokes for sketch in sketches])
    if "tracing" in parts:
        figures += tracing.measure([sketch.strokes for sketch in sketches])
    if "reading" in parts:
        figures += reading.measure(sources, quickdraw)
    return figures


def _print(figures: list[Figure]) -> None:
    table = Table()
    for name in ("work", "measured", "beside", "", "ratio", "bar", ""):
        table.add_column(name, justify="right" if name in ("measured", "", "ratio") else "left")
    for row in figures:
        table.add_row(
            row.work,
            f"{row.value:,.1f} {row.unit}",
            row.peer,
            f"{row.peer_value:,.1f}",
            f"{row.ratio:.2f}",
            row.bar,
            ("met" if row.met else "missed") if row.bar else "",
        )
    Console(width=150).print(table)


def _facts(drawings: str) -> dict[str, Any]:
    """When, where and of what is measured."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "date": f"{now:%Y-%m-%d %H:%M} UTC",
        "commit": _commit(),
        "machine": _processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "drawings": drawings,
    }


def _write(figures: list[Figure], facts: dict[str, Any]) -> Path:
    rows = [{**asdict(figure), "ratio": figure.ratio} for figure in figures]
    RESULTS.mkdir(exist_ok=True)
    moment = facts["date"].removesuffix(" UTC").replace(" ", "-").replace(":", "")
    path = RESULTS / f"{moment}-{facts['commit']}.json"
    path.write_text(json.dumps({**facts, "figures": rows}, indent=2) + "\n", encoding="utf-8")
    return path


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
