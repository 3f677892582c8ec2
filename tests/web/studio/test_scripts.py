"""The studio's scripts that need no page, under node, against Python and Pillow."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sketch_pix2seq
from sketch_pix2seq.io.animation import timing_of
from sketch_pix2seq.io.svg.path import path_lines
from sketch_pix2seq.io.svg.svg_out import curve_data, path_data
from sketch_pix2seq.sketch.smooth import curves_through
from sketch_pix2seq.web.studio.pages import languages

STATIC = Path(sketch_pix2seq.__file__).parent / "web" / "static" / "studio"
NODE = shutil.which("node")


@pytest.fixture
def run_in_node(tmp_path: Path) -> Callable[..., None]:
    """Run the tests of a script, `NAME.test.js`, in a folder `studio` beside the library.

    In it are copies of the script, of others, and a JSON file.
    """
    if NODE is None:
        pytest.skip("no node on this machine")

    def run(name: str, scripts: list[str], cases: Any, file: str = "cases.json") -> None:
        folder = tmp_path / "studio"
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(json.dumps(cases))
        (tmp_path / "package.json").write_text('{"type": "module"}')
        shutil.copytree(STATIC.parent / "sketch", tmp_path / "sketch", dirs_exist_ok=True)
        for script in (name, *scripts):
            shutil.copy(STATIC / f"{script}.js", folder)
        shutil.copy(Path(__file__).with_name(f"{name}.test.js"), folder)
        command = [str(NODE), "--test", f"{name}.test.js"]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    return run


def strokes(rng: np.random.Generator) -> list[np.ndarray]:
    """Corners on both sides of 60 degrees, uneven lengths, closed and open ends, ties, dots."""
    turns = [np.radians(degrees) for degrees in (0, 30, 59, 61, 64, 90, 179)]
    found = [np.array([(0, 0), (60, 0), (60 + 9 * np.cos(t), 9 * np.sin(t))]) for t in turns]
    angles = np.linspace(0, 2 * np.pi, 25)
    circle = 100 + 80 * np.stack((np.cos(angles), np.sin(angles)), axis=1)
    found += [circle, circle[:-1], circle[:-3], circle + np.linspace(0, 4, 25)[:, None]]
    found += [np.array([(0, 0), (60, 0), (90, 50), (60, 100)])]  # D2 of the findings
    found += [np.array([(5, 5)]), np.array([(5, 5), (5, 5)]), np.array([(5, 5), (5, 5), (9, 5)])]
    found += [np.array([(0, 0), (10, 3)]), np.array([(0, 0), (9, 0), (0, 0)])]
    found += [np.array([(0.125, 0.375), (-0.125, -0.375), (-0.001, 254.625)])]
    for _ in range(200):
        walk = rng.normal(0, 12, (rng.integers(2, 40), 2)).cumsum(axis=0)
        found.append(walk.round(1) if rng.random() < 0.5 else walk)
    return [np.asarray(stroke, np.float64) for stroke in found]


def curved(stroke: np.ndarray) -> str:
    """Path data of curves; a dot has none."""
    return curve_data(curves_through(stroke)) if len(stroke) > 1 else path_data(stroke)


def test_curves_and_lines_are_those_of_python(
    run_in_node: Callable[..., None], rng: np.random.Generator
) -> None:
    """What the studio shows is what it saves."""
    cases = [
        {"stroke": stroke.T.tolist(), "lines": path_data(stroke), "curves": curved(stroke)}
        for stroke in strokes(rng)
    ]
    run_in_node("strokes", [], cases)


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_very_many_dots_of_paper_are_found() -> None:
    """As of a scanned halftone print."""
    script = f"""
    import {{ printedDots }} from "{(STATIC.parent / "sketch" / "printed_marks.js").as_uri()}";
    const place = (i) => [5 * (i % 400), 5 * Math.floor(i / 400)];
    const middles = Array.from({{ length: 400 ** 2 }}, (_, i) => place(i));
    console.log(printedDots(middles.map(() => 2), middles, 9).filter(Boolean).length);"""
    command = [str(NODE), "--input-type=module", "--eval", script]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.stdout == "160000\n", ended.stderr


def test_strokes_are_drawn_when_python_draws_them(
    run_in_node: Callable[..., None], rng: np.random.Generator
) -> None:
    known = strokes(rng)
    cases = []
    for count in (0, 1, 2, 5, 30, 200):
        for _ in range(5):
            drawing = [known[place] for place in rng.integers(0, len(known), count)]
            timing = timing_of(drawing)
            times = {"begin": timing.start.tolist(), "end": timing.end.tolist()}
            cases.append({"drawing": [stroke.T.tolist() for stroke in drawing], **times})
    run_in_node("timing", ["strokes"], cases)


def path_of(rng: np.random.Generator) -> str:
    """Path data of all commands but arcs, some with a mistake."""
    counts = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "z": 0}
    data = "M1-2h3"  # as nothing before a mistake is an error in Python
    for letter in rng.choice(list(counts), rng.integers(1, 12)):
        numbers = rng.normal(0, 40, (rng.integers(1, 4), counts[letter])).round(2).ravel()
        data += str(rng.choice([letter, letter.upper()]))
        data += str(rng.choice([" ", ","])).join(f"{number:g}" for number in numbers)
    return data + str(rng.choice(["", "L", "L9 ", "L1 2 3", "?", "h5 oops", "bl4 5", " e"]))


def test_path_data_is_read_as_by_python(
    run_in_node: Callable[..., None], rng: np.random.Generator
) -> None:
    cases = []
    for data in (
        "M1.5.5.5-1.5L60 5e-1",
        "M1 2zl3 4zZ",
        "m0 0 1 1t1 0s1 1 2 0",
        *map(path_of, [rng] * 300),
    ):
        lines = []
        for line in path_lines(data):
            parts = [piece.points[bool(number) :] for number, piece in enumerate(line)]
            lines.append(np.concatenate(parts).T.tolist())
        cases.append({"data": data, "lines": lines})
    run_in_node("svg_path", [], cases)


def test_links_hold_drawings_and_settings(
    run_in_node: Callable[..., None], rng: np.random.Generator
) -> None:
    drawings = []
    for count in (1, 2, 30):
        walks = [rng.normal(100, 60, (rng.integers(1, 40), 2)).round(1) + 0.0 for _ in range(count)]
        drawings.append([walk.T.tolist() for walk in walks])
    run_in_node("share", [], drawings)


def test_what_the_library_says_is_said_in_german(run_in_node: Callable[..., None]) -> None:
    german = languages()[1]
    said = {
        "2 x text; clip": "2 x Text; Beschnitt",
        "lines along the border, 12 specks": "Linien am Rand, 12 Flecken",
        "all after 5000 strokes; 3 x clip": "alles nach 5000 Strichen; 3 x Beschnitt",
        "`use`, as it must not draw itself; got #text": (
            "`use`, denn es darf nicht sich selbst zeichnen; hier #text"
        ),
        "a picture must show lines, not areas; got 93% covered. Make it smaller first.": (
            "ein Bild muss Linien zeigen, keine Flächen; hier zu 93 % bedeckt."
            " Mach es erst kleiner."
        ),
        "nobody's words": "nobody's words",
    }
    words = {"texts": {}, "phrases": german.phrases, "categories": {}}
    run_in_node("words", [], {"words": words, "said": list(said.items())})
    words["phrases"] = languages()[0].phrases
    run_in_node("words", [], {"words": words, "said": [(text, text) for text in said]})


def test_the_network_answers_where_the_cache_fails(run_in_node: Callable[..., None]) -> None:
    run_in_node("offline", [], None)


def test_a_video_that_cannot_be_recorded_is_no_file(run_in_node: Callable[..., None]) -> None:
    words = {"texts": languages()[0].script, "phrases": {}, "categories": {}}
    run_in_node("film", ["gif", "picture", "strokes", "timing", "words"], words)


def film(rng: np.random.Generator, name: str, colours: int, size: int, noisy: bool) -> Any:
    """Frames of noise, which fills tables of codes, or of one colour, which makes them long."""
    palette = rng.integers(0, 256, (colours, 3)).tolist()
    frames = []
    for number in range(4):
        width, height = (size, size) if number == 0 else rng.integers(1, size + 1, 2).tolist()
        pixels = rng.integers(0, colours, width * height) if noisy else [number] * width * height
        left, top = (int(rng.integers(0, size - side + 1)) for side in (width, height))
        box = {"left": left, "top": top, "width": width, "height": height}
        frames.append(
            {**box, "pixels": [int(one) for one in pixels], "seconds": 0.04 + number / 10}
        )
    return {"name": name, "width": size, "height": size, "palette": palette, "frames": frames}


@pytest.mark.parametrize("colours", [4, 15, 16, 31, 255])
def test_gifs_are_read_as_they_were_meant(
    run_in_node: Callable[..., None], rng: np.random.Generator, tmp_path: Path, colours: int
) -> None:
    films = [
        film(rng, f"{noisy}{size}", colours, size, noisy)
        for noisy in (True, False)
        for size in (1, 7, 150)
    ]
    run_in_node("gif", [], films, "pictures.json")
    for one in films:
        expected = np.zeros((one["height"], one["width"], 3), np.uint8)
        with Image.open(tmp_path / "studio" / f"{one['name']}.gif") as picture:
            assert picture.info["loop"] == 0
            for number, frame in enumerate(one["frames"]):
                picture.seek(number)
                colours_shown = np.array(one["palette"], np.uint8)[frame["pixels"]]
                rows = slice(frame["top"], frame["top"] + frame["height"])
                columns = slice(frame["left"], frame["left"] + frame["width"])
                expected[rows, columns] = colours_shown.reshape(frame["height"], frame["width"], 3)
                np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), expected)
                assert picture.info["duration"] == pytest.approx(1000 * frame["seconds"], abs=10)
