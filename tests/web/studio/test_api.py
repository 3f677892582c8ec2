"""The studio's API: it draws what the sketcher draws, and refuses what is no drawing."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from bundles import tiny_attention_bundle, tiny_bundle, tiny_latents, with_classifier, write_bundle
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.bundle.gallery import Gallery, GalleryItem
from sketch_pix2seq.inference.inputs import as_views
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.studio.app import create_studio
from sketch_pix2seq.web.studio.forms import (
    Strokes,
    sketch_of_strokes,
    strokes_in_middle,
    strokes_of,
)

HOUSE: Strokes = [
    [[0, 120, 240, 240, 0, 0], [100, 0, 100, 240, 240, 100]],
    [[100, 140], [200, 200]],
]
LINE: Strokes = [[[0, 9], [0, 5]]]


UNLIMITED = Limits(
    body_bytes=512 * 1024, larger={"/api/trace": 1 << 24}, per_second=1e6, burst=10**6
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


def drawn(answer: Any) -> list[Sketch]:
    """The drawings of a whole answer."""
    assert answer.status_code == 200, answer.text
    assert answer.json()["ok"] is True
    return [sketch_of_strokes(drawing) for drawing in answer.json()["drawings"]]


def assert_drawn(told: list[Sketch], expected: list[Sketch]) -> None:
    """Check that drawings are those that the sketcher makes, each in the middle of the paper."""
    assert len(told) == len(expected)
    for found, one in zip(told, expected, strict=True):
        assert len(found.strokes) == len(one.strokes)
        for given, stroke in zip(found.strokes, one.strokes, strict=True):
            np.testing.assert_allclose(np.diff(given, axis=0), np.diff(stroke, axis=0), atol=0.11)
        if found.bounds is not None:
            left, top, right, bottom = found.bounds
            assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(
                (127.5, 127.5), abs=0.1
            )


def test_it_draws_what_the_sketcher_draws(client: TestClient, sketcher: Sketcher) -> None:
    form = {"drawing": HOUSE, "n": 3, "seed": 5, "temperature": 0.7}
    told = drawn(client.post("/api/redraw", json=form))
    assert_drawn(told, sketcher.redraw(sketch_of_strokes(HOUSE), n=3, seed=5, temperature=0.7))


def test_a_completed_drawing_begins_with_the_given_one(
    client: TestClient, sketcher: Sketcher
) -> None:
    told = drawn(client.post("/api/complete", json={"drawing": HOUSE, "n": 2, "seed": 1}))
    for found, one in zip(
        told, sketcher.complete(sketch_of_strokes(HOUSE), n=2, seed=1), strict=True
    ):
        assert [stroke.T.tolist() for stroke in found.strokes[: len(HOUSE)]] == HOUSE
        for given, stroke in zip(found.strokes, one.strokes, strict=True):
            np.testing.assert_allclose(given, stroke, atol=0.06)


def test_a_model_that_sees_its_pen_does_all_of_it() -> None:
    sketcher = Sketcher(tiny_attention_bundle(), num_threads=1)
    house, line = sketch_of_strokes(HOUSE), sketch_of_strokes(LINE)
    with TestClient(create_studio(sketcher, UNLIMITED)) as client:
        model = client.get("/api/model").json()
        assert (model["can_complete"], model["can_classify"]) == (True, True)
        form = {"drawing": HOUSE, "n": 2, "seed": 5}
        told = drawn(client.post("/api/redraw", json=form))
        assert_drawn(told, sketcher.redraw(house, n=2, seed=5))
        told = drawn(client.post("/api/redraw", json=form | {"best_of": 2}))
        assert_drawn(told, sketcher.redraw(house, n=2, seed=5, best_of=2))
        for best_of in (1, 3):
            told = drawn(client.post("/api/complete", json=form | {"best_of": best_of}))
            completed = sketcher.complete(house, n=2, seed=5, best_of=best_of)
            for found, one in zip(told, completed, strict=True):
                assert found.num_points == one.num_points
        form = {"first": HOUSE, "second": LINE, "steps": 3, "seed": 2}
        told = drawn(client.post("/api/mix", json=form))
        assert_drawn(told, sketcher.mix([house, line], steps=3, seed=2))
        guesses = client.post("/api/classify", json={"drawing": HOUSE}).json()["guesses"]
        assert len(guesses) > 0
        category = sketcher.card.categories[1]
        form = {"drawing": HOUSE, "n": 2, "fidelity": 0}
        told = drawn(client.post("/api/redraw", json=form))
        assert_drawn(told, sketcher.redraw(house, n=2, fidelity=0))
        told = drawn(client.post("/api/generate", json={"category": category.upper(), "n": 2}))
        assert_drawn(told, sketcher.generate(category, n=2))
        form = {"drawing": HOUSE, "n": 1, "category": category}
        told = drawn(client.post("/api/complete", json=form))
        assert told[0].num_points == sketcher.complete(house, category=category)[0].num_points


def test_mix_draws_the_way_between(client: TestClient) -> None:
    form = {"first": HOUSE, "second": LINE, "steps": 5, "seed": 2}
    told = drawn(client.post("/api/mix", json=form))
    assert len(told) == 5
    again = drawn(client.post("/api/mix", json={**form, "steps": 3}))
    assert again[0] == told[0]
    assert again[2] == told[4]


@pytest.mark.parametrize("judged", [False, True])
def test_the_best_of_several_are_those_that_the_sketcher_chooses(
    judged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = with_classifier(tiny_bundle(), ("cat", "dog")) if judged else tiny_bundle()
    sketcher = Sketcher(bundle, num_threads=1)
    house, line = sketch_of_strokes(HOUSE), sketch_of_strokes(LINE)
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
    assert at_it[0].num_points == expected.num_points


def test_what_the_model_is(client: TestClient, sketcher: Sketcher) -> None:
    told = client.get("/api/model").json()
    assert told["name"] == sketcher.card.name
    assert (told["can_complete"], told["can_classify"], told["maps"]) == (True, True, True)
    guesses = client.post("/api/classify", json={"drawing": HOUSE}).json()["guesses"]
    assert [guess["category"] for guess in guesses] == list(sketcher.card.categories)


def test_pictures_and_svgs_are_read(client: TestClient) -> None:
    sketch = Sketch.from_points([[(0, 0), (100, 0), (100, 50)]])
    png = io.BytesIO()
    sketch.to_image(200).save(png, "png")
    for content in (sketch.to_svg().encode(), png.getvalue()):
        drawing = client.post("/api/trace", content=content).json()["drawing"]
        xs = [x for stroke in drawing for x in stroke[0]]
        assert max(xs) - min(xs) == pytest.approx(255, abs=1)


@pytest.mark.parametrize("content", [b"", b"nothing", b"<svg>", b"\x89PNG....", b"{}"])
def test_files_that_hold_no_drawing_are_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/api/trace", content=content)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "drawing"


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
        ("/api/complete", {"best_of": 33}, "best_of"),
        ("/api/complete", {"category": "unheard of"}, "must be one that the model knows"),
        ("/api/redraw", {"fidelity": 1.5}, "fidelity"),
        ("/api/redraw", {"fidelity": 0.5}, "must be 0 or left out"),
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
    for path in ("/api/redraw", "/api/mix", "/api/map/draw", "/api/classify"):
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
    goes_on = threading.Event()

    def slow(*_: object, **__: object) -> list[Sketch]:
        assert goes_on.wait(20)
        return []

    monkeypatch.setattr(sketcher, "redraw", slow)
    monkeypatch.setattr("sketch_pix2seq.web.studio.workers.WAIT_SECONDS", 0.2)
    with TestClient(create_studio(sketcher, UNLIMITED)) as client, ThreadPoolExecutor(9) as people:
        answers = [
            people.submit(client.post, "/api/redraw", json={"drawing": HOUSE})
            for _ in range(num_processors() + 1)
        ]
        busy = next(as_completed(answers)).result()
        health = client.get("/api/health").json()
        assert (health["drawing"], health["waiting"]) == (num_processors(), 0)
        svg = Sketch.from_points([[(0, 0), (9, 9)]]).to_svg().encode()
        assert client.post("/api/trace", content=svg).status_code == 200  # it has its own queue
        goes_on.set()
        assert sorted(one.result().status_code for one in answers)[:-1] == [200] * num_processors()
    assert (busy.status_code, busy.json()["error"]["code"]) == (503, "busy")
    assert busy.json()["error"]["hint"] == "Try again in a few seconds."
    assert busy.headers["retry-after"]


def test_what_is_read_can_be_redrawn(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.web.studio.api.MAX_POINTS", 50)

    def read(strokes: list[np.ndarray]) -> Any:
        svg = Sketch.from_points(strokes).to_svg().encode()
        return client.post("/api/trace", content=svg).json()

    dense = read([np.stack([np.arange(90), np.zeros(90)], 1), np.array([[0, 9], [9, 9]])])
    assert sum(len(stroke[0]) for stroke in dense["drawing"]) == 4  # straight lines: simplified
    zigzag = read([np.array([[x, x % 2 * 50] for x in range(60)])])
    assert "at most 50 points" in zigzag["error"]["message"]


def test_the_former_name_of_a_route_names_the_present_one(client: TestClient) -> None:
    answer = client.post("/api/read", content=b"\x89PNG")
    assert answer.status_code == 422
    assert answer.json()["error"]["hint"] == "Send this to `/api/trace`."


def test_a_drawing_is_named(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "named")
    card = json.loads((folder / "model.json").read_text())
    card["categories"] = ["cat", "dog", "house"]
    (folder / "model.json").write_text(json.dumps(card))
    (folder / "latents.safetensors").write_bytes(tiny_latents(3).to_bytes())
    with TestClient(create_studio(Sketcher.load(folder))) as opened:
        assert opened.get("/api/model").json()["can_classify"] is True
        guesses = opened.post("/api/classify", json={"drawing": HOUSE}).json()["guesses"]
    assert sorted(guess["category"] for guess in guesses) == ["cat", "dog", "house"]
    assert sum(guess["probability"] for guess in guesses) == pytest.approx(1, abs=1e-3)


def test_a_defect_in_drawing_is_an_error_of_the_one_shape(
    sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(sketcher, "redraw", broken)
    answer = TestClient(create_studio(sketcher)).post("/api/redraw", json={"drawing": HOUSE})
    assert (answer.status_code, answer.json()["ok"]) == (500, False)
    assert answer.json()["error"]["code"] == "failed"


def test_what_takes_too_long_to_draw_is_told(
    sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketcher, "redraw", lambda *_, **__: time.sleep(0.3))
    app = create_studio(sketcher, replace(UNLIMITED, seconds=0.1))
    answer = TestClient(app).post("/api/redraw", json={"drawing": HOUSE})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")


def test_drawings_lie_in_the_middle() -> None:
    drawing = strokes_in_middle(Sketch.from_points([[(0, 0), (10, 4)]]), fit=True)
    assert drawing == [[[0.0, 255.0], [76.5, 178.5]]]
    assert (
        strokes_in_middle(sketch_of_strokes(drawing))
        == strokes_of(sketch_of_strokes(drawing))
        == drawing
    )
    assert strokes_in_middle(Sketch(())) == []
    point = Sketch.from_points([[(7, 7)]])
    assert strokes_in_middle(point) == strokes_in_middle(point, fit=True) == [[[127.5], [127.5]]]


def test_the_api_is_described(client: TestClient) -> None:
    told = client.get("/api/openapi.json").json()
    assert set(told["paths"]) == {
        *("/api/health", "/api/model", "/api/redraw", "/api/complete", "/api/generate", "/api/mix"),
        *("/api/map", "/api/map/draw", "/api/classify", "/api/trace"),
    }
    for call in (call for path in told["paths"].values() for call in path.values()):
        assert call["summary"]
        error = call["responses"]["default"]["content"]["application/json"]["schema"]
        assert error == {"$ref": "#/components/schemas/ErrorAnswer"}
        assert "422" not in call["responses"]  # FastAPI's own shape


def test_pages_hold_no_script_and_no_style(client: TestClient) -> None:
    for path in ("/", "/name", "/mix", "/map", "/complete", "/trace", "/mine"):
        text = client.get(path, headers={"accept": "text/html"}).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick" not in text
        for tag in text.split("<script")[1:]:
            assert tag.startswith((' type="module" src="./static/', ' type="application/json"'))


@pytest.mark.parametrize(
    ("path", "preferred", "is_german"),
    [
        ("/nothing", "de-AT,de;q=0.9,en;q=0.8", True),
        ("/de/nothing", "en", True),
        ("/de/nothing", None, True),
        ("/nothing", "en-GB,en;q=0.9,de;q=0.8", False),
        ("/nothing", "fr, de;q=0.5", True),
        ("/nothing", "fr", False),
        ("/nothing", None, False),
    ],
)
def test_an_errors_page_is_in_the_visitors_language(
    client: TestClient, path: str, preferred: str | None, is_german: bool
) -> None:
    headers = {"accept": "text/html"} | ({"accept-language": preferred} if preferred else {})
    lost = client.get(path, headers=headers)
    assert (lost.status_code, lost.headers["vary"]) == (404, "Accept-Language")
    title = "Diese Seite gibt es nicht." if is_german else "There is no such page."
    assert f"<h1>{title}</h1>" in lost.text
    assert f'<html lang="{"de" if is_german else "en"}">' in lost.text
    assert ("Zur ersten Seite" in lost.text) == is_german
    assert ("To the first page" in lost.text) != is_german
    assert ("Learned from" in lost.text) != is_german
    answer = client.get(path, headers={"accept-language": "de"}).json()
    assert answer["error"]["message"] == "there is no such page"


def test_the_models_files_are_sent_once(client: TestClient, sketcher: Sketcher) -> None:
    files = sketcher.bundle.files
    assert {"model.json", "weights.safetensors", "gallery.ndjson"} <= set(files)
    for name, content in files.items():
        first = client.get(f"/model/{name}")
        assert (first.status_code, first.content) == (200, content)
        again = client.get(f"/model/{name}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"] == "no-cache"
        other = client.get(f"/model/{name}", headers={"If-None-Match": '"another"'})
        assert other.content == content
    assert client.get("/model/README.md").status_code == 404


def test_a_model_without_extras_says_so(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "plain", replace(tiny_bundle(), latents_file=None))
    with TestClient(create_studio(Sketcher.load(folder))) as client:
        assert "comes without a map" in client.get("/map").text
        assert "cannot complete drawings" in client.get("/complete").text
        assert "cannot draw by name" in client.get("/name").text
        for path in ("/map", "/complete", "/name"):
            assert client.get(path).text.count('type="module"') == 1  # the language
        assert client.get("/").text.count('type="module"') == 2
        assert client.get("/api/map").json() == {"ok": True, "categories": [], "drawings": []}
        answer = client.post("/api/map/draw", json={"x": 0, "y": 0})
        assert answer.json()["error"]["hint"] == "Export it with `--data` and `--gallery`."
        answer = client.post("/api/complete", json={"drawing": HOUSE})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "model")


def test_pages_can_lie_below_the_address_of_a_proxy(sketcher: Sketcher) -> None:
    with TestClient(create_studio(sketcher, UNLIMITED), root_path="/drawing") as client:
        for path in ("/drawing/", "/drawing/model/model.json"):
            assert client.get(path).status_code == 200


def test_where_a_body_is_no_json_is_said(client: TestClient) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post("/api/generate", content=b"{1}", headers=headers)
    message = answer.json()["error"]["message"]
    assert message.startswith("`body` must be JSON, and is none at letter 1: expecting property")


@pytest.mark.parametrize("sent", [{"content": b'{"category": "cat"}'}, {"json": [1]}, {}])
def test_a_body_that_is_no_json_object_is_refused_with_what_to_send(
    client: TestClient, sent: dict[str, Any]
) -> None:
    message = client.post("/api/generate", **sent).json()["error"]["message"]
    assert message == "`body` must be a JSON object, sent as `Content-Type: application/json`"
