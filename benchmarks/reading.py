"""Reading simplified ndjson into a prepared data set, against the JSON parser alone."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.data.prepare import prepare


def measure(sources: Sequence[Path]) -> list[Figure]:
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
    return [
        Figure(
            work=f"data prepare, end to end ({read:,} drawings)",
            value=rate,
            unit="drawings/s a core",
            peer="orjson alone",
            peer_value=read / seconds["orjson"],
            bar=">= 10,000/s",
            met=rate >= 10_000,
        )
    ]
