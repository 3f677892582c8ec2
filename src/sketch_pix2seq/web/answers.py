"""How a site says that something is wrong: one shape for programs, one page for people.

    {"ok": false, "error": {"code": "...", "message": "...", "hint": "..."}}

Knows which of our errors is whose fault. It does not know the routes.
"""

from __future__ import annotations

from typing import NamedTuple

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sketch_pix2seq.errors import (
    BusyError,
    DrawingError,
    InputError,
    SketchPix2SeqError,
    UsageError,
)
from sketch_pix2seq.web.pages import page

RETRY_SECONDS = 2
"""Seconds that a refused client shall wait before it tries again."""

MOST_NAMED = 80
"""Letters of a field's name that are said back."""

_CODES = {
    400: ("bad_request", "this request cannot be understood", ""),
    403: ("forbidden", "this may not be asked for from here", "Open the site itself."),
    404: ("not_found", "there is no such page", "Begin at the first page."),
    405: ("method_not_allowed", "this cannot be asked for in this way", ""),
    408: ("too_slow", "the request came too slowly", "Try again."),
    413: ("too_large", "what was sent is too large", "Send less at once."),
    421: ("unknown_host", "this site does not have this name", "Start it with `allow-host`."),
    429: ("too_many", "too much was asked for in a short time", "Wait a little."),
    503: ("busy", "too many people are drawing at this moment", "Try again in a few seconds."),
    504: ("timeout", "this took too long", "Ask for less at once, or try again."),
}


class Wrong(NamedTuple):
    """An error as a site reports it.

    Args:
        status: Of HTTP.
        code: For programs; does not change.
        message: For people: what is wrong.
        hint: What to do next; may be empty.
    """

    status: int
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of_status(cls, status: int) -> Wrong:
        """Say what a bare status means."""
        code, message, hint = _CODES.get(
            status, ("failed", "something went wrong here", "Try again.")
        )
        return cls(status, code, message, hint)

    @classmethod
    def of_error(cls, error: SketchPix2SeqError) -> Wrong:
        """Say what one of our errors means to who asked."""
        kinds: tuple[tuple[type[SketchPix2SeqError], int, str], ...] = (
            (BusyError, 503, "busy"),
            (DrawingError, 422, "drawing"),
            (UsageError, 422, "usage"),
            (InputError, 500, "broken"),
        )
        status, code = next(
            ((status, code) for kind, status, code in kinds if isinstance(error, kind)),
            (500, "failed"),
        )
        hint = error.do or ""
        message = str(error).removesuffix(hint).rstrip(" .")
        return cls(status, code, message, hint)

    def to_dict(self) -> dict[str, object]:
        """Return the JSON content of the answer."""
        about = {"code": self.code, "message": self.message, "hint": self.hint}
        return {"ok": False, "error": about}


def answer(request: Request, wrong: Wrong) -> Response:
    """Report an error: to a browser that asked for a page by a page, else as JSON."""
    headers = {"Retry-After": str(RETRY_SECONDS)} if wrong.status in (429, 503) else {}
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith("/api/"):
        shown = page(request, "wrong.html.jinja", wrong.status, wrong=wrong)
        shown.headers.update(headers)
        return shown
    return JSONResponse(wrong.to_dict(), wrong.status, headers)


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def add_error_handlers(app: FastAPI) -> None:
    """Report every error of a site in the one shape."""

    def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, SketchPix2SeqError)
        return answer(request, Wrong.of_error(error))

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = answer(request, Wrong.of_status(error.status_code))
        response.headers.update(error.headers or {})
        return response

    def of_fields(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first, *_ = error.errors()
        place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        said = first.get("ctx", {}).get("error") or _lowered(str(first["msg"]))
        message = f"`{place[:MOST_NAMED]}`: {said}"
        return answer(request, Wrong(422, "usage", message, "See /api/openapi.json."))

    app.add_exception_handler(SketchPix2SeqError, ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_fields)
