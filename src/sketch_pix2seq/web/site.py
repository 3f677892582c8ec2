"""A site without its routes: errors in one shape, guards, static files, a health check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from sketch_pix2seq import __version__
from sketch_pix2seq.web.answers import STATIC, add_error_handlers
from sketch_pix2seq.web.guards import Guards, Limits

DEFAULT_LIMITS = Limits()


def new_site(
    name: str,
    summary: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    health: Callable[[], dict[str, object]] = dict,
) -> FastAPI:
    """Make a site that has no pages yet.

    Args:
        name: Title of the site.
        summary: One sentence on the site.
        limits: What a client may send.
        lifespan: Opens what the site needs when it starts, and closes it at the end.
        health: More fields of `/api/health`.

    Returns:
        The application. Its description for programs is at `/api/openapi.json`.
    """
    app = FastAPI(
        title=name,
        summary=summary,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    add_error_handlers(app)
    app.add_middleware(Guards, limits=limits)
    app.state.hosts = None
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/api/health", summary="Whether this site works.", tags=["service"])
    def get_health() -> JSONResponse:
        content = {"ok": True, "version": __version__, **health()}
        return JSONResponse(content, 200 if content["ok"] else 503)

    return app
