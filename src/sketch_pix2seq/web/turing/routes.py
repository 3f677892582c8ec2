"""The pages that participants see, and the one request that is made without a page.

Everything works with forms and redirects; scripts only make it quicker. No answer depends on who
drew a sketch: this module has no access to it.
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
from sketch_pix2seq.web.turing.participant_cookie import (
    code_of,
    participant_of,
    read_code,
    set_token_cookie,
)
from sketch_pix2seq.web.turing.store import Participant, Store

SECONDS_PER_SKETCH = 4
"""What people take, roughly: for saying beforehand how long it takes."""
LEAST_LOOK_MS = 300
"""Who answers sooner has not looked: it was the second click of a double click."""
_PICTURES_KEPT = "private, max-age=86400, immutable"

Tag = Literal["human", "computer"]
routes, api = APIRouter(include_in_schema=False), APIRouter()
"""All that participants use. The site's `app.state.study` is its `StudyContext`."""


@dataclass(frozen=True, kw_only=True)
class StudyContext:
    """The study that the pages show.

    Args:
        store: The votes.
        pictures: PNG files by the sketches' names.
        licence: Licence of the drawings.
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
        """Take a vote down on a sketch of this study (else UsageError); see `Store.vote`."""
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


@routes.get("/")
def show_start(request: Request) -> HTMLResponse:
    """The first page."""
    return _start(request)


@routes.post("/begin")
def begin(request: Request) -> Response:
    """Take somebody in."""
    # who followed a link from elsewhere seemed new, for a Strict cookie was not sent; now it is
    if participant_of(request, _study(request).store) is not None:
        return _go("/question")
    answer = _go("/how")
    set_token_cookie(answer, request, _study(request).store.join())
    return answer


@routes.post("/resume")
def resume(request: Request, code: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Let somebody go on in another browser."""
    token = read_code(code)
    if token is None or _study(request).store.find(token) is None:
        return _start(request, 422, wrong="Nobody here has this code. Look at it once more.")
    answer = _go("/question")
    set_token_cookie(answer, request, token)
    return answer


@routes.get("/how")
def show_how(request: Request) -> Response:
    """What to do."""
    return _page(request, "turing/how.html.jinja")


@routes.get("/sketches/{name}.png")
def show_picture(request: Request, name: str) -> Response:
    """A sketch."""
    pictures = _study(request).pictures
    if name not in pictures:
        raise HTTPException(404)
    headers = {"Cache-Control": _PICTURES_KEPT}
    return Response(pictures[name], media_type="image/png", headers=headers)


@routes.get("/question")
def ask(request: Request) -> Response:
    """The next sketch."""
    place = _study(request).place_of(_participant(request))
    if place.sketch is None:
        return _go("/thanks")
    return page(request, "turing/question.html.jinja", place=place, asked=_now_ms())


@routes.post("/vote")
def vote(
    request: Request,
    sketch: Annotated[str, Form(max_length=64)],
    tag: Annotated[Tag, Form()],
    asked: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """A vote by the page's form."""
    participant = _participant(request)
    if not 0 <= _now_ms() - asked < LEAST_LOOK_MS:
        _study(request).take(participant, sketch, tag)
    return _go("/question")


@api.post("/api/vote", summary="Say who drew a sketch; the first vote counts.")
def vote_without_page(request: Request, form: VoteForm) -> VoteAnswer:
    """A vote by a script."""
    study = _study(request)
    participant = participant_of(request, study.store)
    if participant is None:
        raise UsageError("this browser takes no part yet", do="Begin at the first page.")
    counted = study.take(participant, form.sketch, form.tag)
    return VoteAnswer(counted=counted, **study.place_of(participant)._asdict())


@routes.get("/pause")
@routes.get("/thanks")
@routes.get("/withdraw")
def show_last_page(request: Request) -> Response:
    """The end, for now or for good."""
    return _page(request, f"turing{request.url.path}.html.jinja")


@routes.post("/withdraw")
def withdraw(request: Request) -> Response:
    """Forget somebody."""
    store = _study(request).store
    participant = participant_of(request, store)
    if participant is not None:
        store.withdraw(participant)
    answer = page(request, "turing/gone.html.jinja")
    set_token_cookie(answer, request, None)
    return answer


def _study(request: Request) -> StudyContext:
    study: StudyContext = request.app.state.study
    return study


def _participant(request: Request) -> Participant:
    """Who asks. Whom we do not know goes to the start: the browser may have kept no cookie."""
    found = participant_of(request, _study(request).store)
    if found is None:
        raise HTTPException(303, headers={"Location": "/?lost"})
    return found


def _start(request: Request, status: int = 200, wrong: str = "") -> HTMLResponse:
    study = _study(request)
    participant = participant_of(request, study.store)
    return page(
        request,
        "turing/start.html.jinja",
        status,
        study=study,
        place=None if participant is None else study.place_of(participant),
        lost="lost" in request.query_params,
        wrong=wrong,
    )


def _page(request: Request, template: str) -> Response:
    """A page for those who take part."""
    study = _study(request)
    place = study.place_of(_participant(request))
    return page(request, template, place=place, code=code_of(request), study=study)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)
