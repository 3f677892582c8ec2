"""The pages that participants see, and the one request that is made without a page.

Everything works with forms and redirects; scripts only make it quicker. No answer depends on who
drew a sketch: this module does not know it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.web.answers import page
from sketch_pix2seq.web.turing.order import Place, own_order, place_in
from sketch_pix2seq.web.turing.store import Participant, Store
from sketch_pix2seq.web.turing.visits import (
    code_of,
    forget,
    participant_of,
    read_code,
    remember,
)

SECONDS_PER_SKETCH = 4
"""What people take, roughly: for saying beforehand how long it takes."""
LEAST_LOOK_MS = 300
"""Who answers sooner has not looked: it was the second click of a double click."""
_PICTURES_KEPT = "private, max-age=86400, immutable"

Tag = Literal["human", "computer"]


@dataclass(frozen=True, kw_only=True)
class StudyContext:
    """The study that the pages show.

    Args:
        store: Where votes go.
        pictures: PNG files by the sketches' names.
        licence: Of the drawings.
        contact: Whom participants can ask; may be empty.
    """

    store: Store
    pictures: dict[str, bytes]
    licence: str
    contact: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the sketches, in an order that reveals nothing."""
        return tuple(sorted(self.pictures))

    @property
    def minutes(self) -> int:
        """How long it takes to see all, roughly."""
        return max(1, round(len(self.names) * SECONDS_PER_SKETCH / 60))

    def place_of(self, participant: Participant) -> Place:
        """Say where a participant is."""
        order = own_order(self.names, participant.seed)
        return place_in(order, self.store.answered(participant))

    def take(self, participant: Participant, sketch: str, tag: Tag) -> bool:
        """Take a vote down; see `Store.vote`.

        Raises:
            UsageError: If the study has no such sketch.
        """
        if sketch not in self.pictures:
            raise UsageError("`sketch` must be one of this study")
        return self.store.vote(participant, sketch, human=tag == "human")


class VoteForm(BaseModel):
    """What a participant says of a sketch."""

    model_config = ConfigDict(extra="forbid")

    sketch: str = Field(max_length=64, description="Its name, as the page shows it.")
    tag: Tag = Field(description="Who drew it.")


class VoteAnswer(BaseModel):
    """The vote is kept; what comes next."""

    ok: Literal[True] = True
    counted: bool = Field(description="False: there was a vote on this sketch already; it stays.")
    answered: int = Field(description="How many sketches have been voted on.")
    total: int = Field(description="How many there are.")
    sketch: str | None = Field(description="The next one; null: all are done.")
    following: str | None = Field(description="The one after it, to be fetched meanwhile.")


def participant_routes(context: StudyContext) -> APIRouter:
    """Return all routes that participants use."""
    routes = APIRouter()
    _add_voting(routes, context)
    _add_start(routes, context)
    _add_end(routes, context)

    @routes.get("/how", include_in_schema=False)
    def show_how(request: Request) -> Response:
        participant = participant_of(request, context.store)
        if participant is None:
            return _redirect_to_start()
        return page(request, "turing/how.html.jinja", place=context.place_of(participant))

    @routes.get("/sketches/{name}.png", include_in_schema=False)
    def show_picture(name: str) -> Response:
        if name not in context.pictures:
            raise HTTPException(404)
        headers = {"Cache-Control": _PICTURES_KEPT}
        return Response(context.pictures[name], media_type="image/png", headers=headers)

    return routes


def _add_voting(routes: APIRouter, context: StudyContext) -> None:
    @routes.get("/question", include_in_schema=False)
    def ask(request: Request) -> Response:
        participant = participant_of(request, context.store)
        if participant is None:
            return _redirect_to_start()
        place = context.place_of(participant)
        if place.sketch is None:
            return _go("/thanks")
        return page(request, "turing/question.html.jinja", place=place, asked=_now_ms())

    @routes.post("/vote", include_in_schema=False)
    def vote(
        request: Request,
        sketch: Annotated[str, Form(max_length=64)],
        tag: Annotated[Tag, Form()],
        asked: Annotated[int, Form(ge=0)] = 0,
    ) -> Response:
        participant = participant_of(request, context.store)
        if participant is None:
            return _redirect_to_start()
        if not 0 <= _now_ms() - asked < LEAST_LOOK_MS:
            context.take(participant, sketch, tag)
        return _go("/question")

    @routes.post("/api/vote", summary="Say who drew a sketch; the first vote counts.")
    def vote_without_page(request: Request, form: VoteForm) -> VoteAnswer:
        participant = participant_of(request, context.store)
        if participant is None:
            raise UsageError("this browser takes no part yet", do="Begin at the first page.")
        counted = context.take(participant, form.sketch, form.tag)
        return VoteAnswer(counted=counted, **context.place_of(participant)._asdict())


def _add_start(routes: APIRouter, context: StudyContext) -> None:
    def start(request: Request, status: int = 200, wrong: str = "") -> HTMLResponse:
        participant = participant_of(request, context.store)
        return page(
            request,
            "turing/start.html.jinja",
            status,
            study=context,
            place=None if participant is None else context.place_of(participant),
            lost="lost" in request.query_params,
            wrong=wrong,
        )

    @routes.get("/", include_in_schema=False)
    def show_start(request: Request) -> HTMLResponse:
        return start(request)

    @routes.post("/begin", include_in_schema=False)
    def begin(request: Request) -> Response:
        # who followed a link from elsewhere seemed new, for a Strict cookie was not sent; now it is
        if participant_of(request, context.store) is not None:
            return _go("/question")
        answer = _go("/how")
        remember(answer, request, context.store.join())
        return answer

    @routes.post("/resume", include_in_schema=False)
    def resume(request: Request, code: Annotated[str, Form(max_length=200)] = "") -> Response:
        token = read_code(code)
        if token is None or context.store.find(token) is None:
            return start(request, 422, wrong="Nobody here has this code. Look at it once more.")
        answer = _go("/question")
        remember(answer, request, token)
        return answer


def _add_end(routes: APIRouter, context: StudyContext) -> None:
    @routes.get("/pause", include_in_schema=False)
    def pause(request: Request) -> Response:
        return _last_page(request, context, "turing/pause.html.jinja")

    @routes.get("/thanks", include_in_schema=False)
    def thank(request: Request) -> Response:
        return _last_page(request, context, "turing/thanks.html.jinja")

    @routes.get("/withdraw", include_in_schema=False)
    def ask_to_withdraw(request: Request) -> Response:
        return _last_page(request, context, "turing/withdraw.html.jinja")

    @routes.post("/withdraw", include_in_schema=False)
    def withdraw(request: Request) -> Response:
        participant = participant_of(request, context.store)
        if participant is not None:
            context.store.withdraw(participant)
        answer = page(request, "turing/gone.html.jinja")
        forget(answer, request)
        return answer


def _last_page(request: Request, context: StudyContext, template: str) -> Response:
    participant = participant_of(request, context.store)
    if participant is None:
        return _redirect_to_start()
    place = context.place_of(participant)
    return page(request, template, place=place, code=code_of(request), study=context)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)


def _redirect_to_start() -> RedirectResponse:
    """Where those go whom we do not know: their browser may have kept no cookie."""
    return _go("/?lost")
