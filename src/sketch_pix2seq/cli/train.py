"""`sketch-pix2seq train` and `sketch-pix2seq recipes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sketch_pix2seq.cli.inputs import bundle_at, classifier_at
from sketch_pix2seq.cli.terminal import bars, print_line, printable
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.processors import let_idle_threads_sleep

if TYPE_CHECKING:
    from sketch_pix2seq.training.initial_weights import InitialWeights
    from sketch_pix2seq.training.loop import Outcome, TrainingProgress
    from sketch_pix2seq.training.recipe import Recipe


def train(
    recipe: str,
    /,
    *,
    data: Path,
    out: Path,
    settings: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    start_from: Path | None = None,
    resume: bool = False,
    devices: int = 1,
) -> None:
    """Train a model on a prepared data set.

    Ctrl-C saves and leaves; --resume goes on, also after a kill.

    Args:
        recipe: Recipe to train; `sketch-pix2seq recipes` lists them.
        data: The data set.
        out: The folder of the run.
        settings: Change a setting, as key=value; can be repeated.
        start_from: A bundle whose weights to begin with, or `default`: the model in the package;
            for the recipes `judge` and `classifier`, an exported classifier, or a bundle that
            holds one.
        resume: Go on with the run in --out.
        devices: Number of processes that share each batch, with a GPU each where there are some.
    """
    let_idle_threads_sleep()
    with needs_extra("train"):
        from sketch_pix2seq.training.process_group import is_main_process
        from sketch_pix2seq.training.recipes import find_recipe
        from sketch_pix2seq.training.run import RUN_FILE, Run

    chosen = find_recipe(recipe).with_settings(list(settings))
    if resume and not settings and (out / RUN_FILE).exists():
        of_run = Run(out).recipe
        chosen = of_run if of_run.name == recipe else chosen
    start = None if start_from is None else _initial_weights(start_from, chosen)
    outcome = train_showing(
        chosen,
        data,
        out,
        settings,
        resume=resume,
        devices=devices,
        start=start,
    )
    if not is_main_process():
        return  # under torchrun the main process reports
    if outcome.interrupted:
        steps_done = f"{outcome.step:,} of {outcome.num_steps:,}"
        print_line(f"stopped after step {steps_done}; --resume goes on")
        raise KeyboardInterrupt
    steps, loss = outcome.num_steps, outcome.best_valid_loss
    noun = "step" if steps == 1 else "steps"
    print_line(f"trained {steps:,} {noun}, best validation loss {loss:.4f}")
    print_line(out)


def train_showing(
    recipe: Recipe,
    data: Path,
    out: Path,
    settings: tuple[str, ...] = (),
    *,
    resume: bool,
    devices: int = 1,
    start: InitialWeights | None = None,
) -> Outcome:
    """Train and show the progress."""
    from sketch_pix2seq.training.loop import train as train_recipe
    from sketch_pix2seq.training.process_group import is_main_process

    with _training_bar() as (on_progress, on_notice):
        if is_main_process():
            _warn_ignored(recipe, settings, on_notice)
        return train_recipe(
            recipe,
            data,
            out,
            resume=resume,
            devices=devices,
            initial_weights=start,
            on_progress=on_progress,
            on_notice=on_notice,
        )


def _initial_weights(path: Path, recipe: Recipe) -> InitialWeights:
    """Read the weights of a bundle, of the model in the package, or of an exported classifier."""
    from sketch_pix2seq.training.initial_weights import InitialWeights

    if recipe.task == "classify":
        return InitialWeights.from_classifier(classifier_at(path), path.name)
    return InitialWeights.from_bundle(bundle_at(path))


def _warn_ignored(
    recipe: Recipe, settings: tuple[str, ...], on_notice: Callable[[str], None]
) -> None:
    """Warn of settings that have no effect."""
    ignored = recipe.ignored_settings()
    for name in dict.fromkeys(setting.partition("=")[0] for setting in settings):
        if name in ignored:
            on_notice(f"sketch-pix2seq: `{name}` is ignored: {ignored[name]}")


def recipes(*, settings: str | None = None) -> None:
    """List the recipes, or the settings of one.

    Args:
        settings: A recipe whose settings to list, with their values and meanings.
    """
    with needs_extra("train"):
        from sketch_pix2seq.training.recipes import RECIPES, find_recipe
        from sketch_pix2seq.training.settings import describe_settings

    if settings is not None:
        for name, value, meaning in describe_settings(find_recipe(settings)):
            print_line(f"{f'{name}={value}':<40} {meaning}")
        return
    width = max(map(len, RECIPES))
    for name, function in RECIPES.items():
        print_line(f"{name:<{width}}  {function().summary}")


@contextmanager
def _training_bar() -> Iterator[tuple[Callable[[TrainingProgress], None], Callable[[str], None]]]:
    """A bar with loss, drawings a second and time left; nothing where stderr is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    columns = (
        *(BarColumn(), MofNCompleteColumn()),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TextColumn("valid {task.fields[valid]}"),
        TextColumn("{task.fields[rate]:.0f} drawings/s"),
        TimeRemainingColumn(),
    )
    with bars(*columns, transient=False) as bar:
        task = bar.add_task("training", total=None, loss=float("nan"), valid="-", rate=0.0)

        def show(progress: TrainingProgress) -> None:
            valid = "-" if progress.valid_loss is None else f"{progress.valid_loss:.3f}"
            bar.update(
                task,
                completed=progress.step,
                total=progress.num_steps,
                loss=progress.loss,
                valid=valid,
                rate=progress.drawings_per_second,
            )

        def notice_line(notice: str) -> None:
            bar.console.print(printable(notice), markup=False, highlight=False, soft_wrap=True)

        yield show, notice_line
