"""Several processes train what one trains."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from process_members import (
    be_there,
    end_at_once,
    end_with_an_error,
    train_in_smaller_batches,
)
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import LostProcessError, UsageError
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.checkpoint import checkpoints, load_checkpoint
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.loop import TrainingProgress, train
from sketch_pix2seq.training.process_group import (
    ProcessGroup,
    group_size,
    is_main_process,
    join_processes,
)
from sketch_pix2seq.training.recipe import OptimiserSettings, Recipe
from sketch_pix2seq.training.run import Run

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="this torch has no distributed"
)


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    """Without dropout, which is each process's own, and without Adam's blowing up of rounding."""
    return replace(
        tiny_recipe,
        precision="float32",
        num_steps=6,
        validate_every=3,
        checkpoint_every=3,
        model=replace(tiny_recipe.model, recurrent_keep=1.0, encoder_size=8),
        optimiser=OptimiserSettings(learning_rate=1e-3),
    )


def losses(run: Path, kind: str = "train") -> list[float]:
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    name = "loss" if kind == "train" else "reconstruction"
    return [line[name] for line in lines if line["kind"] == kind]


def last_tensors(run: Path) -> dict[str, Tensor]:
    return load_checkpoint(checkpoints(run / "checkpoints")[-1])[0]


def assert_alike(one: Path, other: Path) -> None:
    assert losses(one) == pytest.approx(losses(other), rel=1e-4)
    assert losses(one, "valid") == pytest.approx(losses(other, "valid"), rel=1e-3)
    weights, peers = last_tensors(one), last_tensors(other)
    assert weights.keys() == peers.keys()
    for name in weights:
        if name.startswith("model."):
            torch.testing.assert_close(weights[name], peers[name], atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize(
    "change",
    [
        {},
        pytest.param(
            {"loss": "magenta", "model.encoder": "rnn", "kl.weight": 0.5, "kl.free_nats": 0.001},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["cnn", "rnn_kl-magenta"],
)
def test_two_processes_have_the_losses_of_one(
    change: dict[str, object], shapes: Path, recipe: Recipe, tmp_path: Path
) -> None:
    recipe = recipe.with_settings([f"{key}={value}" for key, value in change.items()])
    train(recipe, shapes, tmp_path / "one")
    train(recipe, shapes, tmp_path / "two", devices=2)
    assert json.loads((tmp_path / "two" / "run.json").read_text())["devices"] == 2
    assert_alike(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["valid", "magenta"])
def test_two_processes_train_the_attention_model_of_one(
    loss: str, shapes: Path, tiny_attention: Recipe, tmp_path: Path
) -> None:
    """Conditions and pasts of a drawing are the same; dropout is each process's own."""
    settings = ["num_steps=6", "validate_every=3", "checkpoint_every=3", "model.keep=1.0"]
    settings += ["precision=float32", f"loss={loss}"]
    recipe = tiny_attention.with_settings(settings)
    one, two = tmp_path / "1", tmp_path / "2"
    train(recipe, shapes, one)
    train(recipe, shapes, two, devices=2)
    assert losses(one) == pytest.approx(losses(two), rel=1e-4)
    weights, peers = last_tensors(one), last_tensors(two)
    assert weights.keys() == peers.keys()
    for name in weights:
        if name.startswith("model."):
            torch.testing.assert_close(weights[name], peers[name], atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_two_processes_begin_with_the_weights_given(
    shapes: Path, recipe: Recipe, tmp_path: Path
) -> None:
    weights = build(replace(recipe, seed=7), 3).state_dict()
    start = InitialWeights.from_bytes(save(weights), "another")
    start = replace(start, facts=start.facts | {"offset_scale": 80.0})
    for name, devices in (("one", 1), ("two", 2)):
        train(recipe, shapes, tmp_path / name, initial_weights=start, devices=devices)
    assert_alike(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(
    shapes: Path, recipe: Recipe, tmp_path: Path
) -> None:
    def interrupt(progress: TrainingProgress) -> None:
        if progress.step == 3:
            signal.raise_signal(signal.SIGINT)

    train(recipe, shapes, tmp_path / "whole")
    for first, then in ((1, 2), (2, 1)):
        run = tmp_path / f"{first}-{then}"
        outcome = train(recipe, shapes, run, devices=first, on_progress=interrupt)
        assert outcome.interrupted and outcome.step == 4
        assert train(recipe, shapes, run, devices=then, resume=True).step == 6
        assert_alike(tmp_path / "whole", run)


@pytest.mark.parametrize("end", [end_at_once, end_with_an_error])
@pytest.mark.xdist_group("kill")
def test_a_process_that_ends_is_reported_in_a_line(
    end: Callable[[ProcessGroup], None], capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(LostProcessError, match="another process of the run has ended"),
        join_processes(2, end) as group,
    ):
        group.all_reduce(torch.ones(3))
    output = capfd.readouterr().err
    assert ("process 1: this one has a reason" in output) == (end is end_with_an_error)
    assert "Traceback" not in output


@pytest.mark.xdist_group("kill")
def test_processes_that_would_train_something_else_are_refused(
    shapes: Path,
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """As under torchrun, where each process reads its own recipe and data set."""
    monkeypatch.setattr("sketch_pix2seq.training.loop._work", train_in_smaller_batches)
    with pytest.raises(LostProcessError):
        train(recipe, shapes, tmp_path / "run", devices=2)
    line = "process 1: all processes of a run must have the same recipe and data set"
    assert line in capfd.readouterr().err
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_they_add_up_and_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    threads = torch.get_num_threads()
    with join_processes(2, be_there) as group:
        assert (group.rank, group.size, group.is_main) == (0, 2, True)
        assert float(group.all_reduce(torch.ones(()))) == 2
    assert torch.get_num_threads() == threads


def test_a_run_says_with_how_many_threads_each_of_its_processes_computes(
    shapes: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers share the processors, as those that torchrun starts do."""
    monkeypatch.setattr("sketch_pix2seq.training.process_group.num_processors", lambda: 12)
    dataset, own = Dataset.open(shapes), torch.get_num_threads()

    def threads(name: str, devices: int) -> int:
        found: int = Run.create(tmp_path / name, recipe, dataset, devices).facts["threads"]
        return found

    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert threads("chosen", 2) == own  # what torch made of it
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert (threads("one", 1), threads("two", 2), threads("many", 100)) == (own, 6, 1)
    variables = {"RANK": "0", "WORLD_SIZE": "8", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4"}
    for name, value in {**variables, "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, value)
    assert threads("torchrun", 8) == 3  # four of the eight are on this machine


def test_after_a_group_that_never_came_together_another_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timeout = "sketch_pix2seq.training.process_group.TIMEOUT_SECONDS"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with monkeypatch.context() as alone:  # the first of two, and there is no second
        alone.setattr(timeout, 1.0)
        variables = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 2}
        for name, value in {**variables, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}.items():
            alone.setenv(name, str(value))
        wrong = pytest.raises(LostProcessError, match="did not find each other")
        with wrong, join_processes(1, be_there):
            pass
    monkeypatch.setattr(timeout, 60.0)
    with join_processes(2, be_there) as group:
        assert float(group.all_reduce(torch.ones(()))) == 2


def test_one_process_is_a_group_too() -> None:
    with join_processes(1, be_there) as group:
        assert (group.size, group.is_main) == (1, True)
        values = torch.ones(3)
        assert group.all_reduce(values) is values
        assert group.broadcast(values) is values


def test_wrong_numbers_of_devices_are_refused(
    shapes: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        train(recipe, shapes, tmp_path / "run", devices=0)
    with pytest.raises(UsageError, match="as drawings in a batch; got 2 for `batch_size` 1"):
        train(replace(recipe, batch_size=1), shapes, tmp_path / "run", devices=2)
    assert not (tmp_path / "run").exists()
    with (
        pytest.raises(UsageError, match="`devices` must be 1 or more; got 0"),
        join_processes(0, print),
    ):
        pass
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UsageError, match="at most 2, the number of GPUs"), join_processes(3, print):
        pass
    monkeypatch.undo()
    variables = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    for name, value in {**variables, "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, value)
    assert not is_main_process()
    assert group_size(devices=1) == 4
    with pytest.raises(UsageError, match="left out under torchrun"), join_processes(2, print):
        pass
    with pytest.raises(UsageError, match="got 4 for `batch_size` 3"):
        train(replace(recipe, batch_size=3), shapes, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.xdist_group("kill")
def test_torchrun_starts_it_and_kill_9_of_a_process_ends_the_command(
    shapes: Path, recipe: Recipe, tmp_path: Path
) -> None:
    script = """
import sys
from pathlib import Path
from sketch_pix2seq.cli.app import main
status = main(["train", "cnn_small", "--data", sys.argv[1], "--out", sys.argv[2],
               *[f"--set={text}" for text in sys.argv[3:]]])
names = [file.read_text() for file in Path("/proc/self/task").glob("*/comm")]
sys.stderr.write(f"{sum('gloo' in name for name in names)} threads are left\\n")
sys.exit(status)
"""
    (tmp_path / "program.py").write_text(script)
    settings = [
        "model.decoder_size=16",
        "batch_size=8",
        "num_steps=4",
        "validate_every=4",
        "sheet_every=0",
    ]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    program = [str(tmp_path / "program.py"), str(shapes), str(tmp_path / "run"), *settings]
    found = subprocess.run(
        [*command, "--master-port=29517", *program], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("trained 4 steps") == 1
    assert found.stderr.count("0 threads are left") == 2  # one would abort the process at its end
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["recipe"]["num_steps"], facts["devices"]) == (4, 2)

    body = "import sys; from sketch_pix2seq.cli.app import main; sys.exit(main(sys.argv[1:]))"
    (tmp_path / "command.py").write_text(f'if __name__ == "__main__":\n    {body}\n')
    arguments = ["train", "cnn_small", "--data", str(shapes), "--out", str(tmp_path / "long")]
    arguments += [f"--set={text}" for text in [*settings, "num_steps=100000", "log_every=1"]]
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "command.py"), *arguments, "--devices", "2"],
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = tmp_path / "long" / "metrics.jsonl"
    _wait(lambda: metrics.exists() and metrics.stat().st_size > 0)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        pytest.skip("this system does not tell the children of a process")
    others = [
        int(pid)
        for pid in children.read_text().split()
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(others) == 1
    os.kill(others[0], signal.SIGKILL)
    _, output = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "another process of the run has ended" in output
    assert "Traceback" not in output


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_so()
