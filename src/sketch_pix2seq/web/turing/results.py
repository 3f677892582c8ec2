"""The results of a study, for those who have its token.

The token comes in the body of a post, never in an address, and leaves no cookie behind.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from sketch_pix2seq.evaluation.report.layout import style
from sketch_pix2seq.evaluation.report.tables import csv_text
from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.report import results_page
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.evaluation.turing.trials import codebook_csv, trials_csv
from sketch_pix2seq.web.answers import page
from sketch_pix2seq.web.site import PAGE_METHODS
from sketch_pix2seq.web.turing.store import Store

STYLESHEET = "/results.css"
Token = Annotated[str, Form()]

_ACTIONS = Markup(
    '<form class="row" method="post" action="/results">'
    '<input type="hidden" name="token" value="{token}">'
    "<button>Refresh</button> "
    '<button formaction="/results/votes.csv">Download votes (CSV)</button> '
    '<button formaction="/results/codebook.csv">Download codebook (CSV)</button>{ids}</form>'
)
_IDS = Markup(' <button formaction="/results/ids.csv">Download IDs (CSV)</button>')


def outcome_of(study: Study, store: Store) -> StudyOutcome:
    """Read the votes on a study."""
    period = store.period()
    days = "" if period is None else " to ".join(sorted({day.isoformat() for day in period}))
    return StudyOutcome(study=study, votes=store.votes(), period=days)


def ids_csv(study: Study, store: Store) -> str:
    """Return who of elsewhere each participant is and whether they finished, as CSV.

    For paying or crediting them; not to be published.
    """
    num_trials = Design(study).num_trials
    rows: list[Iterable[object]] = [("participant", "id", "answered", "finished")]
    for one in store.external_ids():
        finished = "yes" if one.answered >= num_trials else "no"
        rows.append((one.participant, _inert(one.external_id), one.answered, finished))
    return csv_text(rows)


def _inert(text: str) -> str:
    """What spreadsheets would take for a formula, as a text: strangers choose what an id is."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def results_routes(study: Study, store: Store, results_token: str) -> APIRouter:
    """Return the routes of the results, whose password is `results_token`."""
    routes = APIRouter(include_in_schema=False)

    def is_right(token: str) -> bool:
        digests = [hashlib.sha256(one.encode()).digest() for one in (token, results_token)]
        return hmac.compare_digest(*digests)  # takes as long wherever the first difference is

    def refuse(request: Request) -> Response:
        return page(request, "turing/key.html.jinja", 403, wrong="Wrong token.")

    @routes.api_route("/results", methods=PAGE_METHODS)
    def ask_for_token(request: Request) -> Response:
        return page(request, "turing/key.html.jinja", wrong="")

    @routes.post("/results")
    def show(request: Request, token: Token = "") -> Response:
        if not is_right(token):
            return refuse(request)
        ids = _IDS if study.settings.id_parameters else ""
        shown = results_page(
            outcome_of(study, store),
            actions=_ACTIONS.format(token=token, ids=ids),
            stylesheet=STYLESHEET,
        )
        return HTMLResponse(shown)

    @routes.post("/results/{name}.csv")
    def download(request: Request, name: str, token: Token = "") -> Response:
        if not is_right(token):
            return refuse(request)
        made: dict[str, Callable[[], str]] = {
            "votes": lambda: trials_csv(outcome_of(study, store)),
            "codebook": codebook_csv,
            "ids": lambda: ids_csv(study, store),
        }
        if name not in made:
            raise HTTPException(404)
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(made[name](), media_type="text/csv; charset=utf-8", headers=headers)

    @routes.api_route(STYLESHEET, methods=PAGE_METHODS)
    def get_style() -> Response:
        return Response(style(), media_type="text/css; charset=utf-8")

    return routes
