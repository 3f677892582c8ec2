"""The loop: it learns, it can be killed, it tells what happens."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.data.batches import Batch, BatchSource
from sketch_pix2seq.errors import RunError
from sketch_pix2seq.models import SketchAutoencoder
from sketch_pix2seq.models.attention import CONDITIONS
from sketch_pix2seq.training import checkpoint, loop
from sketch_pix2seq.training.checkpoint import checkpoint_path, checkpoints, load_checkpoint
from sketch_pix2seq.training.loop import TrainingProgress, train
from sketch_pix2seq.training.recipe import ModelSettings, OptimiserSettings, Recipe


def last_tensors(run: Path) -> dict[str, Tensor]:
    return load_checkpoint(checkpoints(run / "checkpoints")[-1])[0]


def assert_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def metrics(run: Path, kind: str) -> list[dict[str, float]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def test_a_run_leaves_all_that_is_promised(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    reported: list[TrainingProgress] = []
    recipe = replace(tiny_recipe, sheet_every=12)
    outcome = train(recipe, shapes, tmp_path / "run", on_progress=reported.append)
    assert (outcome.step, outcome.interrupted) == (12, False)
    assert [progress.step for progress in reported] == list(range(1, 13))
    assert reported[-1].valid_loss is not None and reported[-1].drawings_per_second > 0
    run = tmp_path / "run"
    assert [line["step"] for line in metrics(run, "train")] == list(range(1, 13))
    assert [line["step"] for line in metrics(run, "valid")] == [6, 12]
    names = sorted(path.name for path in (run / "checkpoints").iterdir())
    steps = ["step-00000004.safetensors", "step-00000008.safetensors", "step-00000012.safetensors"]
    assert names == ["best.safetensors", *steps]
    assert (run / "sheets" / "step-00000012.png").stat().st_size > 1000
    assert list((run / "tensorboard").iterdir())
    facts = json.loads((run / "run.json").read_text())
    assert facts["recipe"]["seed"] == recipe.seed
    assert facts["data"]["categories"] == [
        "circle",
        "house",
        "ladder",
        "spiral",
        "square",
        "zigzag",
    ]


def test_same_seed_same_weights_another_seed_others(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        train(replace(tiny_recipe, seed=seed), shapes, tmp_path / name)
    assert_same(last_tensors(tmp_path / "one"), last_tensors(tmp_path / "two"))
    first, other = last_tensors(tmp_path / "one"), last_tensors(tmp_path / "three")
    assert not torch.equal(first["model.decoder.weight"], other["model.decoder.weight"])


class _Killed(BaseException):
    """Stands for a kill: nothing in the loop may catch it."""


@pytest.mark.parametrize(
    "kill_after", [5, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 4, 7, 11))]
)
def test_broken_off_and_resumed_is_never_stopped(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, kill_after: int
) -> None:
    train(tiny_recipe, shapes, tmp_path / "whole")

    def kill(progress: TrainingProgress) -> None:
        if progress.step == kill_after:
            raise _Killed

    with pytest.raises(_Killed):
        train(tiny_recipe, shapes, tmp_path / "broken", on_progress=kill)
    outcome = train(tiny_recipe, shapes, tmp_path / "broken", resume=True)
    assert outcome.step == 12
    assert_same(last_tensors(tmp_path / "whole"), last_tensors(tmp_path / "broken"))
    whole, broken = (
        checkpoint_path(tmp_path / run / "checkpoints", 12) for run in ("whole", "broken")
    )
    assert whole.read_bytes() == broken.read_bytes()
    strip = {"drawings_per_second"}
    for kind in ("train", "valid"):
        lines = [
            [{k: v for k, v in line.items() if k not in strip} for line in metrics(run, kind)]
            for run in (tmp_path / "whole", tmp_path / "broken")
        ]
        assert lines[0] == lines[1]


@pytest.mark.parametrize(
    "kill_after", [5, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 11))]
)
def test_attention_broken_off_and_resumed_is_never_stopped(
    shapes: Path, tiny_attention: Recipe, tmp_path: Path, kill_after: int
) -> None:
    """Bit for bit: noise, conditions, unsteady pasts and dropout come from seed and step."""

    def kill(progress: TrainingProgress) -> None:
        if progress.step == kill_after:
            raise _Killed

    train(tiny_attention, shapes, tmp_path / "whole")
    with pytest.raises(_Killed):
        train(tiny_attention, shapes, tmp_path / "broken", on_progress=kill)
    torch.rand(3)  # what else draws from torch's own generator changes nothing
    train(tiny_attention, shapes, tmp_path / "broken", resume=True)
    whole, broken = (
        checkpoint_path(tmp_path / run / "checkpoints", 12) for run in ("whole", "broken")
    )
    assert whole.read_bytes() == broken.read_bytes()


def test_attention_reports_each_condition_and_draws_sheets(
    shapes: Path, tiny_attention: Recipe, tmp_path: Path
) -> None:
    train(replace(tiny_attention, sheet_every=12), shapes, tmp_path / "run")
    lines = metrics(tmp_path / "run", "valid")
    assert [line["step"] for line in lines] == [6, 12]
    for line in lines:
        each = [line[f"reconstruction_{given}"] for given in CONDITIONS]
        assert len(set(each)) == len(CONDITIONS)
        assert min(each) - 0.1 < line["reconstruction"] < max(each) + 0.1
        assert 0 < line["class_ce"] < 5
    weight = tiny_attention.model.class_weight
    for line in metrics(tmp_path / "run", "train"):  # what is minimised
        assert line["loss"] == pytest.approx(line["reconstruction"] + weight * line["class_ce"])
    sheet = tmp_path / "run" / "sheets" / "step-00000012.png"
    assert sheet.stat().st_size > 1000


@pytest.mark.parametrize(
    "first", [pytest.param("sheet_every", marks=pytest.mark.slow), "validate_every"]
)
def test_an_attention_model_that_has_diverged_is_reported(
    shapes: Path, tiny_attention: Recipe, tmp_path: Path, first: str
) -> None:
    settings = ["optimiser.learning_rate=1e30", "optimiser.clip_norm=0", f"{first}=1"]
    with pytest.raises(RunError, match="Lower `optimiser.learning_rate`"):
        train(tiny_attention.with_settings(settings), shapes, tmp_path / "run")


def test_attention_learns_8_drawings_by_heart(
    shapes: Path, tiny_attention: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_attention.with_settings(
        [
            *("num_steps=75", "validate_every=75", "checkpoint_every=75"),
            *("model.decoder_size=48", "model.keep=1.0", "augmentation.past_jitter=0"),
            *("optimiser.learning_rate=4e-3", "conditions.shown=1.0", "conditions.partly=0.0"),
        ]
    )

    class Eight:
        """Always the same batch."""

        def __init__(self, *args: object, **options: object) -> None:
            self.source = BatchSource(*args, **options)  # type: ignore[arg-type]
            self.pad_to = None

        def batch(self, step: int) -> Batch:
            return self.source.batch(0)

    monkeypatch.setattr(loop, "BatchSource", Eight)
    train(recipe, shapes, tmp_path / "run")
    losses = [line["loss"] for line in metrics(tmp_path / "run", "train")]
    assert losses[-1] < losses[0] - 2.0


KILLED_WHILE_WRITING = """
import os, signal
from sketch_pix2seq.training import checkpoint

def half(tensors, place, metadata):
    whole(tensors, place, metadata=metadata)
    if place.name.endswith(sys.argv[5] + ".safetensors.partial"):
        os.truncate(place, place.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

whole, checkpoint.save_file = checkpoint.save_file, half
"""
TRAINED = """
import json, sys
from pathlib import Path
import torch
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import Recipe
torch.set_num_threads(1)
{before}
recipe = Recipe.from_dict(json.loads(sys.argv[1]))
train(recipe, Path(sys.argv[2]), Path(sys.argv[3]), resume=sys.argv[4] == "resume")
"""


def program(recipe: Recipe, data: Path, out: Path, mode: str, *, killed_in: str = "") -> list[str]:
    """A command that trains; if asked to, killed in the middle of writing a checkpoint."""
    text = TRAINED.format(before=KILLED_WHILE_WRITING if killed_in else "")
    words = [json.dumps(recipe.to_dict()), str(data), str(out), mode, killed_in]
    return [sys.executable, "-c", text, *words]


@pytest.mark.xdist_group("kill")
def test_kill_9_and_resume(shapes: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """A real process, killed for real, while it writes checkpoints all the time."""
    recipe = replace(tiny_recipe, num_steps=60, checkpoint_every=1, validate_every=60)
    process = subprocess.Popen(program(recipe, shapes, tmp_path / "killed", "new"))
    folder = tmp_path / "killed" / "checkpoints"
    deadline = time.monotonic() + 60
    while len(checkpoints(folder)) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    train(recipe, shapes, tmp_path / "killed", resume=True)
    train(recipe, shapes, tmp_path / "whole")
    assert_same(last_tensors(tmp_path / "killed"), last_tensors(tmp_path / "whole"))
    assert not [path for path in folder.iterdir() if path.name.endswith(".partial")]


@pytest.mark.slow
@pytest.mark.xdist_group("kill")
def test_killed_in_the_middle_of_writing_checkpoints_again_and_again(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    train(tiny_recipe, shapes, whole)
    for name in ("step-00000004", "best", "step-00000012"):
        command = program(tiny_recipe, shapes, killed, "resume", killed_in=name)
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert (killed / "checkpoints" / f".{name}.safetensors.partial").exists()
    train(tiny_recipe, shapes, killed, resume=True)
    paths = [checkpoint_path(run / "checkpoints", 12) for run in (killed, whole)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert not list((killed / "checkpoints").glob(".*"))


def test_a_full_disk_is_reported_and_ends_the_run_only_at_its_end(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny_recipe, shapes, tmp_path / "whole")
    save = save_file
    full_at = [b"step-00000004", b"best", b"step-00000012"]

    def full(tensors: object, place: Path, metadata: object) -> None:
        if any(name in bytes(place) for name in full_at):
            raise OSError(errno.ENOSPC, "No space left on device")
        save(tensors, place, metadata=metadata)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoint, "save_file", full)
    notices: list[str] = []
    with pytest.raises(RunError, match="step-00000012.*No space left"):
        train(tiny_recipe, shapes, tmp_path / "full", on_notice=notices.append)
    assert all("No space left" in line and "goes on without it" in line for line in notices)
    assert len(notices) == 3  # step 4, and the best at steps 6 and 12; the last one is an error
    monkeypatch.undo()
    train(tiny_recipe, shapes, tmp_path / "full", resume=True)
    assert_same(last_tensors(tmp_path / "full"), last_tensors(tmp_path / "whole"))


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped header", "flipped weight"])
def test_a_damaged_newest_checkpoint_is_skipped_with_a_notice(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, damage: str
) -> None:
    run = tmp_path / "run"
    train(tiny_recipe, shapes, run)
    newest = checkpoint_path(run / "checkpoints", 12)
    whole = last_tensors(run)
    content = bytearray(newest.read_bytes())
    content[{"flipped header": 20, "flipped weight": -100}.get(damage, 0)] ^= 1
    newest.write_bytes(content[: {"truncated": -100, "empty": 0}.get(damage)])
    notices: list[str] = []
    train(tiny_recipe, shapes, run, resume=True, on_notice=notices.append)
    assert [newest.name in notices[0], newest.stem in notices[1]] == [True, True]
    assert_same(last_tensors(run), whole)
    assert newest.with_suffix(".damaged").exists()


def test_damaged_checkpoints_never_push_out_whole_ones(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(tiny_recipe, shapes, run)
    for step in (101, 102, 103):
        checkpoint_path(run / "checkpoints", step).write_text("junk")
    train(tiny_recipe, shapes, run, resume=True)
    assert [path.name[5:13] for path in checkpoints(run / "checkpoints")][-1] == "00000012"


def test_a_run_is_never_begun_again_because_its_checkpoints_cannot_be_read(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(tiny_recipe, shapes, run)
    before = (run / "metrics.jsonl").read_bytes()
    for path in checkpoints(run / "checkpoints"):
        path.write_bytes(path.read_bytes()[:50])
    for _ in range(2):
        with pytest.raises(RunError, match="none of the 3 checkpoints"):
            train(tiny_recipe, shapes, run, resume=True)
    assert (run / "metrics.jsonl").read_bytes() == before


def test_checkpoints_of_another_version_are_refused(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, shapes, tmp_path / "run")
    newest = checkpoint_path(tmp_path / "run" / "checkpoints", 12)
    save_file(last_tensors(tmp_path / "run"), newest, metadata={"format_version": "9"})
    with pytest.raises(RunError, match="format 1"):
        train(tiny_recipe, shapes, tmp_path / "run", resume=True)


def test_two_cannot_train_one_run(shapes: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    def another(progress: TrainingProgress) -> None:
        with pytest.raises(RunError, match="another process"):
            train(recipe, shapes, tmp_path / "run", resume=True)

    recipe = replace(tiny_recipe, num_steps=1)
    train(recipe, shapes, tmp_path / "run", on_progress=another)


def test_a_model_that_has_diverged_is_reported(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    settings = replace(tiny_recipe.optimiser, learning_rate=1e30)
    recipe = replace(tiny_recipe, optimiser=settings, sheet_every=3, validate_every=3)
    with pytest.raises(RunError, match="Lower `optimiser.learning_rate`"):
        train(recipe, shapes, tmp_path / "run")
    for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines():
        assert "NaN" not in line and "Infinity" not in line


def test_ctrl_c_saves_and_leaves_cleanly(shapes: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    def interrupt(progress: TrainingProgress) -> None:
        if progress.step == 5:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    outcome = train(tiny_recipe, shapes, tmp_path / "run", on_progress=interrupt)
    assert outcome.interrupted and outcome.step in (5, 6)
    assert checkpoint_path(tmp_path / "run" / "checkpoints", outcome.step).exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_existing_run_is_never_overwritten(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, shapes, tmp_path / "run")
    with pytest.raises(RunError, match="exists already"):
        train(tiny_recipe, shapes, tmp_path / "run")


def test_resuming_needs_the_same_recipe_and_data(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, shapes, tmp_path / "run", resume=True)  # nothing there: a new run
    with pytest.raises(RunError, match="other settings: batch_size is 9, was 8"):
        train(replace(tiny_recipe, batch_size=9), shapes, tmp_path / "run", resume=True)
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    facts["data"]["offset_scale"] = 1.0
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    with pytest.raises(RunError, match="offset_scale"):
        train(tiny_recipe, shapes, tmp_path / "run", resume=True)
    del facts["data"]["counts"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    with pytest.raises(RunError, match="cannot be read"):
        train(tiny_recipe, shapes, tmp_path / "run", resume=True)
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        train(tiny_recipe, shapes, tmp_path / "run", resume=True)


def test_steps_that_are_not_finite_are_counted_and_end_the_run_if_they_go_on(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = SketchAutoencoder.forward
    calls = iter(range(1000))

    def poisoned(model: SketchAutoencoder, *args: object) -> object:
        losses = whole(model, *args)  # type: ignore[arg-type]
        bad = model.training and next(calls) in poison
        return replace(losses, pen_sum=losses.pen_sum * float("nan")) if bad else losses

    monkeypatch.setattr(SketchAutoencoder, "forward", poisoned)
    poison = range(2, 4)
    train(tiny_recipe, shapes, tmp_path / "two")
    assert metrics(tmp_path / "two", "train")[-1]["skipped_steps"] == 2
    poison = range(1000)
    recipe = replace(tiny_recipe, num_steps=100, validate_every=100)
    with pytest.raises(RunError, match="not finite 20 steps in a row"):
        train(recipe, shapes, tmp_path / "all")


def test_magenta_loss_trains_on_padded_batches(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(replace(tiny_recipe, loss="magenta"), shapes, tmp_path / "run")
    assert metrics(tmp_path / "run", "valid")[-1]["reconstruction"] > 0


def test_it_learns_8_drawings_by_heart(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(
        tiny_recipe,
        num_steps=250,
        validate_every=250,
        checkpoint_every=250,
        model=ModelSettings(latent_dim=16, decoder_size=96, num_components=5, encoder="conv"),
        optimiser=OptimiserSettings(learning_rate=4e-3, schedule="cosine"),
        augmentation=Augmentation(scale=0.0, drop=0.0),
    )

    class Eight:
        """Always the same batch."""

        def __init__(self, *args: object, **options: object) -> None:
            self.source = BatchSource(*args, **options)  # type: ignore[arg-type]
            self.pad_to = None

        def batch(self, step: int) -> Batch:
            return self.source.batch(0)

    monkeypatch.setattr(loop, "BatchSource", Eight)
    train(recipe, shapes, tmp_path / "run")
    losses = [line["loss"] for line in metrics(tmp_path / "run", "train")]
    assert losses[-1] < losses[0] - 2.0
