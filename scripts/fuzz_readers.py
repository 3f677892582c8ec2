"""Feed the readers of drawings changed files, and say what they did not expect.

    python scripts/fuzz_readers.py --seconds 120 FILE...

Each file is changed at random (bytes flipped, cut out, doubled, moved, set to extremes) and
read. A reader may give drawings and raise `DatasetError`; anything else, and anything slow, is
printed with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import collections
import random
import tempfile
import time
import traceback
from pathlib import Path

from sketch_pix2seq.data.reading import ReadReport, read_drawings
from sketch_pix2seq.errors import DatasetError

LARGEST = 200_000  # bytes of a file that are used: small files are changed more often
SLOW = 5.0  # seconds


def changed(content: bytes, rng: random.Random) -> bytes:
    """Change a file in one to eight places."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        if not data:
            break
        place, size = rng.randrange(len(data)), rng.choice((1, 1, 2, 4, 8, 64, 1024))
        part = data[place : place + size]
        kind = rng.randrange(7)
        if kind == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[place : place + size]
        elif kind == 2:
            data[place:place] = part * rng.choice((1, 2, 50))
        elif kind == 3:
            data[place : place + size] = bytes([rng.choice((0, 255, 127, 128))]) * len(part)
        elif kind == 4:
            data[place : place + size] = rng.randbytes(len(part))
        elif kind == 5:
            data[place:place] = rng.choice((b"-", b"1e9", b"null", b"[", b"]", b"}", b'"', b"\n"))
        else:
            del data[place:]
    return bytes(data)


def fuzz(path: Path, seconds: float, scratch: Path) -> collections.Counter[str]:
    """Read changed forms of a file for a while."""
    content = path.read_bytes()[:LARGEST] if path.suffix != ".npz" else path.read_bytes()
    came: collections.Counter[str] = collections.Counter()
    end, seed = time.monotonic() + seconds, 0
    target = scratch / path.name
    while time.monotonic() < end:
        seed += 1
        target.write_bytes(changed(content, random.Random(seed)))
        began, report = time.monotonic(), ReadReport()
        try:
            for drawing in read_drawings(target, report=report):
                assert len(drawing.points) == len(drawing.lifts) >= 1
                assert drawing.lifts[-1]
            came["read"] += 1
            came["with something left out"] += bool(report.left_out)
        except DatasetError:
            came["refused"] += 1
        except Exception:
            came["UNEXPECTED"] += 1
            print(f"{path.name}, seed {seed}:")
            traceback.print_exc(limit=-3)
        if time.monotonic() - began > SLOW:
            came["SLOW"] += 1
            print(f"{path.name}, seed {seed}: {time.monotonic() - began:.1f} s")
    return came


def main() -> None:
    """Fuzz each file in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for path in arguments.files:
            print(path.name, dict(fuzz(path, arguments.seconds, Path(scratch))))


if __name__ == "__main__":
    main()
