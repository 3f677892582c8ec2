"""Serving on a port."""

import contextlib
import json
import logging
import socket
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import starlette.requests
from fastapi import FastAPI

from serving import serving
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.web import server
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.site import new_site


def test_it_tells_where_it_is_and_answers_there() -> None:
    with (
        serving(new_site("Test", "A site.")) as address,
        urlopen(f"{address}/api/health") as answer,
    ):
        assert json.loads(answer.read())["ok"] is True
        assert "server" not in {name.lower() for name in answer.headers}


def ask(address: str, **headers: str) -> dict[str, object]:
    request = Request(
        f"{address}/api/who", headers={k.replace("_", "-"): headers[k] for k in headers}
    )
    with urlopen(request) as answer:
        found: dict[str, object] = json.loads(answer.read())
    return found


def site_that_says_who_asks() -> FastAPI:
    app = new_site("Test", "A site.")

    @app.get("/api/who")
    def who(request: starlette.requests.Request) -> dict[str, str]:
        return {"who": request.client.host if request.client else ""}

    return app


def test_a_proxys_word_is_believed_if_it_is_named() -> None:
    with serving(site_that_says_who_asks()) as address:
        assert ask(address, X_Forwarded_For="9.9.9.9") == {"who": "127.0.0.1"}
    with serving(site_that_says_who_asks(), proxy="127.0.0.1") as address:
        assert ask(address, X_Forwarded_For="1.1.1.1, 9.9.9.9") == {"who": "9.9.9.9"}


def test_names_that_the_site_does_not_have_are_refused() -> None:
    with serving(site_that_says_who_asks(), allow_host=["studio.example"]) as address:
        assert ask(address, Host="studio.example") == {"who": "127.0.0.1"}
        with pytest.raises(HTTPError, match="421"):
            ask(address, Host="evil.example")


def test_names_in_other_letters_are_known_as_browsers_write_them() -> None:
    names = ["Studio.EXAMPLE", "bücher.example"]
    with serving(site_that_says_who_asks(), allow_host=names) as address:
        for name in ("studio.example", "xn--bcher-kva.example:8765"):
            assert ask(address, Host=name) == {"who": "127.0.0.1"}


@pytest.mark.parametrize(
    "name", ["studio.example:80", "https://studio.example", "studio.example/", "*", "", "a..b"]
)
def test_what_no_browser_asks_for_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="`allow_host` must be a name such as"):
        serve(new_site("Test", "A site."), "127.0.0.1", 0, allow_host=[name])


@pytest.mark.parametrize("proxy", ["localhost", "", "10.0.0.1/8", "127.0.0.1, proxy"])
def test_a_proxy_that_would_not_be_believed_is_refused(proxy: str) -> None:
    with pytest.raises(UsageError, match="`proxy` must be an address such as"):
        serve(new_site("Test", "A site."), "127.0.0.1", 0, proxy=proxy)


@pytest.mark.skipif(not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="a feature of Linux")
def test_silent_connections_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 20)
    with serving(site_that_says_who_asks()) as address:
        port = int(address.rpartition(":")[2])
        with contextlib.ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            assert ask(address) == {"who": "127.0.0.1"}


def test_too_many_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 20)
    with serving(site_that_says_who_asks()) as address:
        port = int(address.rpartition(":")[2])
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                line = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                line.sendall(b"GET /api/who HTTP/1.1\r\n")
            with pytest.raises(HTTPError, match="503"):
                ask(address)
        ends = time.monotonic() + 60
        while time.monotonic() < ends:  # until the server has noticed that they are gone
            with contextlib.suppress(HTTPError):
                assert ask(address) == {"who": "127.0.0.1"}
                break


def test_the_log_takes_so_many_lines_of_a_kind() -> None:
    records = [logging.LogRecord("a", 30, "x.py", line, "m", (), None) for line in (1, 2)]
    limit = server._LineLimit()
    written = [[limit.filter(record) for _ in range(100)] for record in records]
    assert [sum(one) for one in written] == [server.LINES_A_MINUTE] * 2


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            UsageError, match=f"127.0.0.1:{port} is not; got Address already in use"
        ):
            serve(new_site("Test", "A site."), "127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("256.0.0.1", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_is_none_is_told(host: str, port: int) -> None:
    with pytest.raises(UsageError, match="must be an address of this machine"):
        serve(new_site("Test", "A site."), host, port)
