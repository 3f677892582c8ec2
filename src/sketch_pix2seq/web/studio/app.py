"""The studio's application: its pages, the model's files for them, and its API."""

from __future__ import annotations

import hashlib

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.site import new_site
from sketch_pix2seq.web.studio.api import routes
from sketch_pix2seq.web.studio.pages import TITLE, render_pages
from sketch_pix2seq.web.studio.workers import Workers

LIMITS = Limits(
    body_bytes=128 * 1024,
    larger={"/api/read": 16 * 1024 * 1024},
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

    Returns:
        The application.
    """
    drawers = Workers(num_threads or num_processors())
    app = new_site(
        TITLE,
        "Show it a sketch; it draws it again, stroke by stroke.",
        limits,
        health=lambda: {"drawing": drawers.num_active, "waiting": drawers.num_waiting},
    )
    app.include_router(routes(sketcher, drawers))
    pages = {f"/{name}": text for name, text in render_pages(sketcher, has_server=True).items()}
    files = sketcher.bundle.files
    tags = {name: f'"{hashlib.sha256(content).hexdigest()}"' for name, content in files.items()}

    def show(request: Request) -> HTMLResponse:
        return HTMLResponse(pages[request.scope["path"]])

    def get_file(request: Request, name: str) -> Response:
        """Send a file of the model; to browsers that have it, only that it is the same."""
        if name not in files:
            raise HTTPException(404)
        headers = {"ETag": tags[name], "Cache-Control": "no-cache"}
        if tags[name] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(files[name], headers=headers, media_type="application/octet-stream")

    methods = ["GET", "HEAD"]
    for path in pages:
        app.add_api_route(path, show, methods=methods, include_in_schema=False)
    app.add_api_route("/model/{name}", get_file, methods=methods, include_in_schema=False)
    return app
