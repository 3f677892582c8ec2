"""The studio's application: its pages and its API around one model."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse

from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.answers import page
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.site import new_site
from sketch_pix2seq.web.studio.api import Workers, routes
from sketch_pix2seq.web.studio.forms import strokes_in_middle

LIMITS = Limits(
    body_bytes=128 * 1024,
    larger={"/api/read": 16 * 1024 * 1024, "/api/save": 512 * 1024},
    per_second=20.0,
    burst=100,
)


class View(NamedTuple):
    """A page of the studio: its address, what the navigation calls it, and its template."""

    path: str
    title: str
    template: str


VIEWS = (
    View("/", "Draw", "draw"),
    View("/name", "By name", "name"),
    View("/complete", "Complete", "complete"),
    View("/mix", "Mix", "mix"),
    View("/map", "Map", "map"),
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
    sketches = examples_of_the_package()
    examples = [
        (sketch.category or sketch.name or "", strokes_in_middle(sketch, fit=True))
        for sketch in sketches
    ]
    app = new_site(
        "sketch-pix2seq",
        "Show it a sketch; it draws it again, stroke by stroke.",
        limits,
        health=lambda: {"drawing": drawers.num_active, "waiting": drawers.num_waiting},
    )
    app.include_router(routes(sketcher, drawers))

    def show(request: Request) -> HTMLResponse:
        view = next(view for view in VIEWS if view.path == request.scope["path"])
        return page(
            request,
            f"studio/{view.template}.html.jinja",
            view=view,
            views=VIEWS,
            card=sketcher.card,
            examples=examples,
            can_complete=sketcher.can_complete,
            can_generate=sketcher.can_generate,
            sees_pictures=sketcher.sees_pictures,
            can_classify=sketcher.can_classify,
            best=sketcher.card.oversampled or list(sketcher.card.categories),
            maps=sketcher.gallery is not None,
        )

    for view in VIEWS:
        methods = ["GET", "HEAD"]
        app.add_api_route(view.path, show, methods=methods, include_in_schema=False)
    return app


def examples_of_the_package() -> list[Sketch]:
    """Read the drawings that come with the package."""
    with resources.as_file(resources.files("sketch_pix2seq").joinpath("examples")) as folder:
        return [sketch for path in sorted(folder.iterdir()) for sketch in read_sketches(path)]
