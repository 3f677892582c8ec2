"""`sketch-pix2seq turing`: people say of sketches whether a human drew them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from sketch_pix2seq.cli.addresses import print_addresses
from sketch_pix2seq.cli.evaluate import models_of, provenance
from sketch_pix2seq.cli.outputs import refuse_place
from sketch_pix2seq.cli.terminal import print_line, progress_bar
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.extras import needs_extra

if TYPE_CHECKING:
    from sketch_pix2seq.evaluation.turing.study import Study
    from sketch_pix2seq.web.turing.store import Store

app = App(name="turing", help="Let people say whether a human or a model drew a sketch.")

VOTES_FILE = "votes.sqlite"
"""In the study's folder: where votes are kept if no other place is named."""
LEAST_TOKEN = 12
"""Letters of a token for the results, if it is a chosen one."""

_Database = Annotated[str | None, Parameter(name="--db", env_var="SKETCH_PIX2SEQ_DB")]
_Token = Annotated[str | None, Parameter(env_var="SKETCH_PIX2SEQ_RESULTS_TOKEN")]


@app.command
def create(
    *,
    data: Path,
    out: Path,
    bundle: tuple[Path, ...] = (),
    per_category: int = 10,
    categories: tuple[str, ...] = (),
    temperature: float | None = None,
    seed: int = 0,
) -> None:
    """Pick human test drawings and let every model redraw each.

    Args:
        data: The data set whose test drawings are picked.
        out: The folder of the study; it must not exist yet.
        bundle: A model; can be repeated, also as NAME=BUNDLE; without it the one that comes with
            the package.
        per_category: Human drawings of each category.
        categories: Category to show; repeatable; without it the data set's first three.
        temperature: Sampling temperature; without it each model's own.
        seed: Another seed, other drawings and other noise.
    """
    with needs_extra("data"):
        from sketch_pix2seq.data.dataset import Dataset
        from sketch_pix2seq.evaluation.turing.create import create_study
    from sketch_pix2seq.evaluation.evaluation import EvaluatedModel

    models = models_of(bundle) or {"default": None}
    evaluated_models = [EvaluatedModel.load(label, path) for label, path in models.items()]
    with progress_bar("drawing") as progress:
        study = create_study(
            Dataset.open(data),
            evaluated_models,
            out,
            categories=categories or None,
            per_category=per_category,
            temperature=temperature,
            seed=seed,
            progress=progress,
        )
    print_line(f"{len(study.sketches):,} sketches by {', '.join(study.sources)}")
    print_line(out)


@app.command
def serve(
    study: Path,
    *,
    db: _Database = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    results_token: _Token = None,
    contact: str = "",
    allow_host: tuple[str, ...] = (),
    proxy: str | None = None,
) -> None:
    """Serve a study's site until Ctrl-C.

    Args:
        study: The study's folder.
        db: Database of votes: a file for SQLite, or postgresql://USER@HOST/NAME; without it
            `votes.sqlite` in the study's folder.
        host: The address to listen at; without it this machine alone can reach the site.
        port: The port to listen at; 0: any that is free.
        results_token: Password of the results; without it a new one at each start.
        contact: Whom participants can ask, as the first page says it.
        allow_host: A name by which browsers may ask for the site; can be repeated. Addresses in
            numbers, `localhost` and `host` may always.
        proxy: Address of a proxy in front of the site that names the client, such as 127.0.0.1.
    """
    if results_token is not None and len(results_token) < LEAST_TOKEN:
        raise UsageError(
            f"`results_token` must have {LEAST_TOKEN} letters or more", got=len(results_token)
        )
    with needs_extra("web"):
        from sketch_pix2seq.web.server import serve as serve_site
        from sketch_pix2seq.web.turing.app import create_turing
    opened, store = _opened(study, db)
    token = results_token or secrets.token_urlsafe(16)
    site = create_turing(opened, study, store, results_token=token, contact=contact)

    def announce(address: str) -> None:
        first = print_addresses(f"{len(opened.sketches):,} sketches at", address)
        words = f"results at {first}results" + ("" if results_token else f", token {token}")
        print_line(words, flush=True)

    serve_site(site, host, port, announce, allow_host=allow_host, proxy=proxy)


@app.command
def results(study: Path, *, db: _Database = None, out: Path = Path("turing-results")) -> None:
    """Write what the votes say: a page, tables, figures, all votes.

    Args:
        study: The study's folder.
        db: Database of its votes, as given to `serve`.
        out: The folder of the report.
    """
    with needs_extra("web"):
        from sketch_pix2seq.evaluation.turing.report import write_results
        from sketch_pix2seq.web.turing.results import outcome_of
    refuse_place(out)
    opened, store = _opened(study, db, must_exist=True)
    outcome = outcome_of(opened, store)
    store.close()
    print_line(write_results(outcome, provenance(study), out))


def _opened(folder: Path, db: str | None, *, must_exist: bool = False) -> tuple[Study, Store]:
    """Open a study and the votes on it."""
    from sketch_pix2seq.evaluation.turing.study import Study
    from sketch_pix2seq.web.turing.store import Store

    study = Study.open(folder)
    place = str(folder / VOTES_FILE) if db is None else db
    with needs_extra("postgres"):
        return study, Store.open(place, study.digest, must_exist=must_exist)
