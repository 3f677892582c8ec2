"""The results of a study, for those who have its token.

The token comes in the body of a post, never in an address, and leaves no cookie behind.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from sketch_pix2seq.evaluation.report.layout import style
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.report import results_page
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.answers import page
from sketch_pix2seq.web.turing.store import Store

STYLESHEET = "/results.css"
Token = Annotated[str, Form(max_length=200)]

_ACTIONS = Markup(
    '<form class="row" method="post" action="/results">'
    '<input type="hidden" name="token" value="{token}">'
    "<button>Count again</button> "
    '<button formaction="/results/votes.csv">All votes as CSV</button></form>'
)


def outcome_of(study: Study, store: Store) -> StudyOutcome:
    """Read the votes on a study."""
    period = store.period()
    days = "" if period is None else " to ".join(sorted({day.isoformat() for day in period}))
    return StudyOutcome(study=study, votes=store.votes(), period=days)


def results_routes(study: Study, store: Store, results_token: str) -> APIRouter:
    """Return the routes of the results.

    Args:
        study: The study.
        store: The study's votes.
        results_token: Password of the results.
    """
    routes = APIRouter(include_in_schema=False)

    def is_right(token: str) -> bool:
        digests = [hashlib.sha256(one.encode()).digest() for one in (token, results_token)]
        return hmac.compare_digest(*digests)  # takes as long wherever the first difference is

    def refuse(request: Request) -> Response:
        return page(request, "turing/key.html.jinja", 403, wrong="That is not the token.")

    @routes.get("/results")
    def ask_for_token(request: Request) -> Response:
        return page(request, "turing/key.html.jinja", wrong="")

    @routes.post("/results")
    def show(request: Request, token: Token = "") -> Response:
        if not is_right(token):
            return refuse(request)
        shown = results_page(
            outcome_of(study, store),
            actions=_ACTIONS.format(token=token),
            stylesheet=STYLESHEET,
        )
        return HTMLResponse(shown)

    @routes.post("/results/votes.csv")
    def download(request: Request, token: Token = "") -> Response:
        if not is_right(token):
            return refuse(request)
        headers = {"Content-Disposition": 'attachment; filename="votes.csv"'}
        content = outcome_of(study, store).to_csv()
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    @routes.get(STYLESHEET)
    def get_style() -> Response:
        return Response(style(), media_type="text/css; charset=utf-8")

    return routes
