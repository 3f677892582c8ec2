"""`sketch-pix2seq reproduce`: the paper's experiments from the data set to the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from sketch_pix2seq.cli.evaluate import (
    DEFAULT_AMOUNT,
    Amount,
    check_measurable,
    drawings_of,
    measure,
    models_of,
)
from sketch_pix2seq.cli.outputs import refuse_place
from sketch_pix2seq.cli.terminal import print_line
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.processors import let_idle_threads_sleep

if TYPE_CHECKING:
    from sketch_pix2seq.training.recipe import Recipe

JUDGE = "judge"


@dataclass(frozen=True)
class Preset:
    """What is trained.

    Args:
        suffix: Suffix of the four recipes' names.
        judge_steps: Training steps of the judge.
        kl_shares: Further models like `cnn_kl`, with these shares of its KL weight.
    """

    suffix: str
    judge_steps: int
    kl_shares: tuple[float, ...]


PRESETS = {
    "quick": Preset("_small", judge_steps=1_500, kl_shares=(0.1,)),
    "million": Preset("_million", judge_steps=3_000, kl_shares=()),
    "paper": Preset("", judge_steps=10_000, kl_shares=(0.1, 0.01)),
}


def reproduce(
    *,
    data: Path,
    out: Path,
    preset: Literal["quick", "million", "paper"] = "quick",
    settings: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    judge_settings: Annotated[tuple[str, ...], Parameter(name="--set-judge")] = (),
    num_trainings: Annotated[int, Parameter(name="--seeds")] = 1,
    recipe: tuple[str, ...] = (),
    judge: Path | None = None,
    bundle: tuple[Path, ...] = (),
    drawings: tuple[str, ...] = (),
    pictures: Path | None = None,
    amount: Amount = DEFAULT_AMOUNT,
) -> None:
    """Train the paper's four models and a judge, measure them, and write the report.

    What is finished in the report's folder is not done again: after Ctrl-C or a kill the same
    command goes on.

    Args:
        data: The data set.
        out: The folder of the report; runs and bundles go into it too.
        preset: quick: small models, an hour or two on two cores. million: the paper's sizes, a
            million drawings for each, some hours. paper: the paper's own recipes, for a GPU.
        settings: Change a setting of the four models, as key=value; can be repeated.
        judge_settings: Change a setting of the judge.
        num_trainings: How often each of the four models is trained, each time with another seed;
            with more than one, verdicts carry what another training changes.
        recipe: A further recipe, such as attention or transformer, trained for as many steps of as
            many drawings as the four; can be repeated.
        judge: A judge that is trained already: the exported run of the recipe `judge`.
        bundle: A further model to be compared; can be repeated, also as NAME=BUNDLE; default: the
            one that comes with the package.
        drawings: Redrawings by another program, as of `evaluate`.
        pictures: A folder of pictures to be redrawn too; without it our own cartoons.
        amount: How much is measured.
    """
    let_idle_threads_sleep()
    others, redrawings = models_of(bundle), drawings_of(drawings)
    amount.settings()
    refuse_place(out)
    if num_trainings < 1:
        raise UsageError("`num_trainings` must be 1 or more", got=num_trainings)
    with needs_extra("train"):
        from sketch_pix2seq.data.dataset import Dataset
        from sketch_pix2seq.training.recipes import PAPER
        from sketch_pix2seq.training.run import Run

        four = [function.__name__ for function in PAPER]
        recipes = dict(_recipes(PRESETS[preset], settings))
        if taken := [name for name in recipe if name.removesuffix("_small") in recipes]:
            rule = "`recipe` must be another than those that are trained anyway"
            raise UsageError(rule, got=taken[0])
        recipes |= _others(recipe, recipes[four[0]])
        judge_recipe = _judge_recipe(PRESETS[preset], judge_settings)
    if judge is not None and judge_settings:
        raise UsageError("`judge_settings` are for a judge that is trained here", got="a judge")
    check_measurable([*recipes, *others], others, data, judge, pictures, amount, redrawings)
    runs: dict[str, tuple[str, Recipe]] = {}
    for training in range(num_trainings):
        for name, chosen in recipes.items():
            if training == 0 or name in four:
                run = replace(chosen, seed=chosen.seed + training)
                runs[name + (f"-seed-{run.seed}" if training else "")] = name, run
    own_judge = {JUDGE: (JUDGE, judge_recipe)} if judge is None else {}
    dataset = Dataset.open(data)
    for run_name, (_, run) in (runs | own_judge).items():
        Run.check(out / "runs" / run_name, run, dataset)
    models: dict[str, list[Path | None]] = {name: [] for name in recipes}
    for run_name, (name, run) in runs.items():
        given = () if name in recipe else settings
        models[name].append(_trained(run, run_name, data, out, given))
    if judge is None:
        judge = _trained(judge_recipe, JUDGE, data, out, judge_settings)
    measure({**models, **others}, data, judge, out, pictures, amount, redrawings)


def _recipes(preset: Preset, settings: tuple[str, ...]) -> Iterator[tuple[str, Recipe]]:
    """Recipes of the drawing models, by their names in the report."""
    from sketch_pix2seq.training.recipes import PAPER, find_recipe

    for name in (function.__name__ for function in PAPER):
        yield name, find_recipe(name + preset.suffix).with_settings(list(settings))
    heavy = find_recipe("cnn_kl" + preset.suffix).with_settings(list(settings))
    for share in preset.kl_shares:
        weights = {name: share * getattr(heavy.kl, name) for name in ("weight", "first_weight")}
        yield f"cnn_kl_{share:g}", replace(heavy, kl=replace(heavy.kl, **weights))


def _others(names: tuple[str, ...], like: Recipe) -> dict[str, Recipe]:
    """Further recipes by name, at the budget of another one."""
    from sketch_pix2seq.training.recipes import find_recipe

    budget = {name: getattr(like, name) for name in ("num_steps", "batch_size", "seed")}
    others = {name: replace(find_recipe(name), **budget) for name in names}
    for name, recipe in others.items():
        if recipe.task != "redraw":
            raise UsageError("`recipe` must be one that draws", got=name)
    return others


def _judge_recipe(preset: Preset, settings: tuple[str, ...]) -> Recipe:
    from sketch_pix2seq.training.recipes import find_recipe

    steps = f"num_steps={preset.judge_steps}"
    return find_recipe(JUDGE).with_settings([steps, *settings])


def _trained(recipe: Recipe, name: str, data: Path, out: Path, settings: tuple[str, ...]) -> Path:
    """Train a model and export it, as far as that has not been done."""
    from sketch_pix2seq.cli.train import train_showing
    from sketch_pix2seq.export.bundle import export_run
    from sketch_pix2seq.export.classifier import export_classifier
    from sketch_pix2seq.training.run import Run

    run, bundle = out / "runs" / name, out / "models" / name
    outcome = train_showing(recipe, data, run, settings, resume=True)
    if outcome.interrupted:
        print_line(f"{name}: stopped after step {outcome.step:,} of {outcome.num_steps:,}")
        raise KeyboardInterrupt
    print_line(f"{name}: trained {outcome.num_steps:,} steps", flush=True)
    if not bundle.exists():
        bundle.parent.mkdir(parents=True, exist_ok=True)
        if recipe.task == "classify":
            export_classifier(Run(run), bundle)
        else:
            export_run(run, bundle, data=data)
    return bundle
