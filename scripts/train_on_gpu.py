"""Let drawers learn for some minutes on one graphics card, and practise before a judge.

    python scripts/train_on_gpu.py DATA WORK OUT [--from NAME=BUNDLE ...]
        [--new NAME=SETTING,SETTING ...] [--learn 300] [--practise 200]

All runs are of the project's own command, side by side in processes of their own; each stage is
stopped when its seconds are over, by the signal that `train` answers with a checkpoint. First the
models given, and new ones with other settings of the recipe `default`
(`--new hyper=model.decoder=hyper`), learn from people's drawings, then what they have become
practises before the judge in the package; a stage of 0 seconds is left out. Runs are kept in WORK:
called again with the same, `--learn 0` goes on with the practice. To OUT come the bundles and
metrics of every run and what it printed, a tar for each.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FRONT = "cat,pig,face,car,teapot,alarm clock,rabbit,bus,truck"
STEADY = [f"oversample={FRONT}", "sheet_every=0", "optimiser.schedule=exponential"]
LEARN = [
    *("batch_size=512", "oversample_share=0.5", "seed=21"),
    *("optimiser.learning_rate=8e-4", "optimiser.decay=0.9997", "optimiser.average_decay=0.999"),
]
PRACTICE = [
    *("batch_size=256", "oversample_share=0.65", "seed=22", "validate_every=100"),
    *("optimiser.learning_rate=4e-4", "optimiser.decay=0.9985", "optimiser.warmup_steps=30"),
    *("optimiser.average_decay=0.99", "reward.weight=4", "reward.inputs=256"),
    *("reward.redrawings=6", "reward.mixed=0.75"),
]
HURRY = 60.0  # seconds for a process to write its checkpoint


class Beginning(NamedTuple):
    """With what a run begins.

    Args:
        settings: Of the recipe, as `--set` takes them.
        words: `--start-from` and a bundle; none for a model of its own.
    """

    settings: list[str]
    words: list[str]


class Project:
    """Its command, with all files in one folder.

    Args:
        data: Prepared data set.
        work: Where runs and bundles are kept.
        threads: Of each process.
    """

    def __init__(self, data: Path, work: Path, threads: int) -> None:
        self._data = data
        self._work = work
        self._threads = str(threads)

    def start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Start a command, whose output is added to the log of that name."""
        program = "from sketch_pix2seq.cli.app import run; run()"
        with (self._work / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", program, *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": self._threads},
            )

    def train(
        self, name: str, recipe: str, settings: Iterable[str], *words: str
    ) -> subprocess.Popen[bytes]:
        """Start or resume a run that goes on until it is stopped."""
        told = [word for setting in settings for word in ("--set", setting)]
        run = self._work / name
        begun = ["--resume"] if (run / "run.json").exists() else []
        given = ["--data", str(self._data), "--out", str(run), *begun, *words]
        return self.start(name, "train", recipe, *given, "--set", "num_steps=1000000", *told)

    def export(self, names: Iterable[str]) -> None:
        """Make bundles of some runs, at once."""
        _wait(
            [
                self.start(n, "export", str(self._work / n), "--out", str(self._work / f"{n}-new"))
                for n in names
            ]
        )
        for name in names:
            made, bundle = self._work / f"{name}-new", self.bundle(name)
            if made.exists():
                subprocess.run(["rm", "-rf", bundle], check=True)
                made.rename(bundle)

    def bundle(self, name: str) -> Path:
        """Where the bundle of a run lies."""
        return self._work / f"{name}-bundle"

    def pack(self, archive: Path, names: Iterable[str]) -> None:
        """Write what is to be kept of some runs: bundles, metrics, what was printed.

        Of a run that failed that is less, but the log.
        """
        with tarfile.open(archive, "w:gz") as tar:
            for name in names:
                for place, kept in (
                    (self.bundle(name), f"{name}-bundle"),
                    (self._work / name / "metrics.jsonl", f"{name}.jsonl"),
                    (self._work / f"{name}.log", f"{name}.log"),
                ):
                    if place.exists():
                        tar.add(place, kept)


def main() -> None:
    """Run the stages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--from", dest="begins", action="append", type=_from_bundle, default=[])
    parser.add_argument("--new", dest="begins", action="append", type=_new)
    parser.add_argument("--learn", type=float, default=300, help="seconds")
    parser.add_argument("--practise", type=float, default=200, help="seconds")
    parser.add_argument("--threads", type=int, default=3)
    options = parser.parse_args()
    if not options.begins:
        parser.error("no model: name one by --from or --new")
    for folder in (options.work, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    project = Project(options.data, options.work, options.threads)
    begins: dict[str, Beginning] = dict(options.begins)
    if options.learn:
        _learn(project, begins, options)
    if options.practise:
        _practise(project, begins, options)
    print("done", flush=True)


def _learn(project: Project, begins: dict[str, Beginning], options: argparse.Namespace) -> None:
    """Let models learn from people's drawings."""
    started = time.monotonic()
    running = [
        project.train(name, "default", [*STEADY, *LEARN, *begin.settings], *begin.words)
        for name, begin in begins.items()
    ]
    _stop(running, started + options.learn)
    project.export(begins)
    project.pack(options.out / "learned.tar.gz", begins)


def _practise(project: Project, begins: dict[str, Beginning], options: argparse.Namespace) -> None:
    """Let what has learned practise before the judge in the package."""
    started = time.monotonic()
    practised = {f"{name}-practised": name for name in begins}
    running = [
        project.train(
            name,
            "default",
            [*STEADY, *PRACTICE, *begins[before].settings],
            *("--start-from", str(project.bundle(before)), "--judge", "default"),
        )
        for name, before in practised.items()
    ]
    _stop(running, started + options.practise)
    project.export(practised)
    for name in practised:
        project.pack(options.out / f"{name}.tar.gz", [name])


def _from_bundle(told: str) -> tuple[str, Beginning]:
    """The name of a run and what it begins with, of `NAME=BUNDLE`."""
    name, bundle = _named(told)
    model = json.loads((Path(bundle) / "model.json").read_text())["recipe"]["model"]
    settings = [f"model.{key}={value}" for key, value in model.items()]
    return name, Beginning(settings, ["--start-from", bundle])


def _new(told: str) -> tuple[str, Beginning]:
    """The name of a run and what it begins with, of `NAME=SETTING,SETTING`."""
    name, settings = _named(told)
    return name, Beginning(settings.split(","), [])


def _named(told: str) -> tuple[str, str]:
    name, _, rest = told.partition("=")
    if not (name and rest):
        raise argparse.ArgumentTypeError(f"must be NAME=..., got {told}")
    return name, rest


def _stop(running: Iterable[subprocess.Popen[bytes]], at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))
    for process in running:
        process.send_signal(signal.SIGINT)
    _wait(running)


def _wait(running: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in running:
        try:
            status = process.wait(HURRY)
            assert isinstance(process.args, list)
            print(process.args[3:6], status, flush=True)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    main()
