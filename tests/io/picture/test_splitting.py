"""Pages of drawings: which strokes belong together, and in which order drawings are read."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.io.picture.splitting import split_drawings
from sketch_pix2seq.sketch.sketch import Frame, Sketch


def face(x: float, y: float, size: float = 100) -> list[np.ndarray]:
    """A ring, two eyes and a mouth."""
    turns = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    parts = [ring, 0.1 * ring + (-0.3, -0.2), 0.1 * ring + (0.3, -0.2)]
    parts.append(np.array([(-0.3, 0.4), (0, 0.5), (0.3, 0.4)]))
    return [(part * size / 2 + (x, y)).astype(np.float32) for part in parts]


def corners(drawings: list[Sketch]) -> list[tuple[int, ...]]:
    return [tuple(np.round(one.bounds or ()).astype(int)[:2].tolist()) for one in drawings]


def test_rows_from_the_top_each_from_the_left(rng: np.random.Generator) -> None:
    places = [(x, y) for y in (100, 330, 560) for x in (100, 320, 560, 800)]
    strokes = [stroke for x, y in places for stroke in face(x, y + rng.uniform(-25, 25))]
    order = rng.permutation(len(strokes))
    page = Sketch(tuple(strokes[k] for k in order), frame=Frame(900, 700, 3))
    drawings = split_drawings(page)
    assert [len(one.strokes) for one in drawings] == [4] * 12
    lefts = [x for x, _ in corners(drawings)]
    assert lefts == [x - 50 for _ in range(3) for x in (100, 320, 560, 800)]
    assert all(one.frame == page.frame for one in drawings)
    found = sorted(stroke.tobytes() for one in drawings for stroke in one.strokes)
    assert found == sorted(stroke.tobytes() for stroke in strokes)


def test_colours_go_with_their_strokes() -> None:
    strokes = (*face(100, 100), *face(400, 100))
    pens = ("#c02020",) * 4 + ("#2040c0",) * 4
    first, second = split_drawings(Sketch(strokes, colours=pens))
    assert (set(first.colours or ()), set(second.colours or ())) == ({pens[0]}, {pens[-1]})


def test_crumbs_belong_to_the_drawing_beside_them() -> None:
    dot = np.array([(210, 100)], np.float32)
    drawings = split_drawings(Sketch((*face(100, 100), dot, *face(400, 100))))
    assert [len(one.strokes) for one in drawings] == [5, 4]


@pytest.mark.parametrize("scale", [0.01, 1, 1000])
def test_sizes_do_not_matter(scale: float) -> None:
    strokes = tuple(stroke * np.float32(scale) for stroke in (*face(100, 100), *face(300, 120)))
    assert len(split_drawings(Sketch(strokes))) == 2


@pytest.mark.parametrize("num", [2, 3, 6])
def test_drawings_of_one_stroke_in_even_distances_are_split(num: int) -> None:
    rings = [face(300 * place, 100)[0] for place in range(num)]
    assert len(split_drawings(Sketch(tuple(rings)))) == num


def test_one_drawing_stays_one() -> None:
    box = np.array([(0, 0), (60, 0), (60, 40), (0, 40), (0, 0)], np.float32)
    for strokes in ([], [box], [box, box + 1], [box, np.array([(0, 42), (60, 42)], np.float32)]):
        page = Sketch(tuple(strokes))
        assert split_drawings(page) == [page]


def _peoples_drawings() -> list[Sketch]:
    gallery = Bundle.default().gallery
    assert gallery is not None
    return [item.sketch for item in gallery.items[::2]]


def test_a_persons_drawing_alone_is_rarely_split() -> None:
    drawings = _peoples_drawings()
    assert np.mean([len(split_drawings(drawing)) == 1 for drawing in drawings]) > 0.8


def test_most_drawings_of_a_page_are_found_whole(rng: np.random.Generator) -> None:
    drawings, found, total = _peoples_drawings(), 0, 0
    for _ in range(12):
        some = rng.choice(len(drawings), int(rng.integers(2, 16)), replace=False)
        strokes: list[np.ndarray] = []
        members = []
        for cell, index in enumerate(some.tolist()):
            drawing = drawings[index]
            left, top, right, bottom = drawing.bounds or (0, 0, 1, 1)
            scale = 200 * rng.uniform(0.6, 0.9) / max(right - left, bottom - top, 1)
            corner = 200 * np.array([cell % 4, cell // 4]) + rng.uniform(5, 15, 2)
            moved = [(stroke - (left, top)) * scale + corner for stroke in drawing.strokes]
            members.append({stroke.astype(np.float32).tobytes() for stroke in moved})
            strokes += moved
        page = Sketch.from_points(strokes)
        split = [{stroke.tobytes() for stroke in one.strokes} for one in split_drawings(page)]
        found += sum(member in split for member in members)
        total += len(members)
    assert found / total > 0.8


@pytest.mark.parametrize("scale", [1 / 1024, 1, 300])
def test_any_page_is_split_alike_at_any_size(scale: float, rng: np.random.Generator) -> None:
    for _ in range(20):
        points = [rng.random((4, 2)) * 20 + rng.random(2) * 300 for _ in range(12)]
        page, scaled = (Sketch.from_points([line * by for line in points]) for by in (1, scale))
        parts = [len(drawing.strokes) for drawing in split_drawings(page)]
        assert [len(drawing.strokes) for drawing in split_drawings(scaled)] == parts


def test_dots_at_one_point_are_one_drawing() -> None:
    page = Sketch.from_points([[(5, 5)]] * 3)
    assert split_drawings(page) == [page]


def test_a_drawing_without_height_is_in_the_row_beside_it() -> None:
    line, box = [(0, 50), (50, 50)], [(200, 0), (300, 0), (300, 100), (200, 100)]
    first, second = split_drawings(Sketch.from_points([box, line]))
    assert [len(first.strokes[0]), len(second.strokes[0])] == [2, 4]
