"""Train models for some minutes on one GPU, first on drawings, then with rewards.

    python scripts/train_on_gpu.py DATA WORK OUT [--from NAME=BUNDLE ...]
        [--new NAME=SETTING,SETTING ...] [--train 300] [--reward 200]

Every run is the project's own command in a process of its own, all side by side. A stage ends after
its number of seconds: SIGTERM makes `train` write a checkpoint. The first stage trains the models
given, and new ones with other settings of the recipe `default` (`--new hyper=model.decoder=hyper`),
on human drawings; the second trains the results with rewards from the classifier in the package. A
stage of 0 seconds is left out. Runs are kept in WORK: called again, with `--train 0`, the second
stage continues. Bundles, metrics and logs of every run are packed into a tar file each in OUT.
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

OVERSAMPLED = "cat,pig,face,car,teapot,alarm clock,rabbit,bus,truck"
COMMON_SETTINGS = [f"oversample={OVERSAMPLED}", "sheet_every=0", "optimiser.schedule=exponential"]
TRAIN_SETTINGS = [
    *("batch_size=512", "oversample_share=0.5", "seed=21"),
    *("optimiser.learning_rate=8e-4", "optimiser.decay=0.9997", "optimiser.average_decay=0.999"),
]
REWARD_SETTINGS = [
    *("batch_size=256", "oversample_share=0.65", "seed=22", "validate_every=100"),
    *("optimiser.learning_rate=4e-4", "optimiser.decay=0.9985", "optimiser.warmup_steps=30"),
    *("optimiser.average_decay=0.99", "reward.weight=4", "reward.inputs=256"),
    *("reward.redrawings=6", "reward.mixed=0.75"),
]
SECONDS_TO_SAVE = 60.0  # seconds for a process to write its checkpoint


class RunStart(NamedTuple):
    """With what a run starts.

    Args:
        settings: Settings of the recipe, as `--set` takes them.
        words: `--start-from` and a bundle; empty: random weights.
    """

    settings: list[str]
    words: list[str]


class Project:
    """Runs the project's command, with all files in one folder.

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
        arguments = [word for setting in settings for word in ("--set", setting)]
        run = self._work / name
        resume = ["--resume"] if (run / "run.json").exists() else []
        given = ["--data", str(self._data), "--out", str(run), *resume, *words]
        return self.start(name, "train", recipe, *given, "--set", "num_steps=1000000", *arguments)

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
    parser.add_argument("--from", dest="starts", action="append", type=_from_bundle, default=[])
    parser.add_argument("--new", dest="starts", action="append", type=_new)
    parser.add_argument("--train", type=float, default=300, help="seconds")
    parser.add_argument("--reward", type=float, default=200, help="seconds")
    parser.add_argument("--threads", type=int, default=3)
    options = parser.parse_args()
    if not options.starts:
        parser.error("no model: name one by --from or --new")
    for folder in (options.work, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    project = Project(options.data, options.work, options.threads)
    starts: dict[str, RunStart] = dict(options.starts)
    if options.train:
        _train(project, starts, options)
    if options.reward:
        _train_with_rewards(project, starts, options)
    print("done", flush=True)


def _train(project: Project, starts: dict[str, RunStart], options: argparse.Namespace) -> None:
    """Train on human drawings."""
    started = time.monotonic()
    running = [
        project.train(
            name, "default", [*COMMON_SETTINGS, *TRAIN_SETTINGS, *start.settings], *start.words
        )
        for name, start in starts.items()
    ]
    _stop(running, started + options.train)
    project.export(starts)
    project.pack(options.out / "trained.tar.gz", starts)


def _train_with_rewards(
    project: Project, starts: dict[str, RunStart], options: argparse.Namespace
) -> None:
    """Train the results with rewards from the classifier in the package."""
    started = time.monotonic()
    rewarded = {f"{name}-rewarded": name for name in starts}
    running = [
        project.train(
            name,
            "default",
            [*COMMON_SETTINGS, *REWARD_SETTINGS, *starts[before].settings],
            *("--start-from", str(project.bundle(before)), "--judge", "default"),
        )
        for name, before in rewarded.items()
    ]
    _stop(running, started + options.reward)
    project.export(rewarded)
    for name in rewarded:
        project.pack(options.out / f"{name}.tar.gz", [name])


def _from_bundle(text: str) -> tuple[str, RunStart]:
    """The name of a run and what it starts with, of `NAME=BUNDLE`."""
    name, bundle = _name_and_rest(text)
    model = json.loads((Path(bundle) / "model.json").read_text())["recipe"]["model"]
    settings = [f"model.{key}={value}" for key, value in model.items()]
    return name, RunStart(settings, ["--start-from", bundle])


def _new(text: str) -> tuple[str, RunStart]:
    """The name of a run and what it starts with, of `NAME=SETTING,SETTING`."""
    name, settings = _name_and_rest(text)
    return name, RunStart(settings.split(","), [])


def _name_and_rest(text: str) -> tuple[str, str]:
    name, _, rest = text.partition("=")
    if not (name and rest):
        raise argparse.ArgumentTypeError(f"must be NAME=..., got {text}")
    return name, rest


def _stop(running: Iterable[subprocess.Popen[bytes]], at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))
    for process in running:
        process.send_signal(signal.SIGINT)
    _wait(running)


def _wait(running: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in running:
        try:
            status = process.wait(SECONDS_TO_SAVE)
            assert isinstance(process.args, list)
            print(process.args[3:6], status, flush=True)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    main()
