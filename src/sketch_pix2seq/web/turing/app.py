"""The Turing site's application around one study and the votes on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from markdown_it import MarkdownIt
from markupsafe import Markup

from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.study import HUMAN, Study
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.site import new_site
from sketch_pix2seq.web.turing.pictures import load_pictures
from sketch_pix2seq.web.turing.results import results_routes
from sketch_pix2seq.web.turing.routes import StudyContext, api, routes
from sketch_pix2seq.web.turing.store import Store

_FIRST_HEADING = 3  # of a consent text: the page has the ones above
NAME = "Human or computer?"
LIMITS = Limits(body_bytes=4 * 1024, seconds=60.0, per_second=50.0, burst=300)
"""A class of people in one room has one address: they must all be let in."""


def create_turing(
    study: Study, folder: Path, store: Store, *, results_token: str, limits: Limits = LIMITS
) -> FastAPI:
    """Make the site of a study.

    Args:
        study: The study.
        folder: Folder of the study.
        store: The votes. It is closed when the site ends.
        results_token: Password of the results.
        limits: What a client may send.

    Raises:
        StudyError: If a picture of the study cannot be shown.
        UsageError: If the study's settings do not fit its sketches.
    """
    drawn_by_human = {sketch.name: sketch.source == HUMAN for sketch in study.sketches}

    def score(answers: Mapping[str, bool]) -> tuple[int, int]:
        right = [
            human == drawn_by_human[name]
            for name, human in answers.items()
            if name in drawn_by_human
        ]
        return sum(right), len(right)

    pictures = load_pictures(study, folder)

    @asynccontextmanager
    async def open_and_close(app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = new_site(
        NAME,
        "Who drew this sketch, a human or a computer?",
        limits,
        lifespan=open_and_close,
        health=lambda: {"ok": store.can_write()},
        layout="turing/base.html.jinja",
    )
    app.state.study = StudyContext(
        store=store,
        pictures=pictures,
        licence=str(study.made.get("licence", "")),
        settings=study.settings,
        design=Design(study),
        consent=consent_html(study.settings.consent),
        score=score,
    )
    app.include_router(routes)
    app.include_router(api)
    app.include_router(results_routes(study, store, results_token))
    return app


def consent_html(text: str) -> Markup:
    r"""Lay out a text in Markdown as HTML.

    HTML in it is shown as it is written, addresses of scripts are no links, pictures are left out.

    Example:
        >>> consent_html("# Who we are\n<b>")
        Markup('<h3>Who we are</h3>\n<p>&lt;b&gt;</p>\n')
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _FIRST_HEADING - 1)}"
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # escaped by the renderer
