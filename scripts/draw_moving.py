"""Make the moving picture of the README and the site: the model in the package at work.

    python scripts/draw_moving.py

Writes docs/images/moving.svg: a drawing drawn again, a started one completed, things drawn by name.
Each draws itself, again and again; who wants less motion sees the finished drawings.
"""

from __future__ import annotations

from pathlib import Path

from sketch_pix2seq import Sketch, Sketcher, read_sketches
from sketch_pix2seq.io.animation import timing_of
from sketch_pix2seq.io.svg.svg_out import curve_data, path_data
from sketch_pix2seq.sketch.curves import curves_of
from sketch_pix2seq.sketch.geometry import bounds

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "src" / "sketch_pix2seq" / "examples"
NAMES = ("bicycle", "owl", "teapot", "sailboat", "cactus")
CELL, MARGIN, LABEL = 148, 20, 30
LOOP_SECONDS, DRAWING_SECONDS = 7.0, 4.2
BLACK, GIVEN, GREY = "#1d1d1f", "#c2410c", "#6e6e73"
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:" + GREY + "}.word{font-size:19px;fill:" + GIVEN + "}"
    "@media (prefers-reduced-motion:no-preference){.line{stroke-dasharray:1 2;animation:"
    f"{LOOP_SECONDS:g}s linear infinite both}}}}"
)


def main() -> None:
    """Make it."""
    sketcher = Sketcher.load()
    (cat,) = read_sketches(EXAMPLES / "cat.svg")
    (car,) = read_sketches(EXAMPLES / "started-car.ndjson")
    rows = [
        ("your drawing, drawn again", cat, sketcher.redraw(cat, n=4, best_of=8, seed=3)),
        (
            "started, and completed",
            car,
            sketcher.complete(car, n=4, category="car", best_of=8, seed=5),
        ),
        ("by name", None, [sketcher.generate(name, seed=5, best_of=8)[0] for name in NAMES]),
    ]
    styles, parts = [STYLE], []
    for number, (label, given, drawings) in enumerate(rows):
        top = number * (CELL + LABEL)
        parts.append(f'<text x="{MARGIN}" y="{top + 21}">{label}</text>')
        if given is not None:
            parts.append(still(given, 0, top + LABEL, GIVEN))
        for column, drawing in enumerate(drawings, start=given is not None):
            key = f"s{number}{column}"
            style, strokes = moving(drawing, key, (CELL * column, top + LABEL), given)
            styles.append(style)
            parts.append(strokes)
    words = "".join(
        f'<text class="word" x="{CELL * (column + 0.5):g}" y="{3 * (CELL + LABEL) + 4}"'
        f' text-anchor="middle">{name}</text>'
        for column, name in enumerate(NAMES)
    )
    width, height = 5 * CELL, 3 * (CELL + LABEL) + 18
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}"><title>Drawings that the model draws</title>'
        f"<style>{''.join(styles)}</style>"
        f'<rect width="100%" height="100%" rx="10" fill="#fff"/>{"".join(parts)}{words}</svg>\n'
    )
    path = ROOT / "docs" / "images" / "moving.svg"
    path.write_text(svg, encoding="utf-8")
    print(path)


def placed(drawing: Sketch, left: float, top: float) -> list[str]:
    """The path data of each stroke, the drawing in the middle of a cell, as curves."""
    box = bounds(drawing.strokes)
    assert box is not None
    scale = (CELL - 2 * MARGIN) / max(box[2] - box[0], box[3] - box[1])
    x, y = left + CELL / 2, top + CELL / 2
    paths = []
    for stroke, curves in zip(drawing.strokes, curves_of(drawing), strict=True):
        shift = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        if len(curves):
            paths.append(curve_data((curves - shift) * scale + (x, y)))
        else:
            paths.append(path_data((stroke - shift) * scale + (x, y)))
    return paths


def still(drawing: Sketch, left: float, top: float, colour: str) -> str:
    """A drawing that is there from the beginning."""
    return _group("".join(f'<path d="{data}"/>' for data in placed(drawing, left, top)), colour)


def moving(
    drawing: Sketch, key: str, corner: tuple[float, float], given: Sketch | None
) -> tuple[str, str]:
    """Rules and strokes of a drawing that draws itself; strokes that were given stand there."""
    timing = timing_of(drawing)
    share = DRAWING_SECONDS / max(timing.seconds, DRAWING_SECONDS) / LOOP_SECONDS * 100
    rules, paths = [], []
    started = {stroke.tobytes() for stroke in given.strokes} if given else set()
    for number, data in enumerate(placed(drawing, *corner)):
        if drawing.strokes[number].tobytes() in started:
            paths.append(f'<path stroke="{GIVEN}" d="{data}"/>')
            continue
        name = f"{key}{number}"
        start, end = (share * float(time[number]) + 0.5 for time in (timing.start, timing.end))
        rules.append(
            f"@keyframes {name}{{0%,{start:.1f}%{{stroke-dashoffset:1;opacity:0}}"
            f"{start + 0.1:.1f}%{{opacity:1}}{end + 0.1:.1f}%,96%{{stroke-dashoffset:0;opacity:1}}"
            "100%{stroke-dashoffset:0;opacity:0}}"
            f"#{name}{{animation-name:{name}}}"
        )
        paths.append(f'<path class="line" id="{name}" pathLength="1" d="{data}"/>')
    return "".join(rules), _group("".join(paths), BLACK)


def _group(paths: str, colour: str) -> str:
    return (
        f'<g fill="none" stroke="{colour}" stroke-width="2.2" stroke-linecap="round"'
        f' stroke-linejoin="round">{paths}</g>'
    )


if __name__ == "__main__":
    main()
