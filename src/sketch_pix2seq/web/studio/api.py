"""The studio's API: drawings in, strokes out as they are drawn.

Answers that are drawn come as lines of JSON, each `{"moves": [[place, [[x, y, lift], ...],
finished], ...]}`, and end with `{"done": true}` or with an error in the one shape.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, TypedDict

import numpy as np
import orjson
from fastapi import APIRouter, Request
from jaxtyping import Float32
from starlette.responses import Response, StreamingResponse

from sketch_pix2seq.bundle.gallery import Gallery
from sketch_pix2seq.errors import BundleError, DrawingError, SketchPix2SeqError
from sketch_pix2seq.inference.mixing import interpolate_scores, path_through
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.animation import film
from sketch_pix2seq.io.atomic import png_bytes
from sketch_pix2seq.io.reading import read_drawing
from sketch_pix2seq.io.sheet import Sheet, SheetRow
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.answers import Wrong
from sketch_pix2seq.web.studio.drawing_service import (
    DrawingService,
    Moves,
    check_tries,
    drawing_of,
    sketch_of,
)
from sketch_pix2seq.web.studio.forms import (
    MOST_POINTS,
    ClassifyAnswer,
    ClassifyForm,
    CompleteForm,
    GalleryPoint,
    Guess,
    MapAnswer,
    MixForm,
    ModelAnswer,
    PointForm,
    ReadAnswer,
    RedrawForm,
    SaveForm,
)
from sketch_pix2seq.web.studio.worker_limits import WorkerLimits

_log = logging.getLogger(__name__)

LINES = "application/x-ndjson"
NUM_GUESSES = 3
_PICTURE_SIZE = 1024
_GIF_SIZE = 384
_TYPES = {"svg": "image/svg+xml", "png": "image/png", "gif": "image/gif"}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {LINES: {}}, "description": "Strokes, as they are drawn."}
}


def routes(service: DrawingService) -> APIRouter:
    """Return the routes of a studio.

    Args:
        service: Draws.
    """
    api = APIRouter(prefix="/api", tags=["studio"])
    sketcher = service.sketcher
    gallery = _GalleryIndex(service)
    workers = WorkerLimits()

    @api.get("/model", summary="What the model is.")
    def get_model() -> ModelAnswer:
        card = sketcher.card
        return ModelAnswer(
            name=card.name,
            categories=list(card.categories),
            temperature=card.temperature,
            can_complete=sketcher.can_complete,
            can_classify=sketcher.can_classify,
            maps=sketcher.gallery is not None,
            licence=card.licence,
            attribution=card.attribution,
        )

    @api.post("/redraw", summary="Draw a drawing again.", responses=_STREAM)
    async def redraw(form: RedrawForm) -> StreamingResponse:
        check_tries(form.n, form.best_of)
        given = [sketch_of(form.drawing)]
        views, latents, scores = await workers.look(
            lambda: sketcher.encode_once(given, with_scores=form.best_of > 1)
        )
        params = _sampling_args(form, service)
        conditions = await workers.look(lambda: sketcher.conditions_of(latents, views))
        if form.best_of == 1:
            return _stream(service.draw(conditions, n=form.n, **params))
        tries = {"n": form.n, "best_of": form.best_of}
        return _stream(service.draw_best(conditions, latents, scores, workers, **tries, **params))

    @api.post("/complete", summary="Complete a started drawing.", responses=_STREAM)
    async def complete(form: CompleteForm) -> StreamingResponse:
        conditions, prefixes = await workers.look(
            lambda: sketcher.prepare_completion([sketch_of(form.drawing)])
        )
        drawn = service.draw(
            conditions, n=form.n, prefixes=prefixes, **_sampling_args(form, service)
        )
        return _stream(drawn)

    @api.post("/mix", summary="Draw what lies between two drawings.", responses=_STREAM)
    async def mix(form: MixForm) -> StreamingResponse:
        check_tries(form.steps, form.best_of)
        ends = [sketch_of(form.first), sketch_of(form.second)]
        _, codes, scores = await workers.look(
            lambda: sketcher.encode_once(ends, with_scores=form.best_of > 1)
        )
        path = path_through(codes, form.steps, spherical=form.spherical)
        params = _sampling_args(form, service)
        conditions = sketcher.conditions_of(path)
        if form.best_of == 1:
            return _stream(service.draw(conditions, **params))
        path_scores = None if scores is None else interpolate_scores(scores, form.steps)
        best = service.draw_best(
            conditions, path, path_scores, workers, best_of=form.best_of, **params
        )
        return _stream(best)

    @api.get(
        "/map",
        summary="Test drawings, each with its place in the latent space.",
        response_model=MapAnswer,
    )
    def get_map() -> Response:
        return Response(gallery.json, media_type="application/json")

    @api.post("/map/draw", summary="Draw a point of the map.", responses=_STREAM)
    async def draw_place(form: PointForm) -> StreamingResponse:
        latent = await workers.look(lambda: gallery.latent_at(form.x, form.y))
        conditions = sketcher.conditions_of(latent[None])
        return _stream(service.draw(conditions, n=form.n, **_sampling_args(form, service)))

    @api.post("/classify", summary="Classify a drawing.")
    async def classify(form: ClassifyForm) -> ClassifyAnswer:
        sketch = sketch_of(form.drawing)
        return ClassifyAnswer(guesses=await workers.look(lambda: _guesses(sketcher, sketch)))

    @api.post(
        "/read",
        summary="See the strokes in an SVG, a picture or a photo, sent as the request's body.",
        openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
    )
    async def read(request: Request) -> ReadAnswer:
        data = await request.body()
        return ReadAnswer(drawing=await workers.file(lambda: _seen(data)))

    @api.post(
        "/save",
        summary="Put drawings into a file: one alone, or several side by side.",
        response_class=Response,
        responses={200: {"content": {kind: {} for kind in _TYPES.values()}}},
    )
    async def save(form: SaveForm) -> Response:
        content = await workers.file(lambda: _file(form))
        name = f"sketch.{form.format}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=_TYPES[form.format], headers=headers)

    return api


class _GalleryIndex:
    """The gallery as JSON, and its codes, computed when they are first needed."""

    def __init__(self, service: DrawingService) -> None:
        self._service = service
        self._latents: Float32[np.ndarray, "N Z"] | None = None
        gallery = service.sketcher.gallery
        drawings = [] if gallery is None else gallery.items
        answer = MapAnswer(
            categories=[] if gallery is None else gallery.categories,
            drawings=[
                GalleryPoint(
                    category=one.sketch.category or "",
                    x=one.place[0],
                    y=one.place[1],
                    drawing=drawing_of(one.sketch.rounded()),
                )
                for one in drawings
            ],
        )
        self.json = answer.model_dump_json().encode()

    def latent_at(self, x: float, y: float) -> Float32[np.ndarray, "Z"]:
        gallery: Gallery | None = self._service.sketcher.gallery
        if gallery is None:
            raise BundleError(
                "this model comes without a map", do="Export it with `--data` and `--gallery`."
            )
        if self._latents is None:
            self._latents = self._service.sketcher.encode([one.sketch for one in gallery.items])
        return gallery.latent_at((x, y), self._latents)


class _SamplingArgs(TypedDict):
    temperature: float
    seed: int


def _sampling_args(
    form: CompleteForm | MixForm | PointForm, service: DrawingService
) -> _SamplingArgs:
    """The arguments of `DrawingService.draw`."""
    temperature = form.temperature
    if temperature is None:
        temperature = service.sketcher.card.temperature
    return {"temperature": temperature, "seed": form.seed}


def _guesses(sketcher: Sketcher, sketch: Sketch) -> list[Guess]:
    if not sketcher.can_classify:
        return []
    labels, probabilities = sketcher.classify([sketch])
    return [
        Guess(category=label, probability=round(probability, 4))
        for label, probability in zip(labels[0], probabilities[0].tolist(), strict=True)
    ][:NUM_GUESSES]


def _seen(data: bytes) -> list[list[list[float]]]:
    """Read a drawing; one of very many points comes simplified, so that other routes take it."""
    sketch = read_drawing(data)
    if sketch.num_points > MOST_POINTS:
        sketch = sketch.normalised()
    if sketch.num_points > MOST_POINTS:
        raise DrawingError(
            f"a drawing must have at most {MOST_POINTS} points",
            got=sketch.num_points,
            do="Show a part of it, or a simpler drawing.",
        )
    return drawing_of(sketch)


def _file(form: SaveForm) -> bytes:
    """Put drawings into a file."""
    sketches = [sketch_of(drawing) for drawing in form.drawings]
    if form.format == "gif" and len(sketches) > 1:
        return film([one.smoothed() if form.smooth else one for one in sketches], "gif")
    if form.format == "gif":
        return sketches[0].to_animation("gif", _GIF_SIZE, smooth=form.smooth)
    if len(sketches) == 1:
        if form.format == "svg":
            return sketches[0].to_svg(size=_PICTURE_SIZE, smooth=form.smooth).encode()
        return png_bytes(sketches[0].to_image(_PICTURE_SIZE, smooth=form.smooth))
    columns = form.columns or len(sketches)
    shown = [one.smoothed() if form.smooth else one for one in sketches]
    rows = [SheetRow(shown[first : first + columns]) for first in range(0, len(shown), columns)]
    sheet = Sheet(rows=rows)
    return sheet.to_svg().encode() if form.format == "svg" else png_bytes(sheet.to_image())


def _stream(drawn: AsyncIterator[list[Moves]]) -> StreamingResponse:
    return StreamingResponse(_lines(drawn), media_type=LINES)


async def _lines(drawn: AsyncIterator[list[Moves]]) -> AsyncIterator[bytes]:
    last: dict[str, object] = {"done": True}
    try:
        async for moves in drawn:
            yield _line({"moves": [list(move) for move in moves]})
    except SketchPix2SeqError as error:  # the status was sent already
        last = Wrong.of_error(error).to_dict()
    except TimeoutError:
        last = Wrong.of_status(504).to_dict()
    except Exception:
        _log.exception("a defect in drawing")
        last = Wrong.of_status(500).to_dict()
    yield _line(last)


def _line(content: dict[str, object]) -> bytes:
    return orjson.dumps(content) + b"\n"
