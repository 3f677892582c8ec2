"""Reading drawings into a prepared data set, against the JSON parser alone."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.io.ndjson import parse_sketch
from sketch_pix2seq.sketch.normalise import normalise_points, quickdraw_normalise

MANY = 128
PROGRAM = """
import pathlib, re, sys, time
from sketch_pix2seq.data.prepare import prepare
if __name__ == "__main__":
    began = time.perf_counter()
    card = prepare([sys.argv[1]], sys.argv[2], workers=int(sys.argv[3]))
    seconds = time.perf_counter() - began
    read = sum(source.read for source in card.sources)
    status = pathlib.Path("/proc/self/status").read_text()  # getrusage counts who started us
    print(read, seconds, re.search(r"VmHWM:\\s+(\\d+)", status)[1])
"""


def measure(sources: Sequence[Path], quickdraw: Path | None) -> list[Figure]:
    """Prepare some sources, and all that there are; simplify raw drawings, if there are any."""
    figures = [_some(sources)]
    if quickdraw is not None:
        figures += _all(quickdraw / "simplified")
        if raw := sorted((quickdraw / "raw").glob("*.ndjson")):
            figures.append(_raw(raw))
    return figures


def _some(sources: Sequence[Path]) -> Figure:
    """Prepare a data set of the sources, again and again, with one worker."""
    with tempfile.TemporaryDirectory() as scratch:
        numbers = iter(range(1000))

        def ours() -> int:
            card = prepare(sources, Path(scratch) / str(next(numbers)))
            return sum(source.read for source in card.sources)

        def parse() -> None:
            for source in sources:
                content = source.read_bytes()
                text = gzip.decompress(content) if source.suffix == ".gz" else content
                for line in text.splitlines():
                    orjson.loads(line)

        read = ours()
        seconds = in_turn({"ours": ours, "orjson": parse}, rounds=5)
    rate = read / seconds["ours"]
    return Figure(
        work=f"data prepare, end to end ({read:,} drawings)",
        value=rate,
        unit="drawings/s a core",
        peer="orjson alone",
        peer_value=read / seconds["orjson"],
        bar=">= 10,000/s",
        met=rate >= 10_000,
    )


def _all(folder: Path) -> list[Figure]:
    """Prepare all files with one process and with two; its memory, and opening the result."""
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "prepare_all.py"
        script.write_text(PROGRAM)
        seconds = {}
        for workers in (1, 2):
            out = str(Path(scratch) / f"set-{workers}")
            command = [sys.executable, str(script), str(folder), out, str(workers)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds[workers] = tuple(map(float, done.stdout.split()))
        began = time.perf_counter()
        dataset = Dataset.open(Path(scratch) / "set-1")
        dataset.split("train").stroke3(len(dataset.split("train")) - 1)
        opening = time.perf_counter() - began
    (read, alone, peak), (_, both, _) = seconds[1], seconds[2]
    return [
        Figure(
            work=f"data prepare of {len(dataset.card.categories)} categories, {read:,.0f} drawings",
            value=alone,
            unit="s in one process",
            peer="in two processes, s",
            peer_value=both,
            bar="",
            met=True,
        ),
        Figure(
            work="the same, peak memory of the process",
            value=peak / 1000,
            unit="MB",
            peer="sources, gzipped, MB",
            peer_value=sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
            bar="",
            met=True,
        ),
        Figure(
            work="opening that data set and reading its last drawing",
            value=opening * 1000,
            unit="ms",
            peer="bar",
            peer_value=100.0,
            bar="<= 100 ms",
            met=opening <= 0.1,
        ),
    ]


def _raw(files: Sequence[Path]) -> Figure:
    """Raw to simplified, parsed already: many at once beside one at a time."""
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    drawings = [parse_sketch(line).strokes for line in lines]
    blocks = []
    for start in range(0, len(drawings), MANY):
        some = drawings[start : start + MANY]
        strokes = [stroke for drawing in some for stroke in drawing]
        blocks.append(
            (
                np.concatenate(strokes).astype(np.float64),
                np.array([len(stroke) for stroke in strokes]),
                np.array([len(drawing) for drawing in some]),
            )
        )
    seconds = in_turn(
        {
            "many": lambda: [normalise_points(*block) for block in blocks],
            "one": lambda: [quickdraw_normalise(drawing) for drawing in drawings],
        },
        rounds=5,
    )
    rate = len(drawings) / seconds["many"]
    return Figure(
        work=f"raw to simplified ({len(drawings)} raw drawings)",
        value=rate,
        unit="drawings/s a core",
        peer="one at a time",
        peer_value=len(drawings) / seconds["one"],
        bar=">= 5,000/s",
        met=rate >= 5_000,
    )
