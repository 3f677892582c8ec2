"""What a laboratory asks of the site: ids, consent, sides, parts, times, checks, a way out."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import SKETCHES, Study
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.turing.app import consent_html, create_turing
from sketch_pix2seq.web.turing.store import Store
from studies import scribbles, write_study

UNLIMITED = Limits(body_bytes=4096, per_second=1e6, burst=10**6)
TOKEN = "open sesame, please"
Opened = Callable[..., TestClient]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the site of twelve scribbles with some settings; its store is the app's."""
    clients: list[TestClient] = []

    def open_with(checks: int = 0, **settings: object) -> TestClient:
        names = {f"c{place}": ("human", "computer")[place % 2] for place in range(checks)}
        study = replace(
            scribbles(),
            checks=names,  # type: ignore[arg-type]
            settings=StudySettings(**settings),  # type: ignore[arg-type]
        )
        if not (tmp_path / "study").exists():
            write_study(tmp_path / "study", study)
        store = Store.open(str(tmp_path / "votes.sqlite"), study.digest)
        site = create_turing(
            study, tmp_path / "study", store, results_token=TOKEN, limits=UNLIMITED
        )
        clients.append(TestClient(site))
        clients[-1].__enter__()
        return clients[-1]

    yield open_with
    for client in clients:
        client.__exit__(None, None, None)


def another(client: TestClient) -> TestClient:
    return TestClient(client.app)


def store_of(client: TestClient) -> Store:
    found: Store = client.app.state.study.store  # type: ignore[attr-defined]
    return found


def begin(client: TestClient, external_id: str = "", **form: str) -> TestClient:
    answer = client.post("/begin", data={"external_id": external_id, **form})
    assert answer.url.path in ("/how", "/question"), answer.text
    return client


def asked(client: TestClient) -> str:
    page = client.get("/question")
    found = re.search(r'name="sketch" value="(\w+)"', page.text)
    return found[1] if found else ""


def answer_all(client: TestClient, tag: str = "human") -> list[str]:
    seen: list[str] = []
    while sketch := asked(client):
        seen.append(sketch)
        client.post("/vote", data={"sketch": sketch, "tag": tag})
    return seen


def downloaded(client: TestClient, name: str) -> list[dict[str, str]]:
    answer = client.post(f"/results/{name}.csv", data={"token": TOKEN})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_study_with_ids_opens_through_its_link_alone(opened: Opened) -> None:
    client = opened(id_parameters=("PROLIFIC_PID", "survey_code"))
    assert "through the link that you were given" in client.get("/").text
    for nobody in ("", "%20"):
        assert client.get(f"/?PROLIFIC_PID={nobody}").text.count("I agree") == 0
    assert 'value="5f1"' in client.get("/?PROLIFIC_PID=%205f1%20").text  # without blanks around it
    assert client.post("/begin").status_code == 403
    assert client.get("/?participant=5f1").text.count("I agree") == 0
    for address in ("/?PROLIFIC_PID=5f1&SESSION_ID=x", "/?survey_code=5f1"):
        page = client.get(address).text
        assert '<input type="hidden" name="external_id" value="5f1">' in page
        assert "the ID in the link that brought you here (5f1)" in page
    begin(client, "5f1")
    assert [one.external_id for one in store_of(client).external_ids()] == ["5f1"]


def test_an_id_takes_part_once(opened: Opened) -> None:
    client = opened(id_parameters=("workerId",))
    begin(client, "A1")
    client.post("/vote", data={"sketch": asked(client), "tag": "human"})
    elsewhere = another(client)
    refused = elsewhere.post("/begin", data={"external_id": "A1"})
    assert refused.status_code == 409
    assert "has taken part already" in refused.text
    assert "Continue with a code" in refused.text
    begin(elsewhere, "A2")
    assert begin(client, "A1").get("/question").status_code == 200  # the same browser goes on
    assert len(store_of(client).external_ids()) == 2


def test_who_kept_no_cookie_may_begin_again_and_is_told_why(opened: Opened) -> None:
    client = opened(id_parameters=("workerId",))
    begin(client, "A1")
    client.cookies.clear()
    lost = client.get("/question")
    assert "We do not recognise this browser" in lost.text and "is missing" not in lost.text
    wrong = client.post("/resume", data={"code": "nonsense"})
    assert "Code not found" in wrong.text and "is missing" not in wrong.text
    begin(client, "A1")
    assert asked(client)
    assert len(store_of(client).external_ids()) == 1
    assert "Code not found" in client.post("/resume", data={"code": "nonsense"}).text


def test_the_next_person_at_the_same_machine_is_another(opened: Opened) -> None:
    client = opened(id_parameters=("survey_code",))
    begin(client, "1")
    answer_all(client)
    page = client.get("/?survey_code=2").text
    assert "I agree" in page
    assert "Welcome back" not in page
    begin(client, "2")
    assert asked(client)
    assert "Welcome back" in client.get("/?survey_code=2").text
    assert [(one.external_id, one.answered) for one in store_of(client).external_ids()] == [
        ("1", 12),
        ("2", 0),
    ]


@pytest.mark.parametrize("external_id", ['"><script>x</script>', "=1+1", "ü" * 200, "a b&c=d"])
def test_ids_are_anything_and_do_nothing(opened: Opened, external_id: str) -> None:
    client = opened(id_parameters=("id",), completion_url="https://x.org/?cc=1&who={id}")
    page = client.get("/", params={"id": external_id})
    assert "<script>x" not in page.text
    begin(client, external_id)
    answer_all(client)
    thanks = client.get("/thanks").text
    assert "<script>x" not in thanks
    link = re.search(r'href="https://x.org/\?cc=1&amp;who=([^"]*)"', thanks)
    assert link is not None
    assert re.fullmatch(r"[\w%.~-]+", link[1])
    (row,) = downloaded(client, "ids")
    assert not row["id"].startswith("=")
    assert row["id"].removeprefix("'") == external_id


@pytest.mark.parametrize("external_id", ["x" * 201, "a\0b", "a\nb", "\u202eab"])
def test_ids_that_nobody_gives_are_refused(opened: Opened, external_id: str) -> None:
    client = opened(id_parameters=("id",))
    assert "your ID, which is damaged here" in client.get("/", params={"id": external_id}).text
    assert client.post("/begin", data={"external_id": external_id}).status_code == 403
    assert store_of(client).external_ids() == []


def test_without_ids_none_is_stored(opened: Opened) -> None:
    client = opened()
    assert "No name, no address" in client.get("/?PROLIFIC_PID=5f1").text
    assert "5f1" not in client.get("/?PROLIFIC_PID=5f1").text
    begin(client, "5f1")
    assert store_of(client).external_ids() == []
    assert "ids.csv" not in client.post("/results", data={"token": TOKEN}).text


def test_the_way_out_opens_when_all_is_answered(opened: Opened) -> None:
    url = "https://app.prolific.com/submissions/complete?cc=C1"
    client = opened(completion_url=url, completion_code="C1ABC", show_score=True)
    begin(client)
    for path in ("/", "/how", "/question", "/pause", "/thanks"):
        page = client.get(path).text
        assert "prolific" not in page and "C1ABC" not in page and "You were right" not in page
    answer_all(client, "human")
    page = client.get("/thanks").text
    assert f'href="{url}" rel="noreferrer"' in page
    assert "<code>C1ABC</code>" in page
    assert "You were right about <b>4 of 12</b> sketches" in page  # a third is human


def test_ids_are_listed_with_who_finished_for_the_token_alone(opened: Opened) -> None:
    client = opened(id_parameters=("id",), participants=60)
    begin(client, "one")
    answer_all(client)
    two = begin(another(client), "two")
    two.post("/vote", data={"sketch": asked(two), "tag": "human"})
    begin(another(client), "three")
    assert client.post("/results/ids.csv").status_code == 403
    assert downloaded(client, "ids") == [
        {"participant": "0001", "id": "one", "answered": "12", "finished": "yes"},
        {"participant": "0002", "id": "two", "answered": "1", "finished": "no"},
        {"participant": "0003", "id": "three", "answered": "0", "finished": "no"},
    ]
    shown = client.post("/results", data={"token": TOKEN}).text
    assert "1 of 60 finished" in shown
    assert "two" not in shown.partition("<main>")[2]
    assert "one" not in str(downloaded(client, "votes"))
    assert client.post("/results/secrets.csv", data={"token": TOKEN}).status_code == 404


def test_age_is_confirmed(opened: Opened) -> None:
    client = opened(min_age=18)
    assert "I am 18 years old or older" in client.get("/").text
    refused = client.post("/begin")
    assert refused.status_code == 422
    assert "Please tick this box" in refused.text
    begin(client, old_enough="yes")


def test_ones_own_consent_text_stands_above_what_is_stored(opened: Opened) -> None:
    text = (
        "# Lab\n\nA *study*, ethics 7.\n\n<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1))"
    )
    page = opened(consent=text).get("/").text
    assert "<h3>Lab</h3>" in page
    assert "<em>study</em>" in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page
    assert page.index("ethics 7") < page.index("Data we store")
    assert "Cookie" in page
    assert "<dt>Purpose" not in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<svg/onload=alert(1)>",
        "[x](javascript:alert(1)) [y](JaVaScRiPt:alert(1)) [z](data:text/html;base64,xx)",
        "![x](https://elsewhere.org/x.png)",
        '<https://elsewhere.org/"onclick=alert(1)>',
        "[a]: javascript:alert(1)\n\n[a]",
        "&lt;script&gt; `<b>` ~~~\n<script>\n~~~",
        "```html\n<script>\n```",
        '| a |\n|---|\n| <i onclick="x"> |',
    ],
)
def test_no_text_becomes_code_or_loads_anything(text: str) -> None:
    html = str(consent_html(text))
    for tag in re.findall(r"<[^>]*>", html):
        assert re.fullmatch(
            r"</?(p|h\d|em|strong|ul|ol|li|code|pre|table|thead|tbody|tr|th|td|hr|br)( /)?>"
            r'|<code class="language-html">|<a href="https://[^"]*">|</a>',
            tag,
        ), tag


def test_consent_says_what_the_settings_store(opened: Opened) -> None:
    plain = opened().get("/").text
    assert "how long each took" not in plain
    assert "side your buttons" not in plain


def test_consent_follows_times_and_sides(opened: Opened) -> None:
    told = opened(record_times=True, swap_sides=True).get("/").text
    assert "how long each took, in which order you saw the sketches" in told
    assert "on which side your buttons were" in told


def test_position_and_time_are_stored_only_if_the_study_says_so(opened: Opened) -> None:
    for place, timed in enumerate((False, True)):
        client = begin(another(opened(record_times=timed)))
        page = client.get("/question").text
        assert ("data-timed" in page) == timed
        client.post("/api/vote", json={"sketch": asked(client), "tag": "human", "ms": 1234})
        client.post("/api/vote", json={"sketch": asked(client), "tag": "human", "ms": -5})
        client.post("/api/vote", json={"sketch": asked(client), "tag": "human"})
        plain = re.search(r'name="asked" value="(\d+)"', client.get("/question").text)
        assert plain is not None
        form = {"sketch": asked(client), "tag": "computer", "asked": str(int(plain[1]) - 5000)}
        client.post("/vote", data=form)
        votes = [v for v in store_of(client).votes() if v.participant == f"{place + 1:04d}"]
        stored = [(vote.position, vote.response_ms) for vote in votes]
        if not timed:
            assert stored == [(None, None)] * 4
            continue
        assert stored[:3] == [(1, 1234), (2, None), (3, None)]
        assert stored[3][0] == 4
        assert 5000 <= (stored[3][1] or 0) < 60_000


def test_sides_alternate_and_are_recorded(opened: Opened) -> None:
    client = opened(swap_sides=True)
    for side in ("left", "right", "left"):
        person = begin(another(client))
        for path in ("/how", "/question"):
            page = person.get(path).text.partition('class="answers"')[2]
            assert (page.index("<b>Human") < page.index("<b>Computer")) == (side == "left")
        keys = re.findall(r'value="(\w+)" aria-keyshortcuts="(\w+)"', person.get("/question").text)
        first = "human" if side == "left" else "computer"
        assert keys[0] == (first, "ArrowLeft")
        assert keys[1][1] == "ArrowRight"
        person.post("/vote", data={"sketch": asked(person), "tag": "human"})
    assert [row["human_side"] for row in downloaded(client, "votes")] == ["left", "right", "left"]


def test_each_sees_their_part_and_can_answer_no_other(opened: Opened) -> None:
    client = opened(per_participant=3)
    assert "You will see 3 sketches" in client.get("/").text
    begin(client)
    trials = set(answer_all(client))
    assert len(trials) == 3
    other = next(one.name for one in scribbles().sketches if one.name not in trials)
    refused = client.post("/api/vote", json={"sketch": other, "tag": "human"})
    assert refused.status_code == 422
    assert len(store_of(client).votes()) == 3
    four = [answer_all(begin(another(client))) for _ in range(3)]
    assert len({name for some in four for name in some} | trials) == 12


def test_checks_are_shown_among_the_sketches_and_count_for_exclusion(opened: Opened) -> None:
    client = opened(checks=2, allowed_misses=0)
    assert "You will see 14 sketches" in client.get("/").text
    begin(client)
    seen = answer_all(client, "human")
    assert {"c0", "c1"} < set(seen)
    assert client.get("/sketches/c0.png").status_code == 200
    rows = downloaded(client, "votes")
    checks = {row["sketch"]: row["correct"] for row in rows if row["source"] == "check"}
    assert checks == {"c0": "1", "c1": "0"}
    assert {row["reason"] for row in rows} == {"missed attention checks"}


def test_a_study_closes_when_enough_have_finished_and_lets_others_finish(opened: Opened) -> None:
    client = opened(participants=1, per_participant=2)
    late = begin(another(client))
    answer_all(begin(client))
    stranger = another(client)
    assert "This study is closed" in stranger.get("/").text
    assert stranger.post("/begin").status_code == 403
    # a link from elsewhere brings no cookie along: the page must lead on whom it does not know
    assert 'href="/question"' in stranger.get("/").text
    assert 'href="/question"' not in stranger.get("/question").text
    assert asked(late)
    assert "Welcome back" in late.get("/").text
    answer_all(late)
    assert "Thank you" in late.get("/thanks").text


def test_a_study_closes_after_its_last_day(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    client = opened(closes="2026-03-05")

    class Clock(datetime.datetime):
        today_is = 5

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Clock:
            return cls(2026, 3, cls.today_is, 23, 59, tzinfo=tz)

    monkeypatch.setattr(datetime, "datetime", Clock)
    assert "I agree" in client.get("/").text
    Clock.today_is = 6
    assert "This study is closed" in client.get("/").text


def test_pictures_of_checks_must_be_there(tmp_path: Path) -> None:
    study = replace(scribbles(), checks={"c0": "human"})
    write_study(tmp_path / "study", study)
    assert Study.open(tmp_path / "study").checks == {"c0": "human"}
    (tmp_path / "study" / SKETCHES / "c0.png").unlink()
    with pytest.raises(Exception, match="lacks the picture of a sketch; got c0"):
        Study.open(tmp_path / "study")
