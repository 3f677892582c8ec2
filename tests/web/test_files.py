"""Files as a site sends them: compressed once, kept by a hash of what they hold."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sketch_pix2seq.web import answers
from sketch_pix2seq.web.files import STATIC, SentFile, static_files, static_prefix
from sketch_pix2seq.web.site import new_site


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(new_site("Test", "A site."))


@pytest.mark.parametrize("folder", [static_prefix(), "static/"])
def test_static_files_come_gzipped_to_who_reads_that(client: TestClient, folder: str) -> None:
    content = (STATIC / "sketch" / "client.js").read_bytes()
    answers = [
        client.get(f"/{folder}sketch/client.js", headers={"Accept-Encoding": coding})
        for coding in ("gzip, br", "identity")
    ]
    assert [answer.content for answer in answers] == [content] * 2
    assert [answer.headers.get("content-encoding") for answer in answers] == ["gzip", None]
    assert int(answers[0].headers["content-length"]) < 0.5 * len(content)
    assert {answer.headers["vary"] for answer in answers} == {"Accept-Encoding"}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert answers[0].headers["content-type"] == "text/javascript; charset=utf-8"


def test_what_lies_at_a_hash_is_kept_and_all_else_asked_for_again(client: TestClient) -> None:
    assert "immutable" in client.get(f"/{static_prefix()}theme.css").headers["cache-control"]
    answer = client.get("/static/theme.css")
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/static/theme.css", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    other = client.get("/static/theme.css", headers={"If-None-Match": 'W/"other"'})
    assert other.status_code == 200


def test_a_file_that_changes_has_another_tag() -> None:
    one, other = SentFile.of("a.js", b"one"), SentFile.of("a.js", b"other")
    assert one.tag != other.tag
    assert gzip.decompress(one.packed or b"") == b"one"
    assert SentFile.of("a.safetensors", b"weights").packed is None


def test_there_is_an_icon_and_a_word_to_robots(client: TestClient) -> None:
    assert client.get("/favicon.ico").content.startswith(b"\x89PNG")
    assert "Disallow: /api/" in client.get("/robots.txt").text
    assert client.head("/robots.txt").status_code == 200


def test_templates_name_static_files_that_are_there_by_their_hash() -> None:
    named = 0
    for path in (Path(answers.__file__).parent / "templates").rglob("*.jinja"):
        text = path.read_text()
        assert not re.search(r'(root }}|"/)static/', text), path.name
        for name in re.findall(r"{{ static }}([\w./-]+)", text):
            assert name in static_files(), path.name
            named += 1
    assert named > 8


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("x-gzipped", False)],
)
def test_gzip_is_sent_to_who_takes_it(client: TestClient, accepted: str, packed: bool) -> None:
    answer = client.get("/static/theme.css", headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("content-encoding") == "gzip") is packed


def test_tags_are_compared_weakly(client: TestClient) -> None:
    address = "/static/theme.css"
    tag = client.get(address).headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        assert client.get(address, headers={"If-None-Match": known}).status_code == 304
    assert client.get(address, headers={"If-None-Match": tag[:-4]}).status_code == 200
