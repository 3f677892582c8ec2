"""`sketch-pix2seq turing`: people say of sketches whether a human drew them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from sketch_pix2seq.cli.addresses import print_addresses
from sketch_pix2seq.cli.evaluate import load_models, models_of, provenance
from sketch_pix2seq.cli.outputs import refuse_place
from sketch_pix2seq.cli.terminal import notify, print_line, progress_bar
from sketch_pix2seq.cli.turing_settings import SettingsFlags
from sketch_pix2seq.errors import StudyError, UsageError
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.io.atomic import atomic_write

if TYPE_CHECKING:
    from sketch_pix2seq.evaluation.turing.study import Study
    from sketch_pix2seq.web.turing.store import Store

app = App(name="turing", help="Let people say whether a human or a model drew a sketch.")

VOTES_FILE = "votes.sqlite"
"""In the study's folder: where votes are kept if no other place is named."""
IDS_FILE = "ids.csv"
"""Beside the results, for its owner alone: who of elsewhere each participant is."""
MIN_TOKEN = 12
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
    checks: int = 0,
    exclude: tuple[str, ...] = (),
    settings: SettingsFlags | None = None,
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
        checks: Attention checks: pictures that say which answer to give.
        exclude: Label of a human drawing in whose place another is picked; repeatable.
        settings: How the study is run.
    """
    with needs_extra("data"):
        from sketch_pix2seq.data.dataset import Dataset
        from sketch_pix2seq.evaluation.turing.create import create_study
    from sketch_pix2seq.evaluation.turing.settings import StudySettings

    study_settings = (settings or SettingsFlags()).applied_to(StudySettings())
    evaluated_models = load_models(models_of(bundle) or {"default": (None,)})
    with progress_bar("drawing") as progress:
        study = create_study(
            Dataset.open(data),
            evaluated_models,
            out,
            categories=categories or None,
            per_category=per_category,
            temperature=temperature,
            seed=seed,
            checks=checks,
            exclude=exclude,
            settings=study_settings,
            progress=progress,
        )
    print_line(f"{len(study.sketches):,} sketches by {', '.join(study.sources)}")
    print_line(out)


@app.command
def edit(
    study: Path,
    *,
    drop: tuple[str, ...] = (),
    db: _Database = None,
    settings: SettingsFlags | None = None,
) -> None:
    """Change how a study is run, or leave drawings out, before people take part.

    Args:
        study: The study's folder.
        drop: Label of a human drawing that is left out with its redrawings; repeatable. Nobody may
            have answered yet.
        db: Where the votes are, as given to `turing serve`; looked at for answers.
        settings: How the study is run.
    """
    from sketch_pix2seq.evaluation.turing.design import Design
    from sketch_pix2seq.evaluation.turing.study import Study

    opened = Study.open(study).without(drop)
    new = (settings or SettingsFlags()).applied_to(opened.settings)
    changed = replace(opened, settings=new)
    num_trials = Design(changed).num_trials  # refuses settings that do not fit
    if drop:
        _refuse_if_answered(study, db)
    print_line(f"{num_trials:,} of {len(changed.pictures):,} pictures a person")
    changed.save(study)
    if not drop and new != opened.settings:
        _notify_if_answered(study, db)
    for name, value in vars(new).items():
        print_line(f"{name}: {'none' if value in (None, '', ()) else value}")


@app.command
def preview(study: Path, *, out: Path = Path("turing-preview.html")) -> None:
    """Write a sheet of all drawings with their labels, to be looked through before people vote.

    Args:
        study: The study's folder.
        out: The page, a name that ends in .html.
    """
    from sketch_pix2seq.evaluation.turing.study import Study

    if out.suffix.lower() != ".html":  # such as a file of the study
        raise UsageError("`out` must end in .html", got=out.name)
    with needs_extra("web"):
        from sketch_pix2seq.evaluation.turing.preview import preview_page
    atomic_write(out, preview_page(Study.open(study)).encode())
    print_line(out)


@app.command
def serve(
    study: Path,
    *,
    db: _Database = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    results_token: _Token = None,
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
        allow_host: A name by which browsers may ask for the site; can be repeated. Addresses in
            numbers, `localhost` and `host` may always.
        proxy: Address of a proxy in front of the site that names the client, such as 127.0.0.1.
    """
    if results_token is not None and len(results_token) < MIN_TOKEN:
        raise UsageError(
            f"`results_token` must have {MIN_TOKEN} letters or more", got=len(results_token)
        )
    from sketch_pix2seq.evaluation.turing.study import Study

    with needs_extra("web"):
        from sketch_pix2seq.web.server import serve as serve_site
        from sketch_pix2seq.web.turing.app import create_turing
        from sketch_pix2seq.web.turing.store import Store
    opened = Study.open(study)
    with needs_extra("postgres"):
        store = Store.at(_votes_of(study, db))
    token = results_token or secrets.token_urlsafe(16)
    site = create_turing(opened, study, store, results_token=token)

    def begin(address: str) -> None:
        store.prepare(opened.digest)  # now that the port is ours: a failed start leaves nothing
        first = print_addresses(f"{len(opened.sketches):,} sketches at", address)
        words = f"results at {first}results" + ("" if results_token else f", token {token}")
        print_line(words, flush=True)

    serve_site(site, host, port, begin, allow_host=allow_host, proxy=proxy)


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
        from sketch_pix2seq.web.turing.results import ids_csv, outcome_of
    refuse_place(out)
    opened, store = _opened(study, db)
    outcome = outcome_of(opened, store)
    ids = ids_csv(opened, store) if opened.settings.id_parameters else None
    store.close()
    print_line(write_results(outcome, provenance(study), out))
    if ids is not None:
        (out / IDS_FILE).touch(0o600)
        atomic_write(out / IDS_FILE, ids.encode())
        print_line(out / IDS_FILE)


@app.command
def power(
    *,
    sketches: int = 30,
    answers: int | None = None,
    human: float = 0.58,
    difference: float = 0.1,
    half_width: float = 0.05,
    chance: float = 0.8,
    people_sd: float = 0.5,
    sketch_sd: float = 0.8,
    likeness: float = 0.5,
    seed: int = 0,
) -> None:
    """Say how many people a study needs, by simulated studies.

    Args:
        sketches: Sketches of each source.
        answers: How many of each source one person sees; without it all.
        human: Expected share of human sketches that are tagged human.
        difference: By how much more often a model's are; negative: less often.
        half_width: Wanted half width of the 95 % interval of a share.
        chance: Wanted power: how often the difference is found.
        people_sd: How much people differ, a standard deviation in logits.
        sketch_sd: How much sketches differ, the same.
        likeness: Correlation of redrawings with their originals in how human they look.
        seed: Another seed, other simulated studies.
    """
    from sketch_pix2seq.evaluation.turing.power import MAX_PEOPLE, PlannedStudy

    for name, value in (("chance", chance), ("half_width", half_width)):
        if not 0 < value < 1:
            raise UsageError(f"`{name}` must be between 0 and 1", got=value)
    planned = PlannedStudy(
        sketches=sketches,
        answers=answers,
        human=human,
        difference=difference,
        people_sd=people_sd,
        sketch_sd=sketch_sd,
        likeness=likeness,
        seed=seed,
    )
    print_line("people  share ± points  difference ± points   power")
    for people in (10, 20, 40, 80, 160):
        found = planned.precision(people)
        points = f"{100 * found.share:16.1f}{100 * found.difference:21.1f}"
        print_line(f"{people:6}{points}{100 * found.power:6.0f} %")
    needed = {
        f"a share to ± {100 * half_width:g} points": planned.people_needed(
            lambda found: found.share <= half_width
        ),
        f"{100 * difference:+g} points found at {100 * chance:g} % power": planned.people_needed(
            lambda found: found.power >= chance
        ),
    }
    for what, fewest in needed.items():
        too_many = f"more than {MAX_PEOPLE:,} people: show more sketches"
        print_line(f"{what}: {too_many if fewest is None else f'{fewest:,} people'}")


def _refuse_if_answered(folder: Path, db: str | None) -> None:
    """Refuse to change what is shown after the first answer; a file without answers is deleted."""
    num_answers = _num_answers(folder, db)
    if num_answers:
        rule = "`drop` must come before the first answer"
        raise UsageError(rule, got=f"{num_answers:,} answers", do="Make another study.")
    if num_answers is None:
        return
    if db is None:
        for end in ("", "-wal", "-shm", "-journal"):  # the files of SQLite, and no others
            (folder / f"{VOTES_FILE}{end}").unlink(missing_ok=True)
        print_line(
            f"{VOTES_FILE} held no answers and is deleted: it belonged to the study as it was"
        )
    else:
        print_line("Give `turing serve` another `--db`: this one belongs to the study as it was.")


def _notify_if_answered(folder: Path, db: str | None) -> None:
    """Say that other settings come after the first answer, if votes can be found."""
    try:
        num_answers = _num_answers(folder, db)
    except StudyError as error:
        notify(f"whether there are answers is not known: {error}")
        return
    if num_answers:
        were = "1 answer was" if num_answers == 1 else f"{num_answers:,} answers were"
        notify(
            f"{were} given before: a site that is served keeps the former settings until it is "
            "started again, and results hold answers under both"
        )


def _num_answers(folder: Path, db: str | None) -> int | None:
    """How many answers there are; None: there is no database yet, as before a study is served."""
    if db is None and not (folder / VOTES_FILE).exists():
        return None
    with needs_extra("web"):
        from sketch_pix2seq.web.turing.database import NoVotesError
    try:
        _, store = _opened(folder, db)
    except NoVotesError:
        return None
    num_answers = len(store.votes())
    store.close()
    return num_answers


def _opened(folder: Path, db: str | None) -> tuple[Study, Store]:
    """Open a study and the votes on it, which must be there."""
    from sketch_pix2seq.evaluation.turing.study import Study
    from sketch_pix2seq.web.turing.store import Store

    study = Study.open(folder)
    with needs_extra("postgres"):
        return study, Store.open(_votes_of(folder, db), study.digest, must_exist=True)


def _votes_of(folder: Path, db: str | None) -> str:
    """Return the address of the votes on a study."""
    return str(folder / VOTES_FILE) if db is None else db
