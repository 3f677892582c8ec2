"""`sketch-pix2seq evaluate`: bundles, a data set and a judge in, a report out."""

from __future__ import annotations

import datetime
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

import sketch_pix2seq
from sketch_pix2seq import __version__
from sketch_pix2seq.cli.inputs import model_at
from sketch_pix2seq.cli.outputs import refuse_place
from sketch_pix2seq.cli.terminal import bars, print_line
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.processors import num_processors

if TYPE_CHECKING:
    from sketch_pix2seq.evaluation.evaluation import (
        EvaluatedDrawings,
        EvaluatedModel,
        EvaluationSettings,
    )
    from sketch_pix2seq.evaluation.report.layout import Provenance


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much is measured, where that differs from the defaults of `EvaluationSettings`."""

    per_category: Annotated[
        int | None,
        Parameter(help="Test drawings of each category, at most; 10 or more, 300 if left out."),
    ] = None
    temperature: Annotated[
        tuple[float, ...],
        Parameter(help="Sampling temperature; repeatable, the first counts most.", negative=()),
    ] = ()
    num_repeats: Annotated[
        int | None, Parameter(name="--repeats", help="How often all is redrawn; 3.")
    ] = None
    best_of: Annotated[int | None, Parameter(help="Also measured: the best of so many; 8.")] = None
    paths: Annotated[
        int | None, Parameter(help="Interpolations for each pair of categories; 20.")
    ] = None
    seed: Annotated[
        int,
        Parameter(
            help="Another seed, other noise, of the same test drawings; repeats take the next ones."
        ),
    ] = 0

    def settings(self) -> EvaluationSettings:
        """Return the settings of the evaluation."""
        from sketch_pix2seq.evaluation.evaluation import EvaluationSettings

        values: dict[str, Any] = {"temperatures": self.temperature, **vars(self)}
        del values["temperature"]
        return EvaluationSettings(
            **{name: value for name, value in values.items() if value not in (None, ())}
        )


DEFAULT_AMOUNT = Amount()
"""The defaults of `EvaluationSettings`."""


def evaluate(
    *,
    data: Path,
    judge: Path,
    out: Path,
    bundle: tuple[Path, ...] = (),
    drawings: tuple[str, ...] = (),
    pictures: Path | None = None,
    amount: Amount = DEFAULT_AMOUNT,
) -> None:
    """Measure models on test drawings and write a report.

    Finished parts are kept in the report's folder and not measured again.

    Args:
        data: The data set whose test drawings are redrawn.
        judge: A trained judge: the exported run of the recipe `judge`.
        out: The folder of the report.
        bundle: A model; can be repeated, also as NAME=BUNDLE; default, and without it: the one
            that comes with the package. One NAME several times: trainings of one recipe.
        drawings: Redrawings by another program, as NAME=FILE, ndjson; repeatable. Each has the `id`
            of the test drawing that it redraws, as `data convert` wrote it.
        pictures: A folder of pictures to be redrawn too; without it our own cartoons.
        amount: How much is measured.
    """
    named = drawings_of(drawings)
    measure(models_of(bundle) or {"default": (None,)}, data, judge, out, pictures, amount, named)


def models_of(bundles: tuple[Path, ...]) -> dict[str, tuple[Path | None, ...]]:
    """Return the paths of bundles by name.

    Args:
        bundles: Each a path, or NAME=PATH; `default`: the model in the package. Paths of one NAME
            are trainings of one recipe.

    Returns:
        Paths by name, None for the model in the package; without a name a bundle is named after
        its file.

    Raises:
        UsageError: If two have one name that was not given.
    """
    named: dict[str, tuple[Path | None, ...]] = {}
    for bundle in bundles:
        name, equals, rest = str(bundle).partition("=")
        path = Path(rest) if equals and not bundle.exists() else bundle
        is_named = path is not bundle
        label = name if is_named else bundle.name.removesuffix(".zip")
        if label in named and not is_named:
            raise UsageError(
                f"two of `bundle` are called {label}", do="Name them: --bundle NAME=BUNDLE."
            )
        named[label] = (*named.get(label, ()), model_at(path))
    return named


def drawings_of(given: tuple[str, ...]) -> dict[str, Path]:
    """Return the paths of redrawings by name, each given as NAME=PATH.

    Raises:
        UsageError: If one has no name, or two have the same.
    """
    named: dict[str, Path] = {}
    for name_and_path in given:
        name, equals, path = name_and_path.partition("=")
        if not equals:
            raise UsageError("each of `drawings` must be NAME=FILE", got=name_and_path)
        if name in named:
            raise UsageError(f"two of `drawings` are called {name}")
        named[name] = Path(path)
    return named


def load_models(models: Mapping[str, Sequence[Path | None]]) -> list[EvaluatedModel]:
    """Load all trainings of all models."""
    from sketch_pix2seq.evaluation.evaluation import EvaluatedModel

    return [
        EvaluatedModel.load(label, path, training)
        for label, paths in models.items()
        for training, path in enumerate(paths)
    ]


def check_measurable(
    labels: Sequence[str],
    models: Mapping[str, Sequence[Path | None]],
    data: Path,
    judge: Path | None,
    pictures: Path | None,
    amount: Amount,
    drawings: Mapping[str, Path],
) -> tuple[list[EvaluatedModel], list[EvaluatedDrawings]]:
    """Load what is to be measured, before hours are spent on training or measuring.

    Args:
        labels: Labels of all models.
        models: The models that exist already.
        data: The data set.
        judge: The judge, if it exists already.
        pictures: A folder; None: our own.
        amount: How much is measured.
        drawings: Redrawings by other programs.

    Returns:
        models: Those that exist already.
        drawings: Redrawings by other programs.
    """
    with needs_extra("eval"):
        import jinja2  # noqa: F401
        import sklearn  # noqa: F401

        from sketch_pix2seq.data.dataset import Dataset
    from sketch_pix2seq.evaluation.baselines import read_redrawings
    from sketch_pix2seq.evaluation.evaluation import (
        HeldOut,
        check_judge,
        check_labels,
        check_trainings,
    )
    from sketch_pix2seq.evaluation.pictures import read_pictures
    from sketch_pix2seq.inference.classifier import Classifier

    check_labels([*labels, *drawings])
    held_out = HeldOut(Dataset.open(data), amount.settings().per_category)
    read_pictures(pictures, held_out.categories)
    others = [read_redrawings(name, path, held_out) for name, path in drawings.items()]
    loaded = load_models(models)
    check_trainings(loaded)
    if judge is not None:
        check_judge(Classifier.load(judge), held_out.categories, loaded)
    return loaded, others


def measure(
    models: Mapping[str, Sequence[Path | None]],
    data: Path,
    judge: Path,
    out: Path,
    pictures: Path | None,
    amount: Amount,
    drawings: Mapping[str, Path],
) -> None:
    """Measure models, write the report and print where it is."""
    refuse_place(out)
    loaded, others = check_measurable([*models], models, data, judge, pictures, amount, drawings)
    from sketch_pix2seq.data.dataset import Dataset
    from sketch_pix2seq.evaluation.run import evaluate as run
    from sketch_pix2seq.inference.classifier import Classifier

    with _parts_bar() as progress:
        page = run(
            loaded,
            Dataset.open(data),
            Classifier.load(judge),
            out,
            provenance(data),
            amount.settings(),
            pictures,
            others,
            progress,
        )
    print_line(page)


def provenance(data: Path) -> Provenance:
    """How a report is made: command, commit, data, machine and date."""
    from sketch_pix2seq.evaluation.report.layout import Provenance
    from sketch_pix2seq.evaluation.report.tables import counted

    processors = counted(num_processors(), "processor")
    return Provenance(
        command=shlex.join(["sketch-pix2seq", *map(_without_password, sys.argv[1:])]),
        commit=_commit() or f"release {__version__}",
        data=data.resolve().name,
        machine=f"{platform.system()} {platform.machine()}, {processors}, "
        f"Python {platform.python_version()}",
        date=datetime.date.today().isoformat(),
    )


def _without_password(word: str) -> str:
    """Hide the password of a database's address: reports are shown to others."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", word)


def _commit() -> str | None:
    """The commit of the checkout that this code is in; None: it is installed."""
    package = Path(sketch_pix2seq.__file__).resolve().parent
    if not (package.parents[1] / ".git").exists():
        return None  # installed: a checkout around it would be somebody else's
    try:
        result = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=package,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip() or None


@contextmanager
def _parts_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is measured now; nothing where stderr is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    with bars(BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")) as progress:
        task = progress.add_task("", total=None)
        yield lambda part, done, total: progress.update(
            task, description=part, completed=done, total=total
        )
