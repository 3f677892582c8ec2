"""What stands before a site's routes: headers, and limits on origin, size, rate and time."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from anyio import fail_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sketch_pix2seq.web.answers import ApiError, error_response

_log = logging.getLogger(__name__)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
MAX_ADDRESSES = 10_000
"""Addresses whose rate is remembered; beyond it those that asked longest ago are forgotten."""

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'"
)
"""The Content-Security-Policy of pages, as far as a page can name it itself."""

HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # not no-referrer: over plain HTTP forms would then say "Origin: null", as other sites' do
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of what a client may send."""

    body_bytes: int = 64 * 1024
    "Largest request."
    larger: Mapping[str, int] = field(default_factory=dict)
    "Largest request to certain paths."
    held_bytes: int = 64 * 1024 * 1024
    "Of all requests that are being received."
    seconds: float = 30.0
    "Longest time that a request may take."
    longer: Mapping[str, float] = field(default_factory=dict)
    "Longest time of requests whose path begins so."
    per_second: float = 10.0
    "Requests a second that change or compute something, of one address, in the long run."
    burst: int = 60
    "How many of these may come at once."


class Guards:
    """ASGI middleware; requests beyond the limits are refused.

    The names that the site has are `app.state.hosts` of the outermost application; None: any.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self.rate = RateLimit(limits.per_second, limits.burst)
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                _add_headers(message)
            await send(message)

        request = Request(scope, receive)
        try:
            self._check(request)
            with fail_after(self._seconds(scope["path"])):
                body = await self._receive(request)
                return await self.app(scope, _replay(body, receive), send_with_headers)
        except ClientDisconnect:
            return None
        except HTTPException as error:  # of this class: routes' own are answered inside
            status = error.status_code
        except TimeoutError:
            if has_begun:
                raise  # half an answer: the connection is broken off, as it must be
            status = 504
        except Exception:
            if has_begun:
                raise
            _log.exception("a defect in answering %s %s", scope["method"], scope["path"])
            status = 500
        refusal = error_response(request, ApiError.of_status(status))
        return await refusal(scope, receive, send_with_headers)

    def _check(self, request: Request) -> None:
        """Refuse what its head alone speaks against."""
        hosts = request.app.state.hosts
        if hosts is not None and not _is_known(request.headers.get("host", ""), hosts):
            raise HTTPException(421)
        if request.method in SAFE_METHODS:
            return
        if _is_foreign(request.headers):
            raise HTTPException(403)
        if not self.rate.allows(request.client.host if request.client else ""):
            raise HTTPException(429)

    def _seconds(self, path: str) -> float:
        """How long a request may take."""
        longer = self.limits.longer.items()
        found = (time for start, time in longer if path.startswith(start))
        return next(found, self.limits.seconds)

    async def _receive(self, request: Request) -> bytes:
        """Hold a whole request before anybody works on it."""
        most = self.limits.larger.get(request.scope["path"], self.limits.body_bytes)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            raise HTTPException(413)
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                self._held += len(part)
                if len(body) > most:
                    raise HTTPException(413)
                if self._held > self.limits.held_bytes:
                    raise HTTPException(503)
        finally:
            self._held -= len(body)
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Receive a body that was received already, then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


def _add_headers(message: Message) -> None:
    """What says nothing of that itself is not kept."""
    headers = MutableHeaders(scope=message)
    headers.update(HEADERS)
    headers.setdefault("Cache-Control", "no-store")


def _is_known(header: str, hosts: frozenset[str]) -> bool:
    """Whether a request is to this site.

    A page of another site can let its own name lead to this address (DNS rebinding), and browsers
    then hold both for one site. An address in numbers cannot be led anywhere.
    """
    try:
        parts = urlsplit(f"//{header}")
        name = parts.hostname or ""
        if parts.netloc != header or "@" in header:  # more than a name and a port
            return False
        return not header or name in hosts or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another site sends this in its visitor's name.

    Source: Fetch Metadata (W3C): browsers say in `Sec-Fetch-Site` who lets them ask; older
    ones say in `Origin`. Programs say neither, and have nobody's cookies.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    try:
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
    except ValueError:
        return True


class RateLimit:
    """How often one address may ask: a bucket of tokens for each.

    Args:
        per_second: Tokens that come back in a second.
        burst: Tokens that a bucket holds.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self.per_second = per_second
        self.burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        "Tokens left, and when they were counted."

    def allows(self, address: str) -> bool:
        """Take a token from an address, if it has one left."""
        household = _household(address)
        now = time.monotonic()
        left, counted = self._buckets.pop(household, (float(self.burst), now))
        left = min(self.burst, left + (now - counted) * self.per_second)
        self._buckets[household] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MAX_ADDRESSES:
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
