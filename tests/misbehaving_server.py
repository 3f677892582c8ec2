"""A real HTTP server on this machine that gives files, and can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


@dataclass
class File:
    """A file and how it is given.

    `tricks` are used up one a GET: "break:N" sends N bytes and hangs up, "stall:N" sends N bytes
    and says no more, "status:N", "retry-after:N", "redirect:ADDRESS", "claim:N" announces N
    bytes, "no-range" sends all, "other-part" sends another part than asked for, "change" is
    another version from now on.
    """

    content: bytes
    tricks: list[str] = field(default_factory=list)
    md5: bytes | None = None
    with_mark: bool = True

    @property
    def mark(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


@dataclass
class Server:
    """What is given, and what was asked for."""

    files: dict[str, File] = field(default_factory=dict)
    requests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    bytes_sent: int = 0
    address: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Server

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        file = self._found()
        if file is None:
            return
        trick, _, number = (file.tricks.pop(0) if file.tricks else "").partition(":")
        asked = self.headers.get("Range", "")
        self.served.requests[unquote(self.path)].append(asked or "all")
        if trick in ("status", "retry-after"):
            self._answer(429 if trick == "retry-after" else int(number), number)
            return
        if trick == "redirect":
            self.send_response(302)
            self.send_header("Location", number)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if trick == "change":
            file.content = bytes(reversed(file.content))
        start = 0
        found = re.fullmatch(r"bytes=(\d+)-", asked)
        if found and self.headers.get("If-Range") == file.mark and trick != "no-range":
            start = int(found[1])
        if trick == "other-part":
            start += 1
        part = file.content[start:]
        length = int(number) if trick == "claim" else len(part)
        self._begin(206 if start else 200, file, length, start)
        sent = part[: int(number)] if trick in ("break", "stall") else part
        self.served.bytes_sent += len(sent)
        self.wfile.write(sent)
        if trick == "stall":
            self.wfile.flush()
            self.served.ended.wait(30)
        if trick in ("break", "stall", "claim"):
            self.close_connection = True

    def _found(self) -> File | None:
        file = self.served.files.get(unquote(self.path))
        if file is None:
            self._answer(404)
        return file

    def _answer(self, status: int, retry_after: str = "0") -> None:
        self.send_response(status)
        self.send_header("Retry-After", retry_after if status == 429 else "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _begin(self, status: int, file: File, length: int, start: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if file.with_mark:
            self.send_header("ETag", file.mark)
        if status == 206:
            last, size = len(file.content) - 1, len(file.content)
            self.send_header("Content-Range", f"bytes {start}-{last}/{size}")
        if file.md5 is not None:
            self.send_header("x-goog-hash", "crc32c=AAAAAA==")
            self.send_header("x-goog-hash", f"md5={base64.b64encode(file.md5).decode()}")
        self.end_headers()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def misbehaving_server() -> Iterator[Server]:
    """Serve while it lasts."""
    server = Server()
    handler = type("Handler", (_Handler,), {"served": server})
    with _Quiet(("127.0.0.1", 0), handler) as listening:
        server.address = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            listening.shutdown()
            thread.join()
