"""The studio's application: its pages, the model's files for them, and its API."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.web.files import SentFile, send
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.site import add_page, new_site
from sketch_pix2seq.web.studio.api import routes
from sketch_pix2seq.web.studio.pages import SUMMARY, TITLE, languages, manifest, render_pages
from sketch_pix2seq.web.studio.workers import Workers

LIMITS = Limits(
    body_bytes=128 * 1024,
    larger={"/api/trace": 16 * 1024 * 1024},
    longer={"/model/": 600.0},  # megabytes, to a class that shares one wireless network
    per_second=20.0,
    burst=100,
)


def create_studio(
    sketcher: Sketcher, limits: Limits = LIMITS, *, num_threads: int | None = None
) -> FastAPI:
    """Make the studio of a model.

    Args:
        sketcher: The model; it draws fastest for many if it uses one thread for each.
        limits: What a client may send.
        num_threads: Requests that are worked on at once; None: as many as there are processors.
    """
    drawers = Workers(num_processors() if num_threads is None else num_threads)
    app = new_site(
        TITLE,
        SUMMARY,
        limits,
        health=lambda: {"drawing": drawers.num_active, "waiting": drawers.num_waiting},
        translations={one.code: one.errors for one in languages() if one.errors},
    )
    app.include_router(routes(sketcher, drawers))
    pages = {
        f"/{name}": SentFile.of("page.html", text.encode())
        for name, text in render_pages(sketcher, has_server=True).items()
    }
    pages["/manifest.webmanifest"] = SentFile.of("manifest.webmanifest", manifest())
    files = {name: SentFile.of(name, content) for name, content in sketcher.bundle.files.items()}

    def get_file(request: Request, name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return send(request, files[name])

    for path, page in pages.items():
        add_page(app, path, _page(page))
    add_page(app, "/model/{name}", get_file)
    return app


def _page(page: SentFile) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:
        return send(request, page)

    return show
