"""The pages that participants see, and the one request that is made without a page.

Everything works with forms and redirects; scripts only make it quicker. No answer depends on who
drew a sketch: this module has no access to it.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import Tag
from sketch_pix2seq.web.answers import page
from sketch_pix2seq.web.site import PAGE_METHODS
from sketch_pix2seq.web.turing.participant_cookie import (
    code_of,
    participant_of,
    read_code,
    set_token_cookie,
)
from sketch_pix2seq.web.turing.store import Participant, Store

SECONDS_PER_SKETCH = 4
"""What people take, roughly: for saying beforehand how long it takes."""
MIN_LOOK_MS = 300
"""Who answers sooner has not looked: it was the second click of a double click."""
MAX_MS = 24 * 3600 * 1000
"""A longer response time is none: the page lay open."""
MAX_ID = 200
_PICTURES_KEPT = "private, max-age=86400, immutable"

routes, api = APIRouter(include_in_schema=False), APIRouter()
"""All that participants use. The site's `app.state.study` is its `StudyContext`."""


class Place(NamedTuple):
    """Where a participant is: how many sketches they have voted on, of how many."""

    answered: int
    total: int
    sketch: str | None
    "The one to vote on now; None: all are done."
    following: str | None
    "The one after it, so that its picture can be fetched meanwhile."


def place_in(order: tuple[str, ...], answered: Iterable[str]) -> Place:
    """Say where one is who has voted on some sketches of their own order.

    Example:
        >>> place_in(("b", "a", "c"), ["b"])
        Place(answered=1, total=3, sketch='a', following='c')
    """
    done = set(answered)
    left = [name for name in order if name not in done]
    sketch, following, *_ = *left[:2], None, None
    return Place(len(order) - len(left), len(order), sketch, following)


@dataclass(frozen=True, kw_only=True)
class StudyContext:
    """The study that the pages show.

    Args:
        store: The votes.
        pictures: PNG files by the names of sketches and attention checks.
        licence: Licence of the drawings.
        settings: How the study is run.
        design: Who sees which sketches.
        consent: The study's own consent text, HTML; may be empty.
        score: How many answers are right, and how many sketches they are on.
    """

    store: Store
    pictures: dict[str, bytes]
    licence: str
    settings: StudySettings
    design: Design
    consent: Markup
    score: Callable[[Mapping[str, bool]], tuple[int, int]]

    @property
    def minutes(self) -> int:
        """How long it takes to see all, roughly."""
        return max(1, round(self.design.num_trials * SECONDS_PER_SKETCH / 60))

    @property
    def is_closed(self) -> bool:
        """Whether nobody new may begin."""
        settings = self.settings
        counts = settings.participants is not None
        finished = self.store.num_finished(self.design.num_trials) if counts else 0
        return settings.is_closed(finished, datetime.datetime.now(datetime.UTC).date())

    def place_of(self, participant: Participant) -> Place:
        """Say where a participant is."""
        return place_in(self._trials(participant), self.store.answers(participant))

    def take(self, participant: Participant, sketch: str, tag: Tag, ms: int | None) -> bool:
        """Take a vote down on a sketch that the participant sees (else UsageError).

        See `Store.vote`; position and response time are stored only if the study says so.
        """
        trials = self._trials(participant)
        if sketch not in trials:
            raise UsageError("`sketch` must be one that this participant is shown")
        stored = self.settings.record_times
        return self.store.vote(
            participant,
            sketch,
            human=tag == "human",
            position=trials.index(sketch) + 1 if stored else None,
            response_ms=ms if stored and ms is not None and 0 <= ms <= MAX_MS else None,
        )

    def way_out(self, participant: Participant) -> str:
        """Return the address for those who have finished; empty if there is none."""
        filled = quote(participant.external_id or "", safe="")
        return self.settings.completion_url.replace("{id}", filled)

    def _trials(self, participant: Participant) -> tuple[str, ...]:
        return self._cached_trials(participant.number, participant.seed)

    @cached_property
    def _cached_trials(self) -> Callable[[int, int], tuple[str, ...]]:
        return lru_cache(maxsize=1024)(self.design.trials)


class VoteForm(BaseModel):
    """What a participant says of a sketch."""

    model_config = ConfigDict(extra="forbid")

    sketch: str = Field(max_length=64, description="Its name, as the page shows it.")
    tag: Tag = Field(description="Who drew it.")
    ms: int | None = Field(
        None, description="Milliseconds from seeing it to the answer; kept if the study says so."
    )


class VoteAnswer(BaseModel):
    """The vote is kept; what comes next."""

    ok: Literal[True] = True
    counted: bool = Field(description="False: there was a vote on this sketch already; it stays.")
    answered: int = Field(description="How many sketches have been voted on.")
    total: int = Field(description="How many there are.")
    sketch: str | None = Field(description="The next one; null: all are done.")
    following: str | None = Field(description="The one after it, to be fetched meanwhile.")


@routes.api_route("/", methods=PAGE_METHODS)
def show_start(request: Request) -> HTMLResponse:
    """The first page."""
    names = _study(request).settings.id_parameters
    ids = (request.query_params.get(name, "").strip() for name in names)
    return _start(request, external_id=next(filter(None, ids), ""))


@routes.post("/begin")
def begin(
    request: Request,
    external_id: Annotated[str, Form()] = "",
    old_enough: Annotated[str, Form()] = "",
) -> Response:
    """Take somebody in."""
    study, external_id = _study(request), external_id.strip()
    # who followed a link from elsewhere seemed new, for a Strict cookie was not sent; now it is
    if _known(request, external_id) is not None:
        return _go("/question")
    needs_id = bool(study.settings.id_parameters)
    if study.is_closed or (needs_id and not _is_id(external_id)):
        return _start(request, 403, external_id)
    if study.settings.min_age and not old_enough:
        return _start(request, 422, external_id, wrong="age")
    try:
        token = study.store.join(external_id if needs_id else None, study.design.human_left)
    except UsageError:
        return _start(request, 409, external_id, wrong="taken")
    answer = _go("/how")
    set_token_cookie(answer, request, token)
    return answer


@routes.post("/resume")
def resume(request: Request, code: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Let somebody go on in another browser."""
    token = read_code(code)
    if token is None or _study(request).store.find(token) is None:
        return _start(request, 422, wrong="code", code=code)
    answer = _go("/question")
    set_token_cookie(answer, request, token)
    return answer


@routes.api_route("/how", methods=PAGE_METHODS)
def show_how(request: Request) -> Response:
    """What to do."""
    return _page(request, "turing/how.html.jinja")


@routes.api_route("/sketches/{name}.png", methods=PAGE_METHODS)
def show_picture(request: Request, name: str) -> Response:
    """A sketch."""
    pictures = _study(request).pictures
    if name not in pictures:
        raise HTTPException(404)
    headers = {"Cache-Control": _PICTURES_KEPT}
    return Response(pictures[name], media_type="image/png", headers=headers)


@routes.api_route("/question", methods=PAGE_METHODS)
def ask(request: Request) -> Response:
    """The next sketch."""
    study, participant = _study(request), _participant(request)
    place = study.place_of(participant)
    if place.sketch is None:
        return _go("/thanks")
    return page(
        request,
        "turing/question.html.jinja",
        place=place,
        asked=_now_ms(),
        human_left=participant.human_left,
        timed=study.settings.record_times,
    )


@routes.post("/vote")
def vote(
    request: Request,
    sketch: Annotated[str, Form(max_length=64)],
    tag: Annotated[Tag, Form()],
    asked: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """A vote by the page's form."""
    participant, ms = _participant(request), _now_ms() - asked
    if not 0 <= ms < MIN_LOOK_MS:
        _study(request).take(participant, sketch, tag, ms)
    return _go("/question")


@api.post("/api/vote", summary="Say who drew a sketch; the first vote counts.")
def vote_without_page(request: Request, form: VoteForm) -> VoteAnswer:
    """A vote by a script."""
    study = _study(request)
    participant = participant_of(request, study.store)
    if participant is None:
        raise UsageError("this browser takes no part yet", do="Begin at the first page.")
    counted = study.take(participant, form.sketch, form.tag, form.ms)
    return VoteAnswer(counted=counted, **study.place_of(participant)._asdict())


@routes.api_route("/pause", methods=PAGE_METHODS)
@routes.api_route("/thanks", methods=PAGE_METHODS)
@routes.api_route("/withdraw", methods=PAGE_METHODS)
def show_last_page(request: Request) -> Response:
    """The end, for now or for good."""
    return _page(request, f"turing{request.scope['path']}.html.jinja")


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


def _is_id(text: str) -> bool:
    return 0 < len(text) <= MAX_ID and text.isprintable()


def _known(request: Request, external_id: str = "") -> Participant | None:
    """Who asks; nobody we know if they come with another id than the browser's last user."""
    found = participant_of(request, _study(request).store)
    is_another = found is not None and external_id and found.external_id not in (None, external_id)
    return None if is_another else found


def _participant(request: Request) -> Participant:
    """Who asks. Whom we do not know goes to the start: the browser may have kept no cookie."""
    found = _known(request)
    if found is None:
        raise HTTPException(303, headers={"Location": "/?lost"})
    return found


def _start(
    request: Request, status: int = 200, external_id: str = "", *, wrong: str = "", code: str = ""
) -> HTMLResponse:
    study = _study(request)
    participant = _known(request, external_id)
    return page(
        request,
        "turing/start.html.jinja",
        status,
        study=study,
        place=None if participant is None else study.place_of(participant),
        lost="lost" in request.query_params,
        external_id=external_id if _is_id(external_id) else "",
        bad_id=bool(external_id) and not _is_id(external_id),
        wrong=wrong,
        code=code,
    )


def _page(request: Request, template: str) -> Response:
    """A page for those who take part."""
    study, participant = _study(request), _participant(request)
    answers = study.store.answers(participant)
    return page(
        request,
        template,
        study=study,
        place=study.place_of(participant),
        code=code_of(request),
        human_left=participant.human_left,
        score=study.score(answers) if study.settings.show_score else None,
        way_out=study.way_out(participant),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)
