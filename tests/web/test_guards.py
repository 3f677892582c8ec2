"""Guards: every limit refuses what is beyond it, in the one shape, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from serving import serving
from sketch_pix2seq.web.guards import HEADERS, Limits, RateLimit
from sketch_pix2seq.web.site import new_site

LIMITS = Limits(
    body_bytes=100,
    larger={"/api/file": 1000},
    held_bytes=2500,
    seconds=60,  # what no test meets, however slow the machine is
    longer={"/large/": 120},
    per_second=0.001,
    burst=5,
)


def site(limits: Limits = LIMITS) -> FastAPI:
    app = new_site("Test", "A site.", limits)

    @app.post("/api/size")
    @app.post("/api/file")
    async def size(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/api/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    @app.get("/large/file")
    async def large() -> None:
        await asyncio.sleep(0.7)

    @app.get("/api/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(site(), raise_server_exceptions=False) as opened:
        yield opened


def code(answer: object) -> str:
    told = answer.json()  # type: ignore[attr-defined]
    assert told["ok"] is False
    assert set(told["error"]) == {"code", "message", "hint"}
    return str(told["error"]["code"])


def test_every_answer_tells_browsers_to_be_careful(client: TestClient) -> None:
    for path in ("/api/health", "/nothing", "/static/theme.css", "/api/broken"):
        headers = client.get(path).headers
        assert all(headers[name] == value for name, value in HEADERS.items()), path
    assert "unsafe-inline" not in HEADERS["Content-Security-Policy"]
    assert client.get("/static/theme.css").headers["cache-control"] == "no-cache"
    assert client.get("/api/health").headers["cache-control"] == "no-store"


def test_what_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/api/size", content=b"a" * 100).json() == {"bytes": 100}
    answer = client.post("/api/size", content=b"a" * 101)
    assert (answer.status_code, code(answer)) == (413, "too_large")
    assert client.post("/api/file", content=b"a" * 1000).json() == {"bytes": 1000}
    assert client.post("/api/file", content=b"a" * 1001).status_code == 413


def test_a_size_that_is_not_told_is_counted(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(3):
            yield b"a" * 40

    assert client.post("/api/size", content=parts()).status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://testserver"}, 200),
        ({"origin": "http://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
    ],
)
def test_other_sites_cannot_post(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.post("/api/size", content=b"a", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert code(answer) == "forbidden"
    assert client.get("/api/health", headers=headers).status_code == 200


def test_who_asks_too_often_is_told_to_wait(client: TestClient) -> None:
    for _ in range(5):
        assert client.post("/api/size", content=b"a").status_code == 200
    answer = client.post("/api/size", content=b"a")
    assert (answer.status_code, code(answer)) == (429, "too_many")
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/api/health").status_code == 200


def test_the_pace_of_only_so_many_addresses_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.web.guards.MAX_ADDRESSES", 3)
    limit = RateLimit(per_second=0.001, burst=1)
    for address in "abcd":
        assert limit.allows(address)
        assert not limit.allows(address)
    assert limit.allows("a")  # forgotten
    assert not limit.allows("d")


def test_what_takes_too_long_is_ended() -> None:
    with TestClient(site(replace(LIMITS, seconds=0.5))) as client:
        answer = client.get("/api/slow")
        assert (answer.status_code, code(answer)) == (504, "timeout")
        assert client.get("/large/file").status_code == 200


def test_a_request_that_never_comes_to_its_end_is_ended() -> None:
    with (
        serving(site(replace(LIMITS, seconds=0.5))) as address,
        socket.create_connection(("127.0.0.1", port(address))) as line,
    ):
        line.settimeout(30)
        line.sendall(
            b"POST /api/size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nonly this"
        )
        assert line.recv(1000).startswith(b"HTTP/1.1 504")


def port(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_only_so_much_is_received_at_once() -> None:
    with serving(site(Limits(body_bytes=100, held_bytes=150))) as address:
        place = ("127.0.0.1", port(address))
        head = b"POST /api/size HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"

        def status(line: socket.socket, body: bytes) -> bytes:
            line.settimeout(10)
            line.sendall(head % len(body) + body)
            return line.recv(12)

        with socket.create_connection(place) as first:
            first.sendall(head % 100 + b"a" * 99)  # held, as the last byte does not come
            time.sleep(0.2)
            with socket.create_connection(place) as other:
                assert status(other, b"a" * 40) == b"HTTP/1.1 200"
            with socket.create_connection(place) as other:
                assert status(other, b"a" * 60) == b"HTTP/1.1 503"
            first.sendall(b"a")
            assert first.recv(12) == b"HTTP/1.1 200"
        with socket.create_connection(place) as other:
            assert status(other, b"a" * 100) == b"HTTP/1.1 200"


def test_a_defect_is_told_in_the_one_shape(client: TestClient) -> None:
    answer = client.get("/api/broken")
    assert (answer.status_code, code(answer)) == (500, "failed")
    assert "ZeroDivision" not in answer.text


def test_browsers_get_a_page(client: TestClient) -> None:
    answer = client.get("/nothing", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<h1>There is no such page.</h1>" in answer.text
    assert "<script" not in answer.text
    assert code(client.get("/nothing")) == "not_found"
    assert code(client.get("/api/nothing", headers={"accept": "text/html"})) == "not_found"
    assert code(client.delete("/api/health")) == "method_not_allowed"


@pytest.mark.parametrize("path", ["../site.py", "%2e%2e/site.py", "..%2fsite.py", "/etc/hosts"])
def test_only_static_files_are_served(client: TestClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        *((name, True) for name in ("localhost:8000", "127.0.0.1:80", "[::1]:80", "192.168.7.9")),
        *((name, True) for name in ("studio.example", "STUDIO.example:8000")),
        *((name, False) for name in ("evil.example", "evil.example:8000", "localhost.evil", "[x]")),
        *((name, False) for name in ("127.0.0.1.evil.example", "a@localhost:1@evil", "[::1")),
        *((name, False) for name in ("localhost/api/file#", "127.0.0.1?x", "a@localhost", ":80")),
    ],
)
def test_only_names_of_the_site_are_answered(host: str, is_known: bool) -> None:
    guarded = site()
    guarded.state.hosts = frozenset(("localhost", "studio.example"))
    page = TestClient(guarded).get("/", headers={"Host": host, "Accept": "text/html"})
    assert page.status_code == (404 if is_known else 421)
    answer = TestClient(guarded).get("/api/health", headers={"Host": host})
    assert answer.status_code == (200 if is_known else 421)
    if not is_known:
        assert code(answer) == "unknown_host"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_one_household_has_one_pace() -> None:
    guarded = site(Limits(per_second=0.001, burst=3))

    def status(address: str) -> int:
        return TestClient(guarded, client=(address, 1)).post("/api/size").status_code

    assert [status(f"2001:db8:1:2::{last:x}") for last in range(5)] == [200, 200, 200, 429, 429]
    assert status("2001:db8:1:3::1") == 200
    assert [status(f"::ffff:10.0.0.{last}") for last in range(5)] == [200] * 5
    assert [status("10.0.0.9") for _ in range(4)] == [200, 200, 200, 429]
