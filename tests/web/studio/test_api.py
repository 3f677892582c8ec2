"""The studio's API: it draws what the sketcher draws, and refuses what is no drawing."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from bundles import tiny_attention_bundle, tiny_bundle, with_classifier, write_bundle
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.bundle.gallery import Gallery, GalleryItem
from sketch_pix2seq.export.affine_maps import code_classifier
from sketch_pix2seq.inference.inputs import as_views
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.studio.app import create_studio

HOUSE = [[[0, 120, 240, 240, 0, 0], [100, 0, 100, 240, 240, 100]], [[100, 140], [200, 200]]]
LINE = [[[0, 9], [0, 5]]]
UNLIMITED = Limits(
    body_bytes=512 * 1024, larger={"/api/read": 1 << 24}, per_second=1e6, burst=10**6
)


@pytest.fixture(scope="module")
def sketcher(tmp_path_factory: pytest.TempPathFactory) -> Sketcher:
    folder = write_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
    rng = np.random.default_rng(0)
    items = [
        GalleryItem(
            Sketch.from_points([rng.integers(0, 255, (9, 2))], category="ab"[number % 2]),
            (number / 7, number % 3 / 3),
        )
        for number in range(8)
    ]
    (folder / "gallery.ndjson").write_bytes(Gallery(tuple(items)).to_bytes())
    return Sketcher.load(folder, num_threads=2)


@pytest.fixture(scope="module")
def client(sketcher: Sketcher) -> Iterator[TestClient]:
    with TestClient(create_studio(sketcher, UNLIMITED)) as opened:
        yield opened


def drawn(answer: Any) -> dict[int, list[list[float]]]:
    """The points of each drawing of a whole answer."""
    assert answer.status_code == 200, answer.text
    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    assert last == {"done": True}
    points: dict[int, list[list[float]]] = {}
    finished = set()
    for line in lines:
        for place, some, is_last in line["moves"]:
            assert place not in finished
            points.setdefault(place, []).extend(some)
            if is_last:
                finished.add(place)
    assert finished == set(points)
    return points


def offsets(points: list[list[float]]) -> np.ndarray:
    return np.diff(np.array(points)[:, :2], axis=0)


def assert_drawn(told: dict[int, list[list[float]]], expected: list[Sketch]) -> None:
    """Check that drawings are those that the sketcher makes."""
    assert len(told) == len(expected)
    for place, one in enumerate(expected):
        points = np.concatenate(one.strokes)
        assert len(points) == len(told[place])
        np.testing.assert_allclose(offsets(told[place]), np.diff(points, axis=0), atol=0.11)
        lifts = np.array(told[place])[:, 2]
        assert lifts.sum() in (len(one.strokes), len(one.strokes) - 1)


def test_it_draws_what_the_sketcher_draws(client: TestClient, sketcher: Sketcher) -> None:
    form = {"drawing": HOUSE, "n": 3, "seed": 5, "temperature": 0.7}
    told = drawn(client.post("/api/redraw", json=form))
    sketch = Sketch.from_points([np.array(stroke).T for stroke in HOUSE])
    expected = sketcher.redraw(sketch, n=3, seed=5, temperature=0.7)
    assert_drawn(told, expected)


def test_a_finished_drawing_begins_where_the_given_one_lies(
    client: TestClient, sketcher: Sketcher
) -> None:
    sketch = Sketch.from_points([np.array(stroke).T for stroke in HOUSE])
    told = drawn(client.post("/api/complete", json={"drawing": HOUSE, "n": 2, "seed": 1}))
    for place, one in enumerate(sketcher.complete(sketch, n=2, seed=1)):
        new = one.strokes[len(HOUSE) :]
        points = np.concatenate(new) if new else np.zeros((0, 2))
        assert len(points) == len(told.get(place, []))
        if len(points):
            np.testing.assert_allclose(np.array(told[place])[:, :2], points, atol=0.11)


def test_a_model_that_sees_its_pen_does_all_of_it() -> None:
    sketcher = Sketcher(tiny_attention_bundle(), num_threads=1)
    sketch = Sketch.from_points([np.array(stroke).T for stroke in HOUSE])
    with TestClient(create_studio(sketcher, UNLIMITED)) as client:
        model = client.get("/api/model").json()
        assert (model["can_complete"], model["can_classify"]) == (True, True)
        form = {"drawing": HOUSE, "n": 2, "seed": 5}
        told = drawn(client.post("/api/redraw", json=form))
        assert_drawn(told, sketcher.redraw(sketch, n=2, seed=5))
        told = drawn(client.post("/api/redraw", json=form | {"best_of": 2}))
        assert_drawn(told, sketcher.redraw(sketch, n=2, seed=5, best_of=2))
        told = drawn(client.post("/api/complete", json=form))
        for place, one in enumerate(sketcher.complete(sketch, n=2, seed=5)):
            new = [point for stroke in one.strokes[len(HOUSE) :] for point in stroke.tolist()]
            assert len(told.get(place, [])) == len(new)
        form = {"first": HOUSE, "second": LINE, "steps": 3, "seed": 2}
        other = Sketch.from_points([np.array(stroke).T for stroke in LINE])
        told = drawn(client.post("/api/mix", json=form))
        assert_drawn(told, sketcher.mix([sketch, other], steps=3, seed=2))
        guesses = client.post("/api/classify", json={"drawing": HOUSE}).json()["guesses"]
        assert len(guesses) > 0


def test_mix_draws_the_way_between(client: TestClient) -> None:
    form = {"first": HOUSE, "second": LINE, "steps": 5, "seed": 2}
    told = drawn(client.post("/api/mix", json=form))
    assert sorted(told) == [0, 1, 2, 3, 4]
    again = drawn(client.post("/api/mix", json={**form, "steps": 3}))
    assert again[0] == told[0]
    assert again[2] == told[4]


@pytest.mark.parametrize("judged", [False, True])
def test_the_best_of_several_are_those_that_the_sketcher_chooses(
    judged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = with_classifier(tiny_bundle(), ("cat", "dog")) if judged else tiny_bundle()
    sketcher = Sketcher(bundle, num_threads=1)
    house, line = (
        Sketch.from_points([np.array(stroke).T for stroke in drawing]) for drawing in (HOUSE, LINE)
    )
    read: list[int] = []

    def counted(inputs: Any, *arguments: Any) -> Any:
        read.append(len(inputs))
        return as_views(inputs, *arguments)

    with TestClient(create_studio(sketcher, UNLIMITED)) as client:
        form = {"drawing": HOUSE, "n": 2, "best_of": 3, "seed": 5, "temperature": 0.7}
        with monkeypatch.context() as patched:
            patched.setattr("sketch_pix2seq.inference.inputs.as_views", counted)
            told = drawn(client.post("/api/redraw", json=form))
            assert read == [1]
            drawn(client.post("/api/mix", json={"first": HOUSE, "second": LINE, "best_of": 2}))
            assert read == [1, 2]
        assert_drawn(told, sketcher.redraw(house, n=2, best_of=3, seed=5, temperature=0.7))
        form = {"first": HOUSE, "second": LINE, "steps": 5, "best_of": 4, "seed": 2}
        told = drawn(client.post("/api/mix", json=form))
        assert_drawn(told, sketcher.mix([house, line], 5, best_of=4, seed=2))


def test_the_map_and_a_point_of_it(client: TestClient, sketcher: Sketcher) -> None:
    told = client.get("/api/map").json()
    assert told["categories"] == ["a", "b"]
    assert len(told["drawings"]) == 8
    one = told["drawings"][3]
    form = {"x": one["x"], "y": one["y"], "seed": 3}
    at_it = drawn(client.post("/api/map/draw", json=form))
    assert sketcher.gallery is not None
    (expected,) = sketcher.redraw(sketcher.gallery.items[3].sketch, seed=3)
    assert len(at_it[0]) == expected.num_points


def test_what_the_model_is(client: TestClient, sketcher: Sketcher) -> None:
    told = client.get("/api/model").json()
    assert told["name"] == sketcher.card.name
    assert (told["can_complete"], told["can_classify"], told["maps"]) == (True, False, True)
    assert client.post("/api/classify", json={"drawing": HOUSE}).json() == {
        "ok": True,
        "guesses": [],
    }


def test_pictures_and_svgs_are_read(client: TestClient) -> None:
    sketch = Sketch.from_points([[(0, 0), (100, 0), (100, 50)]])
    png = io.BytesIO()
    sketch.to_image(200).save(png, "png")
    for content in (sketch.to_svg().encode(), png.getvalue()):
        drawing = client.post("/api/read", content=content).json()["drawing"]
        xs = [x for stroke in drawing for x in stroke[0]]
        assert max(xs) - min(xs) == pytest.approx(255, abs=1)


@pytest.mark.parametrize("content", [b"", b"nothing", b"<svg>", b"\x89PNG....", b"{}"])
def test_files_that_hold_no_drawing_are_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/api/read", content=content)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "drawing"


@pytest.mark.parametrize(
    ("kind", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("gif", b"GIF89a")]
)
@pytest.mark.parametrize("count", [1, 5])
def test_drawings_are_saved(client: TestClient, kind: str, begins: bytes, count: int) -> None:
    form = {"drawings": [HOUSE] * count, "format": kind, "smooth": True, "columns": 3}
    answer = client.post("/api/save", json=form)
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert answer.headers["content-disposition"] == f'attachment; filename="sketch.{kind}"'
    if kind != "svg":
        Image.open(io.BytesIO(answer.content)).load()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"drawing": []}, "drawing"),
        ({"drawing": [[]]}, "drawing.0"),
        ({"drawing": [[[1, 2], [1]]]}, "equal length"),
        ({"drawing": [[[1], [1], [1]]]}, "drawing.0"),
        ({"drawing": [[[True], [1]]]}, "drawing.0.0.0"),
        ({"drawing": [["0"] * 100_000]}, "drawing.0"),
        ({"drawing": [[["a"], [1]]]}, "drawing"),
        ({"drawing": [[[1e300], [1]]]}, "drawing"),
        ({"drawing": [[[0] * 5001, [0] * 5001]]}, "drawing.0.0"),
        ({"drawing": [[[0] * 3000, [0] * 3000]] * 2}, "at most 5000 points"),
        ({"drawing": [[[0], [0]]] * 5001}, "drawing"),
        ({"n": True}, "n"),
        ({"n": 0}, "n"),
        ({"n": 13}, "n"),
        ({"temperature": -1}, "temperature"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"more": 1}, "more"),
        ({"m" * 10_000: 1}, "m" * 80),
    ],
)
def test_what_does_not_fit_is_refused(
    client: TestClient, change: dict[str, Any], what: str
) -> None:
    for path in ("/api/redraw", "/api/complete"):
        answer = client.post(path, json={"drawing": HOUSE, **change})
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert what in error["message"]
        assert "\n" not in error["message"]
        assert len(error["message"]) < 200


@pytest.mark.parametrize(
    ("path", "change", "what"),
    [
        ("/api/redraw", {"best_of": 0}, "best_of"),
        ("/api/redraw", {"best_of": 33}, "best_of"),
        ("/api/redraw", {"best_of": True}, "best_of"),
        ("/api/redraw", {"n": "6", "best_of": 2}, "n"),
        ("/api/redraw", {"n": 13, "best_of": 32}, "n"),
        ("/api/complete", {"best_of": 2}, "best_of"),
        ("/api/mix", {"best_of": 40}, "best_of"),
        (
            "/api/mix",
            {"steps": 51, "best_of": 8},
            "got 51 times `best_of` 8",
        ),
    ],
)
def test_too_many_tries_are_refused(
    client: TestClient, path: str, change: dict[str, Any], what: str
) -> None:
    given = {"first": HOUSE, "second": LINE} if path == "/api/mix" else {"drawing": HOUSE}
    answer = client.post(path, json={**given, **change})
    assert answer.status_code == 422
    assert what in answer.json()["error"]["message"]


def test_three_may_ask_for_the_best_of_many_at_once(client: TestClient) -> None:
    form = {"first": HOUSE, "second": LINE, "best_of": 32}
    with ThreadPoolExecutor(3) as people:
        answers = list(people.map(lambda _: client.post("/api/mix", json=form), range(3)))
    assert [len(drawn(answer)) for answer in answers] == [11, 11, 11]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b"\xff", b'{"drawing": NaN}'])
def test_what_is_no_form_is_refused(client: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/api/redraw", "/api/mix", "/api/save", "/api/map/draw", "/api/classify"):
        answer = client.post(path, content=body, headers=headers)
        assert answer.status_code in (400, 422), path
        assert answer.json()["ok"] is False


def test_a_drawing_that_cannot_be_finished_is_told(client: TestClient) -> None:
    zigzag = [[[x * 5 for x in range(60)], [(x % 2) * 250 for x in range(60)]]]
    answer = client.post("/api/complete", json={"drawing": zigzag})
    assert answer.status_code == 422
    assert "must have fewer than" in answer.json()["error"]["message"]


def test_too_many_at_once_are_told_that_it_is_busy(
    sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sketch_pix2seq.errors import BusyError
    from sketch_pix2seq.inference.live import LiveEngine

    def busy(*_: object, **__: object) -> None:
        raise BusyError("too many people draw at this moment", do="Try again in a few seconds.")

    with TestClient(create_studio(sketcher)) as client:
        monkeypatch.setattr(LiveEngine, "ask", busy)
        answer = client.post("/api/redraw", json={"drawing": HOUSE})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "busy"
    assert answer.headers["retry-after"]


def test_what_is_read_can_be_redrawn(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.web.studio.api.MOST_POINTS", 50)

    def read(strokes: list[np.ndarray]) -> Any:
        svg = Sketch.from_points(strokes).to_svg().encode()
        return client.post("/api/read", content=svg).json()

    dense = read([np.stack([np.arange(90), np.zeros(90)], 1), np.array([[0, 9], [9, 9]])])
    assert sum(len(stroke[0]) for stroke in dense["drawing"]) == 4  # straight lines: simplified
    zigzag = read([np.array([[x, x % 2 * 50] for x in range(60)])])
    assert "at most 50 points" in zigzag["error"]["message"]


def test_a_drawing_is_named(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "named")
    card = json.loads((folder / "model.json").read_text())
    card["categories"] = ["cat", "dog", "house"]
    (folder / "model.json").write_text(json.dumps(card))
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(30, card["architecture"]["latent_dim"])).astype(np.float32)
    naming = code_classifier(codes, np.arange(30) % 3, 3)
    (folder / "naming.safetensors").write_bytes(naming.to_bytes())
    with TestClient(create_studio(Sketcher.load(folder))) as opened:
        assert opened.get("/api/model").json()["can_classify"] is True
        guesses = opened.post("/api/classify", json={"drawing": HOUSE}).json()["guesses"]
    assert sorted(guess["category"] for guess in guesses) == ["cat", "dog", "house"]
    assert sum(guess["probability"] for guess in guesses) == pytest.approx(1, abs=1e-3)


def test_a_defect_amid_drawing_ends_the_answer_in_the_one_shape(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sketch_pix2seq.web.studio.drawing_service import StepDecoder

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(StepDecoder, "follow", broken)
    answer = client.post("/api/redraw", json={"drawing": HOUSE, "n": 1})
    last = json.loads(answer.text.splitlines()[-1])
    assert (last["ok"], last["error"]["code"]) == (False, "failed")


def test_what_takes_too_long_to_draw_is_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.web.studio.drawing_service.DRAWING_SECONDS", -1.0)
    answer = client.post("/api/redraw", json={"drawing": HOUSE, "n": 1})
    last = json.loads(answer.text.splitlines()[-1])
    assert last["error"]["code"] == "timeout"


def test_what_takes_too_long_to_choose_is_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.web.studio.drawing_service.DRAWING_SECONDS", 0.5)
    monkeypatch.setattr(Sketcher, "rank", lambda *_: time.sleep(2))
    begun = time.monotonic()
    answer = client.post("/api/redraw", json={"drawing": HOUSE, "n": 1, "best_of": 2})
    assert json.loads(answer.text.splitlines()[-1])["error"]["code"] == "timeout"
    assert time.monotonic() - begun < 1.8


def test_a_studio_that_cannot_draw_is_not_well(sketcher: Sketcher) -> None:
    app = create_studio(sketcher)
    with TestClient(app) as opened:
        assert opened.get("/api/health").status_code == 200
    answer = TestClient(app).get("/api/health")  # it has ended: its engine is closed
    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_the_api_is_described(client: TestClient) -> None:
    told = client.get("/api/openapi.json").json()
    assert set(told["paths"]) == {
        *("/api/health", "/api/model", "/api/redraw", "/api/complete", "/api/mix"),
        *("/api/map", "/api/map/draw", "/api/classify", "/api/read", "/api/save"),
    }
    assert all(call["summary"] for path in told["paths"].values() for call in path.values())


def test_pages_hold_no_script_and_no_style(client: TestClient) -> None:
    for path in ("/", "/mix", "/map", "/complete"):
        text = client.get(path, headers={"accept": "text/html"}).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick" not in text
        for tag in text.split("<script")[1:]:
            assert tag.startswith((' type="module" src="/static/', ' type="application/json"'))


def test_a_model_without_extras_says_so(tmp_path: Path) -> None:
    from dataclasses import replace

    folder = write_bundle(tmp_path / "plain", replace(tiny_bundle(), completion=None))
    with TestClient(create_studio(Sketcher.load(folder))) as client:
        assert "comes without a map" in client.get("/map").text
        assert "cannot complete drawings" in client.get("/complete").text
        assert client.get("/api/map").json() == {"ok": True, "categories": [], "drawings": []}
        answer = client.post("/api/map/draw", json={"x": 0, "y": 0})
        assert answer.json()["error"]["hint"] == "Export it with `--data` and `--gallery`."
        answer = client.post("/api/complete", json={"drawing": HOUSE})
        assert answer.json()["error"]["code"] == "broken"
