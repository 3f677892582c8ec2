"""Running a site: uvicorn, one process, no record of who asked for what."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.web.guards import KnownHost

IDLE_SECONDS = 20
"""A connection over which no whole request comes for so long, or twice so long, is closed."""
DRAIN_SECONDS = 5
"""How long requests under way may take once the server is asked to stop."""
MOST_CONNECTIONS = 500
"""Open at once; a process may have 1,024 files open, as a rule."""
CROWDED_SECONDS = 2
"""When there are more connections, those over which no request came for so long are closed."""
LINES_A_MINUTE = 10
"""Of one kind in the log."""


def serve(
    app: FastAPI,
    host: str,
    port: int,
    on_ready: Callable[[str], None] = lambda address: None,
    stop: threading.Event | None = None,
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
        stop: Ends it too, once it is set.
        allow_host: Names that the site has, besides `host` and `localhost`.
        proxy: Address of the proxy in front of it, whose word on who asks is believed.

    Raises:
        UsageError: If the address cannot be listened at.
    """
    listening = _listening(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    config = uvicorn.Config(
        KnownHost(app, [host, *allow_host]),
        access_log=False,
        log_level="warning",
        server_header=False,
        http=_Impatient,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy,
        limit_concurrency=2 * MOST_CONNECTIONS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    for name in ("asyncio", "uvicorn.error", "sketch_pix2seq.web.guards"):
        logging.getLogger(name).addFilter(_Sparing())
    server = _Server(config, lambda: on_ready(address), stop)
    with listening, suppress(KeyboardInterrupt):  # how one ends it: nothing went wrong
        server.run(sockets=[listening])


class _Sparing(logging.Filter):
    """Lets through only so many lines of one kind a minute, so that nobody can fill a disk."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = 0.0
        self._counts: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is written."""
        if time.monotonic() - self._begun > 60:
            self._begun, self._counts = time.monotonic(), {}
        kind = f"{record.pathname}:{record.lineno}"
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind] <= LINES_A_MINUTE


class _Impatient(H11Protocol):
    """Closes a connection over which no whole request comes for a while.

    (A time limit for a request begins only when its head is complete.)
    """

    _last: object = None
    "The request that was the last one when it was looked for the last time."

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            for other in list(self.connections):
                if isinstance(other, _Impatient) and other is not self:
                    other.make_room()
        self._again = self.loop.call_later(IDLE_SECONDS, self._look)

    def make_room(self) -> None:
        """Close, if no request has come for a while."""
        cycle: RequestResponseCycle | None = self.cycle
        waits = cycle is None or cycle.response_complete
        if waits and self.loop.time() - self._since > CROWDED_SECONDS:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._again.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is self._last and (cycle is None or cycle.response_complete):
            self.transport.close()
            return
        self._last = cycle
        self._again = self.loop.call_later(IDLE_SECONDS, self._look)


class _Server(uvicorn.Server):
    """uvicorn, telling when it is ready, and stopped by an event."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], stop: threading.Event | None
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or (self._stop is not None and self._stop.is_set())


def _listening(host: str, port: int) -> socket.socket:
    """Open the port; a taken one is an error of one line."""
    if not host:
        raise UsageError("`host` must be an address", got="none", do="127.0.0.1 is this machine.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with its protocol named, asyncio sends small parts of an answer at once (TCP_NODELAY)
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        raise UsageError(
            f"`host` and `port` must be an address of this machine that is free; "
            f"{host}:{port} is not",
            got=getattr(error, "strerror", None) or error,
            do="Give another `port`.",
        ) from error
    return found
