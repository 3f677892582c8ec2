"""Draw the example inputs that ship with the package, by hand and in numbers.

Run it from anywhere: `python scripts/draw_examples.py`. It writes
`src/sketch_pix2seq/examples/`: an SVG with curves, a PNG with thick lines, and an ndjson of
several drawings, one of each kind of input. Nothing in it comes from anybody's data set.

A stroke is written as the bends that a hand goes through, (x, y) in pixels of a 255 square, y
down; it runs smoothly through them. `CORNER` makes the hand stop and turn: the bend before it
is a corner. The hand is a little unsteady, always in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from sketch_pix2seq.io.ndjson import format_record
from sketch_pix2seq.sketch.sketch import Sketch

EXAMPLES = Path(__file__).parents[1] / "src" / "sketch_pix2seq" / "examples"
CORNER = None
UNSTEADY = 1.7  # pixels

Bend = tuple[float, float] | None
Drawing = list[list[Bend]]

CAT: Drawing = [
    # head, from the left ear over the right one and round
    [
        (58, 104), (49, 66), (46, 22), CORNER, (74, 42), (99, 69), CORNER, (124, 63), (152, 67),
        CORNER, (176, 42), (206, 18), CORNER, (207, 62), (199, 103), (214, 140), (203, 184),
        (165, 214), (122, 219), (78, 208), (45, 174), (42, 134), (60, 101),
    ],
    [(80, 122), (89, 112), (100, 114), (105, 125), (97, 134), (85, 133), (80, 121)],
    [(150, 122), (159, 112), (171, 115), (175, 126), (166, 134), (154, 132), (150, 121)],
    [(93, 118), (93, 128)],
    [(163, 118), (162, 128)],
    [(116, 155), (138, 154), CORNER, (128, 168), CORNER, (117, 156)],
    [(128, 168), (125, 184), (108, 189), (97, 180)],
    [(128, 170), (134, 186), (149, 188), (160, 178)],
    [(82, 160), (46, 150), (8, 147)],
    [(81, 170), (44, 172), (6, 179)],
    [(84, 180), (52, 192), (18, 209)],
    [(174, 159), (210, 148), (249, 144)],
    [(175, 169), (212, 170), (252, 177)],
    [(172, 180), (204, 191), (240, 208)],
]  # fmt: skip

PIG: Drawing = [
    [
        (128, 44), (82, 52), (42, 84), (26, 132), (38, 186), (78, 224), (128, 234), (182, 223),
        (219, 184), (229, 132), (213, 84), (174, 52), (126, 44),
    ],
    [(43, 86), (30, 50), (34, 14), CORNER, (64, 28), (92, 50)],
    [(166, 50), (192, 26), (222, 12), CORNER, (228, 50), (214, 84)],
    [(90, 96), (88, 116)],
    [(168, 95), (169, 115)],
    [
        (128, 136), (98, 141), (82, 162), (94, 185), (128, 192), (162, 184), (175, 161), (158, 141),
        (126, 136),
    ],
    [(112, 154), (110, 170)],
    [(145, 154), (146, 170)],
    [(98, 206), (126, 215), (156, 205)],
]  # fmt: skip

FACE: Drawing = [
    [
        (124, 10), (72, 22), (32, 62), (20, 120), (34, 184), (78, 232), (132, 244), (188, 226),
        (224, 176), (232, 116), (214, 58), (174, 22), (120, 11),
    ],
    [(88, 76), (72, 84), (70, 100), (82, 112), (98, 108), (104, 94), (98, 80), (86, 76)],
    [(170, 74), (154, 82), (151, 98), (162, 110), (179, 107), (186, 93), (180, 79), (168, 74)],
    [(88, 95), (90, 98)],
    [(167, 94), (169, 97)],
    [(128, 108), (118, 146), CORNER, (138, 149)],
    [(66, 168), (90, 200), (128, 211), (166, 200), (190, 164)],
    [(100, 14), (96, 44), (112, 54)],
    [(126, 10), (124, 40), (138, 52)],
    [(150, 12), (154, 36), (168, 44)],
]  # fmt: skip

CAR: Drawing = [
    [
        (62, 152), (8, 151), CORNER, (7, 118), (18, 106), (64, 98), CORNER, (84, 66), (108, 50),
        (156, 49), (182, 64), (204, 97), CORNER, (238, 106), (250, 120), (248, 150), CORNER,
        (216, 152),
    ],
    [(108, 153), (166, 152)],
    [(84, 128), (64, 138), (62, 160), (80, 174), (101, 168), (108, 148), (98, 131), (82, 128)],
    [
        (190, 128), (170, 138), (167, 160), (186, 174), (207, 167), (214, 148), (204, 131),
        (188, 128),
    ],
    [(82, 97), (98, 70), (112, 62), (128, 61), CORNER, (128, 98), CORNER, (83, 98)],
    [(140, 61), (158, 62), (172, 74), (186, 97), CORNER, (140, 98), CORNER, (140, 62)],
]  # fmt: skip

TEAPOT: Drawing = [
    [
        (88, 84), (62, 108), (54, 146), (68, 186), (98, 204), (152, 205), (184, 186), (198, 148),
        (190, 108), (164, 84),
    ],
    [(82, 86), (126, 91), (172, 84)],
    [(92, 82), (102, 60), (126, 52), (152, 60), (162, 82)],
    [(126, 52), (115, 44), (118, 32), (130, 30), (137, 40), (127, 52)],
    [(55, 152), (34, 138), (24, 108), (6, 92), CORNER, (27, 83), (46, 104), (62, 112)],
    [(188, 106), (214, 88), (242, 98), (247, 130), (228, 160), (195, 168)],
    [(190, 122), (212, 106), (228, 114), (229, 133), (214, 149), (198, 152)],
]  # fmt: skip

ALARM_CLOCK: Drawing = [
    [
        (128, 62), (84, 72), (54, 106), (46, 148), (62, 194), (100, 222), (146, 224), (188, 200),
        (210, 156), (204, 110), (176, 76), (124, 62),
    ],
    [(44, 96), (30, 66), (44, 38), (74, 30), (94, 48), CORNER, (68, 68), (45, 96)],
    [(164, 47), (184, 29), (212, 36), (228, 62), (214, 94), CORNER, (192, 66), (164, 48)],
    [(128, 144), (129, 94)],
    [(128, 144), (160, 163)],
    [(78, 214), (58, 245)],
    [(178, 211), (200, 243)],
    [(128, 61), (129, 38), CORNER, (114, 36), CORNER, (144, 35)],
    [(128, 76), (128, 84)],
    [(193, 146), (184, 146)],
    [(126, 210), (127, 202)],
    [(62, 146), (71, 146)],
]  # fmt: skip


STARTED = 0.55
"""Share of the points after which the started car ends."""


def main() -> None:
    """Write all examples."""
    EXAMPLES.mkdir(exist_ok=True)
    (EXAMPLES / "cat.svg").write_text(as_svg(CAT, seed=1), encoding="utf-8")
    pig = as_sketch(PIG, seed=2)
    pig.save(EXAMPLES / "pig.png", size=480, margin=40, line_width=15)
    doodles = {"face": FACE, "car": CAR, "teapot": TEAPOT, "alarm clock": ALARM_CLOCK}
    lines = [
        format_record(as_sketch(drawing, seed).normalised(), word=word) + b"\n"
        for seed, (word, drawing) in enumerate(doodles.items(), start=3)
    ]
    (EXAMPLES / "doodles.ndjson").write_bytes(b"".join(lines))
    car = as_sketch(CAR, seed=4).normalised()
    started = car.truncated(round(STARTED * car.num_points))
    (EXAMPLES / "started-car.ndjson").write_bytes(format_record(started, word="car") + b"\n")


def smooth_pieces(stroke: Sequence[Bend], rng: np.random.Generator) -> list[np.ndarray]:
    """Split a stroke at its corners; each piece is bends (P, 2), moved by an unsteady hand."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for bend in stroke:
        if bend is CORNER:
            pieces.append([pieces[-1][-1]])
        else:
            pieces[-1].append(bend)
    bends = np.concatenate([np.array(piece) for piece in pieces])
    moved = bends + UNSTEADY * np.clip(rng.standard_normal(bends.shape), -1.6, 1.6)
    parts = np.split(moved, np.cumsum([len(piece) for piece in pieces])[:-1])
    for before, after in pairwise(parts):
        after[0] = before[-1]
    return parts


def curves(bends: np.ndarray) -> list[np.ndarray]:
    """Run smoothly through bends: a Bezier curve (4, 2) from each to the next.

    Source: Catmull and Rom (1974), in Bezier form.
    """
    padded = np.concatenate([bends[:1], bends, bends[-1:]])
    return [
        np.array([b, b + (c - a) / 6, c - (d - b) / 6, c])
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
    ]


def as_sketch(drawing: Drawing, seed: int) -> Sketch:
    """Follow the curves point by point."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 9)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    strokes = []
    for stroke in drawing:
        points = [
            weights @ curve for piece in smooth_pieces(stroke, rng) for curve in curves(piece)
        ]
        strokes.append(np.concatenate([points[0][:1], *(some[1:] for some in points)]))
    return Sketch.from_points(strokes)


def as_svg(drawing: Drawing, seed: int) -> str:
    """Write the curves as an SVG, as a drawing program would."""
    rng = np.random.default_rng(seed)
    paths = []
    for stroke in drawing:
        pieces = [curve for piece in smooth_pieces(stroke, rng) for curve in curves(piece)]
        words = ["M" + _pair(pieces[0][0])]
        words += ["C" + " ".join(_pair(point) for point in curve[1:]) for curve in pieces]
        paths.append(f'    <path d="{" ".join(words)}"/>\n')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="255" height="255" viewBox="0 0 255 255">\n'
        '  <g fill="none" stroke="#222" stroke-width="4" stroke-linecap="round"'
        ' stroke-linejoin="round">\n'
        f"{''.join(paths)}"
        "  </g>\n"
        "</svg>\n"
    )


def _pair(point: np.ndarray) -> str:
    return ",".join(f"{value:.1f}".removesuffix(".0") for value in point)


if __name__ == "__main__":
    main()
