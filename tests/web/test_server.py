"""Serving on a port."""

from __future__ import annotations

import json
import socket
from urllib.request import urlopen

import pytest

from serving import serving
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.site import new_site


def test_it_tells_where_it_is_and_answers_there() -> None:
    with (
        serving(new_site("Test", "A site.")) as address,
        urlopen(f"{address}/api/health") as answer,
    ):
        assert json.loads(answer.read())["ok"] is True
        assert "server" not in {name.lower() for name in answer.headers}


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
