"""How a site answers: pages, and errors of one shape for programs and one page for people.

    {"ok": false, "error": {"code": "...", "message": "...", "hint": "..."}}

Pages are templates of the package filled in, everything escaped. They hold no script and no
style: those are files under `static/`, as the sites' Content-Security-Policy asks for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sketch_pix2seq import __version__
from sketch_pix2seq.errors import (
    BundleError,
    BusyError,
    DrawingError,
    InputError,
    SketchPix2SeqError,
    UsageError,
)
from sketch_pix2seq.web.files import static_prefix

_HERE = Path(__file__).parent
RETRY_SECONDS = 2
"""Seconds that a refused client shall wait before it tries again."""

_OWN = "en"  # the language of errors, unless a site says them in others

MAX_NAMED = 80
"""Letters of a field's name that are said back."""

_CODES = {
    400: ("bad_request", "this request cannot be understood", ""),
    403: ("forbidden", "this may not be asked for from here", "Open the site itself."),
    404: ("not_found", "there is no such page", "Begin at the first page."),
    405: ("method_not_allowed", "this cannot be asked for in this way", ""),
    408: ("too_slow", "the request came too slowly", "Try again."),
    413: ("too_large", "what was sent is too large", "Send less at once."),
    421: ("unknown_host", "this site does not have this name", "Start it with `--allow-host`."),
    429: ("too_many", "too much was asked for in a short time", "Wait a little."),
    503: ("busy", "too many people are drawing at this moment", "Try again in a few seconds."),
    504: ("timeout", "this took too long", "Ask for less at once, or try again."),
}


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Answer with a template that is filled in; arguments as of `render`."""
    about = {"site": request.app.title, "summary": request.app.summary}
    return HTMLResponse(render(template, **about, **values), status)


def render(template: str, **values: object) -> str:
    """Fill in a template; return HTML.

    Args:
        template: Name of the template below `templates/`.
        **values: Values for the template. `root`: what links to pages of the site begin with;
            `policy`: a Content-Security-Policy to be named in the page.
    """
    given: dict[str, object] = {"version": __version__, "root": "/", "policy": ""} | values
    given["static"] = f"{given['root']}{static_prefix()}"
    return _environment().get_template(template).render(given)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class ErrorFacts(BaseModel):
    """What is wrong."""

    code: str = Field(description="Its name for programs, which does not change.")
    message: str
    hint: str = Field(description="What to do next; may be empty.")


class ErrorAnswer(BaseModel):
    """Every error of every route."""

    ok: Literal[False] = False
    error: ErrorFacts


class ApiError(NamedTuple):
    """An error as a site reports it.

    Args:
        status: HTTP status.
        code: Name of the error for programs; does not change.
        message: Text for people: what is wrong.
        hint: What to do next; may be empty.
    """

    status: int
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of_status(cls, status: int) -> ApiError:
        """Say what a bare status means."""
        code, message, hint = _CODES.get(
            status, ("failed", "something went wrong here", "Try again.")
        )
        return cls(status, code, message, hint)

    @classmethod
    def of_error(cls, error: SketchPix2SeqError) -> ApiError:
        """Say what one of our errors means to who asked."""
        kinds: tuple[tuple[type[SketchPix2SeqError], int, str], ...] = (
            (BusyError, 503, "busy"),
            (DrawingError, 422, "drawing"),
            (UsageError, 422, "usage"),
            (BundleError, 422, "model"),  # the model cannot do what was asked of it
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


def error_response(request: Request, error: ApiError) -> Response:
    """Report an error: to a browser that asked for a page by a page, else as JSON."""
    headers = {"Retry-After": str(RETRY_SECONDS)} if error.status in (429, 503) else {}
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.scope["path"].startswith("/api/"):
        language = _language(request)
        texts = request.app.state.translations.get(language, {})
        values = {"error": error, "layout": request.app.state.layout, "language": language}
        values["said"] = lambda text: texts.get(text, text)
        shown = page(request, "error.html.jinja", error.status, **values)
        shown.headers.update(headers | {"Vary": "Accept-Language"})
        return shown
    return JSONResponse(error.to_dict(), error.status, headers)


def _language(request: Request) -> str:
    """The language of an error's page: that of the folder, else the first of the browser's."""
    known = request.app.state.translations
    folders = request.scope["path"].split("/")
    preferred = request.headers.get("accept-language", "").split(",")  # the best comes first
    codes = [word.strip()[:2].lower() for word in preferred]
    in_folder = (code for code in folders if code in known)
    return next(in_folder, next((code for code in codes if code in (_OWN, *known)), _OWN))


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def add_error_handlers(app: FastAPI) -> None:
    """Report every error of a site in the one shape."""

    def of_package(request: Request, error: Exception) -> Response:
        assert isinstance(error, SketchPix2SeqError)
        return error_response(request, ApiError.of_error(error))

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = error_response(request, ApiError.of_status(error.status_code))
        response.headers.update(error.headers or {})
        return response

    def of_fields(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first, *_ = error.errors()
        place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        said = first.get("ctx", {}).get("error") or _lowered(str(first["msg"]))
        message = f"`{place[:MAX_NAMED]}`: {said}"
        if first["type"] == "json_invalid":  # its place is that of a letter
            message = f"`body` must be JSON, and is none at letter {place}: {_lowered(str(said))}"
        elif place == "body" and first["type"] in ("missing", "model_attributes_type"):
            message = "`body` must be a JSON object, sent as `Content-Type: application/json`"
        return error_response(request, ApiError(422, "usage", message, "See /api/openapi.json."))

    app.add_exception_handler(SketchPix2SeqError, of_package)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_fields)
