"""Running a site: uvicorn, one process, no access log."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from sketch_pix2seq.errors import UsageError

SILENT_SECONDS = 20
"""A connection over which nothing comes is not accepted before, where the system can do that."""
DRAIN_SECONDS = 5
"""How long requests under way may take once the server is asked to stop."""
MAX_CONNECTIONS = 900
"""Worked on at once: what comes beyond is answered with 503. A process may have 1,024 files open,
as a rule; a proxy in front keeps away who sends nothing but half a request."""
LINES_A_MINUTE = 10
"""Of one kind in the log."""


def serve(
    app: FastAPI,
    host: str,
    port: int,
    on_ready: Callable[[str], None] = lambda address: None,
    *,
    allow_host: Sequence[str] = (),
    proxy: str | None = None,
) -> None:
    """Serve a site until Ctrl-C or SIGTERM.

    Args:
        app: The site.
        host: Address to listen at; `127.0.0.1` for this machine alone.
        port: Port to listen at; 0: any that is free.
        on_ready: Called with the site's address once it can be asked.
        allow_host: Names that the site has, besides `host` and `localhost`.
        proxy: Address of the proxy in front of it, trusted to name the client's address.

    Raises:
        UsageError: If the address cannot be listened at, or a name or the proxy cannot be one.
    """
    server, listening, address = open_server(app, host, port, allow_host=allow_host, proxy=proxy)
    with listening, suppress(KeyboardInterrupt):  # how one ends it: nothing went wrong
        on_ready(address)
        server.run(sockets=[listening])


def open_server(
    app: FastAPI, host: str, port: int, *, allow_host: Sequence[str] = (), proxy: str | None = None
) -> tuple[uvicorn.Server, socket.socket, str]:
    """Open a site's port; arguments are those of `serve`.

    Returns:
        What runs it, its open port, and its address: clients can connect already, and wait.
    """
    names = [_site_name(name) for name in allow_host]
    for address in () if proxy in (None, "*") else proxy.split(","):
        _check_proxy(address.strip())
    listening = _listen(host, port)
    app.state.hosts = frozenset(("localhost", host.lower(), *names))
    config = uvicorn.Config(
        app,
        http="h11",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    for name in ("asyncio", "uvicorn.error", "sketch_pix2seq.web.guards"):
        logging.getLogger(name).addFilter(_LineLimit())
    shown = f"[{host}]" if ":" in host else host
    return uvicorn.Server(config), listening, f"http://{shown}:{listening.getsockname()[1]}/"


def _site_name(name: str) -> str:
    """A name of the site as browsers write it: lower-case ASCII; no other is ever asked for."""
    with suppress(UnicodeError):
        written = name.lower().encode("idna").decode()
        if re.fullmatch(r"[a-z0-9._-]+", written):
            return written
    raise UsageError(
        "`allow_host` must be a name such as sketch.example.org, without a port", got=name
    )


def _check_proxy(address: str) -> None:
    """Refuse what uvicorn would take for a name that no client ever has (UsageError)."""
    try:
        ipaddress.ip_network(address)
    except ValueError:
        raise UsageError("`proxy` must be an address such as 127.0.0.1", got=address) from None


class _LineLimit(logging.Filter):
    """Lets through only so many lines of one kind a minute, so that nobody can fill a disk."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = 0.0
        self._counts: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if time.monotonic() - self._begun > 60:
            self._begun, self._counts = time.monotonic(), {}
        kind = f"{record.pathname}:{record.lineno}"
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind] <= LINES_A_MINUTE


def _listen(host: str, port: int) -> socket.socket:
    """Open the port; a taken one is an error of one line."""
    if not host:
        raise UsageError("`host` must be an address", got="none", do="127.0.0.1 is this machine.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = None
    try:
        # with its protocol named, asyncio sends small parts of an answer at once (TCP_NODELAY)
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":  # where two servers could then listen at one port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # `::` stands for all addresses, those of IPv4 included
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if hasattr(socket, "TCP_DEFER_ACCEPT"):  # silent connections never reach the process
            with suppress(OSError):  # not every Linux can do that
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_SECONDS)
        found.bind((host, port))
        found.listen()
    except (OSError, OverflowError, UnicodeError, TypeError) as error:
        if found is not None:
            found.close()
        is_host = isinstance(error, socket.gaierror | UnicodeError | TypeError)
        raise UsageError(
            f"`host` and `port` must be an address of this machine that is free; "
            f"{host}:{port} is not",
            got=getattr(error, "strerror", None) or error,
            do="Give another `host`." if is_host else "Give another `port`.",
        ) from error
    return found
