"""The studio's API: drawings in, whole drawings out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Request
from jaxtyping import Float32
from starlette.responses import Response

from sketch_pix2seq.errors import BundleError, DrawingError, UsageError
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.studio.forms import (
    MAX_POINTS,
    ClassifyAnswer,
    ClassifyForm,
    CompleteForm,
    DrawingsAnswer,
    GalleryPoint,
    GenerateForm,
    Guess,
    MapAnswer,
    MixForm,
    ModelAnswer,
    PointForm,
    RedrawForm,
    TraceAnswer,
    check_tries,
    sketch_of_strokes,
    strokes_in_middle,
    strokes_of,
)
from sketch_pix2seq.web.studio.workers import Workers, go_on

NUM_GUESSES = 3


def routes(sketcher: Sketcher, drawers: Workers) -> APIRouter:
    """Return the routes of a studio; `drawers` are the threads that draw."""
    api = APIRouter(prefix="/api", tags=["studio"])
    gallery = _GalleryIndex(sketcher)
    filers = Workers(1, most_waiting=16)  # photos take seconds: they keep nobody waiting

    @api.get("/model", summary="What the model is.")
    def get_model() -> ModelAnswer:
        card = sketcher.card
        return ModelAnswer(
            name=card.name,
            categories=list(card.categories),
            temperature=card.temperature,
            can_complete=sketcher.can_complete,
            can_generate=sketcher.can_generate,
            can_classify=sketcher.can_classify,
            attends_to_picture=sketcher.attends_to_picture,
            maps=sketcher.gallery is not None,
            licence=card.licence,
            attribution=card.attribution,
        )

    @api.post("/redraw", summary="Draw a drawing again.")
    async def redraw(request: Request, form: RedrawForm) -> DrawingsAnswer:
        check_tries(form.n, form.best_of)
        sketch = sketch_of_strokes(form.drawing)
        drawn = await drawers.run(
            request,
            lambda: sketcher.redraw(
                sketch,
                form.n,
                form.temperature,
                form.seed,
                go_on,
                fidelity=form.fidelity,
                best_of=form.best_of,
            ),
        )
        return _in_middle(drawn)

    @api.post("/complete", summary="Complete a started drawing.")
    async def complete(request: Request, form: CompleteForm) -> DrawingsAnswer:
        check_tries(form.n, form.best_of)
        sketch = sketch_of_strokes(form.drawing)
        drawn = await drawers.run(
            request,
            lambda: sketcher.complete(
                sketch,
                form.n,
                form.temperature,
                form.seed,
                go_on,
                category=form.category,
                best_of=form.best_of,
            ),
        )
        return DrawingsAnswer(drawings=[strokes_of(one) for one in drawn])

    @api.post("/generate", summary="Draw a thing by its name.")
    async def generate(request: Request, form: GenerateForm) -> DrawingsAnswer:
        check_tries(form.n, form.best_of)
        drawn = await drawers.run(
            request,
            lambda: sketcher.generate(
                form.category, form.n, form.temperature, form.seed, go_on, best_of=form.best_of
            ),
        )
        return _in_middle(drawn)

    @api.post("/mix", summary="Draw what lies between two drawings.")
    async def mix(request: Request, form: MixForm) -> DrawingsAnswer:
        check_tries(form.steps, form.best_of)
        ends = [sketch_of_strokes(form.first), sketch_of_strokes(form.second)]
        drawn = await drawers.run(
            request,
            lambda: sketcher.mix(
                ends,
                form.steps,
                form.temperature,
                form.seed,
                go_on,
                spherical=form.spherical,
                best_of=form.best_of,
            ),
        )
        return _in_middle(drawn)

    @api.get(
        "/map",
        summary="Test drawings, each with its place in the latent space.",
        response_model=MapAnswer,
    )
    def get_map() -> Response:
        return Response(gallery.json, media_type="application/json")

    @api.post("/map/draw", summary="Draw a point of the map.")
    async def draw_point(request: Request, form: PointForm) -> DrawingsAnswer:
        def draw() -> list[list[Sketch]]:
            code = gallery.latent_at(form.x, form.y)
            return sketcher.decode(code[None], form.n, form.temperature, form.seed, go_on)

        (drawn,) = await drawers.run(request, draw)
        return _in_middle(drawn)

    @api.post("/classify", summary="Classify a drawing.")
    async def classify(request: Request, form: ClassifyForm) -> ClassifyAnswer:
        sketch = sketch_of_strokes(form.drawing)
        return ClassifyAnswer(
            guesses=await drawers.run(request, lambda: _guesses(sketcher, sketch))
        )

    @api.post(
        "/trace",
        summary="See the strokes in an SVG, a picture or a photo, sent as the request's body.",
        openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
    )
    async def trace(request: Request) -> TraceAnswer:
        data = await request.body()
        return await filers.run(request, lambda: _traced(data))

    @api.post("/read", include_in_schema=False)
    def read() -> None:
        raise UsageError("`/api/read` has another name", do="Send this to `/api/trace`.")

    return api


class _GalleryIndex:
    """The gallery as JSON, and its codes, computed when they are first needed."""

    def __init__(self, sketcher: Sketcher) -> None:
        self._sketcher = sketcher
        self._latents: Float32[np.ndarray, "N Z"] | None = None
        gallery = sketcher.gallery
        answer = MapAnswer(
            categories=[] if gallery is None else gallery.categories,
            drawings=[
                GalleryPoint(
                    category=one.sketch.category or "",
                    x=one.place[0],
                    y=one.place[1],
                    drawing=strokes_in_middle(one.sketch.to_quickdraw_grid()),
                )
                for one in (gallery.items if gallery else ())
            ],
        )
        self.json = answer.model_dump_json().encode()

    def latent_at(self, x: float, y: float) -> Float32[np.ndarray, "Z"]:
        gallery = self._sketcher.gallery
        if gallery is None:
            raise BundleError(
                "this model comes without a map", do="Export it with `--data` and `--gallery`."
            )
        if self._latents is None:
            self._latents = self._sketcher.encode([one.sketch for one in gallery.items])
        return gallery.latent_at((x, y), self._latents)


def _in_middle(sketches: Sequence[Sketch]) -> DrawingsAnswer:
    return DrawingsAnswer(drawings=[strokes_in_middle(one) for one in sketches])


def _guesses(sketcher: Sketcher, sketch: Sketch) -> list[Guess]:
    if not sketcher.can_classify:
        return []
    labels, probabilities = sketcher.classify([sketch])
    return [
        Guess(category=label, probability=round(probability, 4))
        for label, probability in zip(labels[0], probabilities[0].tolist(), strict=True)
    ][:NUM_GUESSES]


def _traced(data: bytes) -> TraceAnswer:
    """Read a drawing; one of very many points comes simplified, so that other routes take it."""
    sketch = Sketch.open(data)
    if sketch.num_points > MAX_POINTS:
        sketch = sketch.normalised()
    if sketch.num_points > MAX_POINTS:
        raise DrawingError(
            f"a drawing must have at most {MAX_POINTS} points",
            got=sketch.num_points,
            do="Show a part of it, or a simpler drawing.",
        )
    return TraceAnswer(drawing=strokes_in_middle(sketch, fit=True), left_out=sketch.left_out)
