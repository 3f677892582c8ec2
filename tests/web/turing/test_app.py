"""The site as a browser without scripts sees it, and as a curious one would."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.turing import store as votes
from sketch_pix2seq.web.turing.app import create_turing
from sketch_pix2seq.web.turing.routes import MIN_LOOK_MS
from sketch_pix2seq.web.turing.store import Store

UNLIMITED = Limits(body_bytes=4096, per_second=1e6, burst=10**6)
TOKEN = "open sesame, please"


@pytest.fixture
def store(tmp_path: Path, study: Study) -> Store:
    return Store.open(str(tmp_path / "votes.sqlite"), study.digest)


@pytest.fixture
def client(study: Study, study_folder: Path, store: Store) -> Iterator[TestClient]:
    asking = replace(study, settings=StudySettings(contact="Ada <ada@x>"))
    site = create_turing(asking, study_folder, store, results_token=TOKEN, limits=UNLIMITED)
    with TestClient(site) as opened:
        yield opened


def another(client: TestClient) -> TestClient:
    """Another browser, for the same site."""
    return TestClient(client.app)


def asked(client: TestClient) -> str:
    """The sketch that one is asked about."""
    found = re.search(r'name="sketch" value="(\w+)"', client.get("/question").text)
    assert found is not None
    return found[1]


def test_a_session_from_the_start_to_the_thanks(client: TestClient, study: Study) -> None:
    start = client.get("/")
    assert "You will see 12 sketches" in start.text
    assert "nobody&#39;s scribbles" in start.text
    assert "Ada &lt;ada@x&gt;" in start.text
    assert client.cookies.get("participant") is None
    how = client.post("/begin")
    assert how.url.path == "/how"
    seen = []
    for number in range(1, 13):
        page = client.get("/question").text
        assert f"Sketch <b>{number}</b> of 12" in page
        sketch = asked(client)
        assert f'src="/sketches/{sketch}.png"' in page
        seen.append(sketch)
        tag = "human" if number % 3 else "computer"
        answer = client.post("/vote", data={"sketch": sketch, "tag": tag})
        assert answer.url.path == ("/thanks" if number == 12 else "/question")
        assert answer.history[0].status_code == 303
    assert sorted(seen) == [sketch.name for sketch in study.sketches]
    assert "Thank you" in client.get("/thanks").text
    assert "Welcome back" in client.get("/").text


def test_a_second_answer_and_one_from_another_tab_change_nothing(
    client: TestClient, store: Store
) -> None:
    client.post("/begin")
    first = asked(client)
    for tag in ("computer", "human", "computer"):
        client.post("/vote", data={"sketch": first, "tag": tag})
    assert [(vote.sketch, vote.human) for vote in store.votes()] == [(first, False)]
    second = asked(client)
    told = client.post("/api/vote", json={"sketch": second, "tag": "human"}).json()
    assert told["counted"] is True
    assert (told["answered"], told["total"]) == (2, 12)
    assert told["sketch"] == asked(client)
    again = client.post("/api/vote", json={"sketch": second, "tag": "computer"}).json()
    assert again == {**told, "counted": False}


def test_an_answer_sooner_than_one_can_look_is_a_slip(client: TestClient, store: Store) -> None:
    client.post("/begin")
    page = client.get("/question").text
    found = re.search(r'name="asked" value="(\d+)"', page)
    assert found is not None
    form = {"sketch": asked(client), "tag": "human", "asked": found[1]}
    assert client.post("/vote", data=form).url.path == "/question"
    assert store.votes() == []
    time.sleep(MIN_LOOK_MS / 1000)
    client.post("/vote", data=form)
    assert len(store.votes()) == 1


def test_begun_twice_it_is_the_same_participant(client: TestClient, store: Store) -> None:
    client.post("/begin")
    client.post("/vote", data={"sketch": asked(client), "tag": "human"})
    assert client.post("/begin").url.path == "/question"  # such as after a link in a letter
    client.post("/vote", data={"sketch": asked(client), "tag": "human"})
    assert len({vote.participant for vote in store.votes()}) == 1


def test_a_code_takes_ones_place_to_another_device(client: TestClient, store: Store) -> None:
    client.post("/begin")
    client.post("/vote", data={"sketch": asked(client), "tag": "human"})
    page = client.get("/pause").text
    code = re.search(r"<code>([A-Z2-7-]+)</code>", page)
    assert code is not None
    phone = another(client)
    wrong = phone.post("/resume", data={"code": "nothing"})
    assert wrong.status_code == 422
    assert "Code not found" in wrong.text
    assert 'value="nothing"' in wrong.text
    assert phone.post("/resume", data={"code": code[1].lower()}).url.path == "/question"
    assert asked(phone) == asked(client)


def test_who_withdraws_is_forgotten(client: TestClient, store: Store) -> None:
    client.post("/begin")
    client.post("/vote", data={"sketch": asked(client), "tag": "human"})
    assert "You have given 1 of 12" in client.get("/withdraw").text
    assert "are deleted" in client.post("/withdraw").text
    assert store.votes() == []
    assert client.get("/question").url.path == "/"


def test_who_is_not_known_is_shown_the_door(client: TestClient, store: Store) -> None:
    for path in ("/how", "/question", "/pause", "/thanks", "/withdraw"):
        shown = client.get(path)
        assert shown.url.path == "/"
        assert "do not recognise this browser" in shown.text
    some = {"sketch": "x", "tag": "human"}
    assert client.post("/vote", data=some).url.path == "/"
    told = client.post("/api/vote", json=some)
    assert told.status_code == 422
    assert told.json()["error"]["hint"] == "Begin at the first page."
    client.cookies.set("participant", "AAAA-" * 6)
    assert client.get("/question").url.path == "/"
    assert store.votes() == []


@pytest.mark.parametrize(
    "form",
    [
        {"sketch": "of another study", "tag": "human"},
        {"sketch": "x" * 65, "tag": "human"},
        {"sketch": "", "tag": "human"},
        {"tag": "human"},
        {"sketch": "OURS", "tag": "both"},
        {"sketch": "OURS"},
    ],
)
def test_votes_on_nothing_and_for_nobody_are_refused(
    client: TestClient, store: Store, form: dict[str, str]
) -> None:
    client.post("/begin")
    form = {name: asked(client) if value == "OURS" else value for name, value in form.items()}
    as_form, as_json = client.post("/vote", data=form), client.post("/api/vote", json=form)
    assert (as_form.status_code, as_json.status_code) == (422, 422)
    assert as_json.json()["ok"] is False
    assert store.votes() == []


def test_the_cookie_is_for_this_site_alone(client: TestClient) -> None:
    cookie = client.post("/begin", follow_redirects=False).headers["set-cookie"]
    assert cookie.startswith("participant=")
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=15552000"):
        assert part in cookie
    assert "Secure" not in cookie
    safe = TestClient(client.app, base_url="https://testserver")
    cookie = safe.post("/begin", follow_redirects=False).headers["set-cookie"]
    assert cookie.startswith("__Host-participant=")
    assert "Secure" in cookie


def test_posts_from_other_sites_are_refused(client: TestClient, store: Store) -> None:
    client.post("/begin")
    some = {"sketch": asked(client), "tag": "human"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere"}):
        assert client.post("/vote", data=some, headers=headers).status_code == 403
        assert client.post("/api/vote", json=some, headers=headers).status_code == 403
    assert store.votes() == []


def test_nothing_but_the_drawing_tells_who_drew(client: TestClient, study: Study) -> None:
    client.post("/begin")
    headers, pages = set(), []
    for _ in study.sketches:
        sketch = asked(client)
        picture = client.get(f"/sketches/{sketch}.png")
        assert picture.headers["content-type"] == "image/png"
        headers.add(tuple(sorted((k, v) for k, v in picture.headers.items() if k != "date")))
        page = client.get("/question").text
        answer = client.post("/api/vote", json={"sketch": sketch, "tag": "human"})
        for name in (sketch, answer.json()["sketch"], answer.json()["following"]):
            page = page.replace(name or "…", "…")
        pages.append((page, answer.text))
    assert len(headers) == 1
    for source in study.sources[1:]:
        assert not any(source in text for pair in pages for text in pair)
    assert {len(page) for page, _ in pages[2:8]} == {len(pages[2][0])}


@pytest.mark.parametrize(
    "path",
    [
        "/sketches/no-such-name.png",
        "/sketches/../study.json",
        "/sketches/%2e%2e%2fstudy.json",
        "/sketches/..%2fstudy.json.png",
        "/sketches/",
        "/study.json",
        "/votes.sqlite",
        "/static/..%2f..%2f..%2fstudy.json",
    ],
)
def test_no_address_leads_to_other_files(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_error_has_the_footer_of_this_site(client: TestClient) -> None:
    lost = client.get("/nothing", headers={"accept": "text/html"})
    assert lost.status_code == 404
    footers = [page.text.partition("<footer")[2] for page in (lost, client.get("/results"))]
    assert footers[0] == footers[1] != ""


def test_results_open_with_the_token_alone(client: TestClient) -> None:
    assert "Enter the results token" in client.get("/results").text
    for token in ("", "x", TOKEN[:-1], TOKEN + " ", "ö"):
        for path in ("/results", "/results/votes.csv"):
            refused = client.post(path, data={"token": token})
            assert refused.status_code == 403
            assert "Wrong token" in refused.text
    assert client.get(f"/results?token={TOKEN}").text.count("Enter the results token") == 1
    opened = client.post("/results", data={"token": TOKEN})
    assert opened.status_code == 200
    assert "Nobody has voted yet" in opened.text
    assert opened.headers["cache-control"] == "no-store"


def test_a_long_token_opens_the_results_too(study: Study, study_folder: Path, store: Store) -> None:
    site = create_turing(study, study_folder, store, results_token=3 * "sesame, " * 20)
    with TestClient(site) as client:
        assert client.post("/results", data={"token": 3 * "sesame, " * 20}).status_code == 200


def test_results_are_those_of_the_votes(client: TestClient, study: Study) -> None:
    client.post("/begin")
    for place in range(12):
        tag = "human" if place % 2 else "computer"
        client.post("/vote", data={"sketch": asked(client), "tag": tag})
    shown = client.post("/results", data={"token": TOKEN}).text
    assert "1 person said of 12 sketches" in shown
    assert "style=" not in shown  # the policy would refuse it
    assert "<style" not in shown
    assert "<script" not in shown
    assert "--c3:" in client.get("/results.css").text
    votes = client.post("/results/votes.csv", data={"token": TOKEN})
    assert votes.headers["content-disposition"] == 'attachment; filename="votes.csv"'
    assert len(votes.text.splitlines()) == 13
    assert client.cookies.get("participant") is not None
    assert len(client.cookies) == 1


def test_the_api_is_described(client: TestClient) -> None:
    assert set(client.get("/api/openapi.json").json()["paths"]) == {"/api/vote", "/api/health"}


def test_health_says_whether_votes_can_be_written(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(votes, "TRY_SECONDS", 0)
    assert client.get("/api/health").json()["ok"] is True
    with closing(sqlite3.connect(tmp_path / "votes.sqlite")) as other:
        other.execute("DROP TABLE turing_study")
        other.commit()
        answer = client.get("/api/health")
        assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_who_asks_for_the_head_of_a_page_is_answered_as_who_asks_for_it(
    client: TestClient, study: Study
) -> None:
    client.post("/begin")
    paths = ["/", "/how", "/question", "/pause", "/thanks", "/withdraw", "/results", "/results.css"]
    paths += [f"/sketches/{study.sketches[0].name}.png", "/api/health", "/nowhere"]
    for path in paths:
        page, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (page.status_code, b""), path
        for name in ("content-type", "content-length", "cache-control"):
            assert head.headers.get(name) == page.headers.get(name), (path, name)
    assert another(client).head("/question", follow_redirects=False).status_code == 303
    assert client.head("/vote").status_code == 405
    assert client.get("/api/openapi.json").json()["paths"]["/api/health"].keys() == {"get"}
