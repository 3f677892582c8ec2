"""A site without its routes: errors in one shape, guards, static files, a health check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sketch_pix2seq import __version__
from sketch_pix2seq.web.answers import ErrorAnswer, add_error_handlers
from sketch_pix2seq.web.files import send, send_static, static_files
from sketch_pix2seq.web.guards import Guards, Limits

DEFAULT_LIMITS = Limits()
PAGE_METHODS = ["GET", "HEAD"]
"""Methods of all that can be looked at. The server leaves out the body of an answer to `HEAD`."""


def new_site(
    name: str,
    summary: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    health: Callable[[], dict[str, object]] = dict,
    layout: str = "layout.html.jinja",
    translations: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> FastAPI:
    """Make a site that has no pages yet.

    Args:
        name: Title of the site.
        summary: One sentence on the site.
        limits: What a client may send.
        lifespan: Opens what the site needs when it starts, and closes it at the end.
        health: More fields of `/api/health`.
        layout: Template that a page of an error extends.
        translations: By the code of each further language, what a page of an error says in English
            and how it is said there.

    Returns:
        The application. Its description for programs is at `/api/openapi.json`.
    """
    app = FastAPI(
        title=name,
        summary=summary,
        version=__version__,
        lifespan=lifespan,
        responses={"default": {"model": ErrorAnswer, "description": "An error."}},
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    add_error_handlers(app)
    app.add_middleware(Guards, limits=limits)
    app.state.hosts = None
    app.state.layout = layout
    app.state.translations = translations

    def get_icon(request: Request) -> Response:
        return send(request, static_files()["icon-180.png"])

    def get_robots() -> PlainTextResponse:
        return PlainTextResponse("User-agent: *\nDisallow: /api/\n")

    add_page(app, "/static/{path:path}", send_static)
    add_page(app, "/favicon.ico", get_icon)
    add_page(app, "/robots.txt", get_robots)

    @app.head("/api/health", include_in_schema=False)
    @app.get("/api/health", summary="Whether this site works.", tags=["service"])
    def get_health() -> JSONResponse:
        content = {"ok": True, "version": __version__, **health()}
        return JSONResponse(content, 200 if content["ok"] else 503)

    return app


def add_page(app: FastAPI, path: str, show: Callable[..., Response]) -> None:
    """Let a site answer at a path that is no part of its API."""
    app.add_api_route(path, show, methods=PAGE_METHODS, include_in_schema=False)
