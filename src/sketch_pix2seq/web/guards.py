"""What stands before a site's routes: headers, and limits on origin, size, rate and time.

Each guard wraps an ASGI application. None of them knows what the routes do.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sketch_pix2seq.web.answers import Wrong, answer

_log = logging.getLogger(__name__)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
MOST_ADDRESSES = 10_000
"""Addresses whose pace is remembered; beyond it those that asked longest ago are forgotten."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a site takes from one who asks."""

    body_bytes: int = 64 * 1024
    "Largest request."
    larger: Mapping[str, int] = field(default_factory=dict)
    "Largest request to certain paths."
    held_bytes: int = 64 * 1024 * 1024
    "Of all requests that are being received."
    seconds: float = 30.0
    "Longest time that a request may take."
    per_second: float = 10.0
    "Requests a second that change or compute something, of one address, in the long run."
    burst: int = 60
    "How many of these may come at once."


class SafeHeaders:
    """Adds to every answer security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""

        async def careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", _caching(scope["path"]))
            await send(message)

        await self.app(scope, receive, careful if scope["type"] == "http" else send)


def _caching(path: str) -> str:
    """Static files are asked for again, but sent only if they changed; all else is not kept."""
    return "no-cache" if path.startswith("/static/") else "no-store"


class SameOrigin:
    """Refuses what pages of other sites send in their visitors' names.

    Source: Fetch Metadata (W3C): browsers say in `Sec-Fetch-Site` who lets them ask; older
    ones say in `Origin`. Programs say neither, and have nobody's cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and _is_foreign(scope):
            refusal = answer(Request(scope), Wrong.of_status(403))
            return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)


def _is_foreign(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    try:
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
    except ValueError:
        return True


class KnownHost:
    """Refuses requests to a name that this site does not have.

    A page of another site can let its own name lead to this address (DNS rebinding), and browsers
    then hold both for one site. An address in numbers cannot be led anywhere.

    Args:
        app: What is guarded.
        hosts: Names that it has, besides `localhost`.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self.hosts = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        if scope["type"] == "http" and not self._knows(Headers(scope=scope).get("host", "")):
            refusal = SafeHeaders(answer(Request(scope), Wrong.of_status(421)))
            return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)

    def _knows(self, header: str) -> bool:
        try:
            name = urlsplit(f"//{header}").hostname or ""
            return not header or name in self.hosts or bool(ipaddress.ip_address(name))
        except ValueError:
            return False


class BodyLimit:
    """Refuses requests that are too large, whatever they say of their size.

    Args:
        app: What is guarded.
        limits: How large they may be.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = self.limits.larger.get(scope["path"], self.limits.body_bytes)
        body = bytearray()
        try:
            status = await self._receive(scope, receive, body, most)
            if status:
                refusal = answer(Request(scope), Wrong.of_status(status))
                return await refusal(scope, receive, send)
            whole: Message | None = {"type": "http.request", "body": bytes(body)}
        except ConnectionError:
            return None
        finally:
            self._held -= len(body)

        async def received() -> Message:
            nonlocal whole
            if whole is None:
                return await receive()
            message, whole = whole, None
            return message

        return await self.app(scope, received, send)

    async def _receive(self, scope: Scope, receive: Receive, body: bytearray, most: int) -> int:
        """Hold a whole request before anybody works on it.

        Returns:
            The status with which it is refused; 0: it is not.
        """
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or int(said) > most:
            return 413
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            part = message.get("body", b"")
            body += part
            self._held += len(part)
            if len(body) > most:
                return 413
            if self._held > self.limits.held_bytes:
                return 503
            if not message.get("more_body", False):
                return 0


class _Noting:
    """Sends on, and notes that an answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        self.begun = True
        await self._send(message)


class TimeLimit:
    """Ends requests that take too long.

    Args:
        app: What is guarded.
        seconds: The longest time.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        noting = _Noting(send)
        try:
            async with asyncio.timeout(self.seconds):
                return await self.app(scope, receive, noting)
        except TimeoutError:
            if noting.begun:
                raise  # half an answer: the connection is broken off, as it must be
            return await answer(Request(scope), Wrong.of_status(504))(scope, receive, send)


class Defects:
    """Tells of a defect of ours without saying more than that, and writes it down.

    (Starlette's own handler stands outside of all guards, so its answers lack their headers.)
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        noting = _Noting(send)
        try:
            return await self.app(scope, receive, noting)
        except Exception:
            if noting.begun:
                raise  # half an answer: the connection is broken off, as it must be
            _log.exception("a defect in answering %s %s", scope["method"], scope["path"])
            return await answer(Request(scope), Wrong.of_status(500))(scope, receive, send)


class RateLimit:
    """Refuses who asks too often: a bucket of tokens for each address.

    Args:
        app: What is guarded.
        per_second: Tokens that come back in a second.
        burst: Tokens that a bucket holds.
    """

    def __init__(self, app: ASGIApp, per_second: float, burst: int) -> None:
        self.app = app
        self.per_second = per_second
        self.burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        "Tokens left, and when they were counted."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        counts = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if counts and not self._takes_token(_household((scope.get("client") or ("", 0))[0])):
            return await answer(Request(scope), Wrong.of_status(429))(scope, receive, send)
        return await self.app(scope, receive, send)

    def _takes_token(self, address: str) -> bool:
        now = time.monotonic()
        left, counted = self._buckets.pop(address, (float(self.burst), now))
        left = min(self.burst, left + (now - counted) * self.per_second)
        self._buckets[address] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return left >= 1


def _household(address: str) -> str:
    """An IPv4 address, or the network of 2^64 IPv6 addresses that one household has."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known) >> 64 << 64, 64)))
