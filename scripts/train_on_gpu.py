"""Compare drawers and judges on one graphics card in some minutes, and let the drawers practise.

    python scripts/train_on_gpu.py DATA WORK OUT [--learn 300] [--practise 200]

All runs are of the project's own command, side by side in processes of their own; each stage is
stopped when its seconds are over, by the signal that `train` answers with a checkpoint. First the
drawers and judges below learn from people's drawings. Then every drawer, and the model in the
package as well, practises before the judge whose loss on validation drawings is the lowest. Runs
are kept in WORK; called again with the same, `--learn 0` goes on with the practice. To OUT come
the bundles and metrics of every run and what it printed, a tar for each drawer and one of judges.
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

FRONT = "cat,pig,face,car,teapot,alarm clock,rabbit,bus,truck"
BATCH = ["batch_size=256", f"focus={FRONT}", "sheet_every=0"]
STEADY = ["optimiser.schedule=exponential", "optimiser.average_decay=0.999"]
DROPOUT = "model.recurrent_keep=0.9"
DRAWERS = {  # each differs in one thing from the one before or from `dropout`
    "plain": [],
    "dropout": [DROPOUT],
    "wide": [DROPOUT, "model.encoder_width=40"],
    "large": [DROPOUT, "model.decoder_size=1024"],
}
JUDGES = {
    "eyes": (["--start-from", "default"], ["optimiser.learning_rate=7e-4", "seed=5"]),
    "teacher": ([], ["model.encoder_width=48", "seed=6"]),
}
EYES = ["focus_share=0.5", "augmentation.tremble=1.5", "augmentation.line_width=0.3"]
PRACTICE = [
    *("focus_share=0.75", "optimiser.learning_rate=6e-4", "optimiser.decay=1.0"),
    *("optimiser.warmup_steps=50", "optimiser.average_decay=0.99", "validate_every=100"),
    *("reward.weight=0.7", "reward.inputs=256", "reward.redrawings=6", "reward.mixed=0.5"),
]
HURRY = 60.0  # seconds for a process to write its checkpoint


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

    def valid_loss(self, name: str) -> float:
        """The last cross entropy of a judge on validation drawings."""
        lines = (self._work / name / "metrics.jsonl").read_text().splitlines()
        told = [json.loads(line) for line in lines]
        return float([t["cross_entropy"] for t in told if t["kind"] == "valid"][-1])

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
    parser.add_argument("--learn", type=float, default=300, help="seconds")
    parser.add_argument("--practise", type=float, default=200, help="seconds")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for folder in (options.work, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    project = Project(options.data, options.work, options.threads)
    if options.learn:
        learn(project, options.learn)
        project.export([*JUDGES, *DRAWERS])
    judge = min(JUDGES, key=project.valid_loss)
    practise(project, judge, options.practise)
    practised = [f"{name}-practised" for name in (*DRAWERS, "default")]
    project.export(practised)
    project.pack(options.out / "judges.tar.gz", JUDGES)
    for name in practised:
        begun = name.removesuffix("-practised")
        project.pack(options.out / f"{begun}.tar.gz", [name, *(DRAWERS.keys() & {begun})])
    print("done", flush=True)


def learn(project: Project, seconds: float) -> None:
    """Drawers and judges from people's drawings."""
    started = time.monotonic()
    steady = [*BATCH, *STEADY, "focus_share=0.5"]
    running = [project.train("plain", "default", [*steady, *DRAWERS["plain"]])]
    time.sleep(min(20.0, seconds / 4))  # how fast it is alone
    if running[0].poll() is not None:
        raise SystemExit("the first run has ended")
    running += [
        project.train(name, "default", [*steady, *settings])
        for name, settings in DRAWERS.items()
        if name != "plain"
    ]
    running += [
        project.train(name, "judge", [*BATCH, *STEADY, *EYES, *settings], *words)
        for name, (words, settings) in JUDGES.items()
    ]
    _stop(running, started + seconds)


def practise(project: Project, judge: str, seconds: float) -> None:
    """Every drawer before a judge."""
    started = time.monotonic()
    print("judge:", judge, project.valid_loss(judge), flush=True)
    running = []
    for name, settings in {**DRAWERS, "default": []}.items():
        begins = "default" if name == "default" else str(project.bundle(name))
        settings = [*BATCH, *STEADY, *settings, *PRACTICE]
        words = ("--start-from", begins, "--judge", str(project.bundle(judge)))
        running.append(project.train(f"{name}-practised", "default", settings, *words))
    _stop(running, started + seconds)


def _stop(running: Iterable[subprocess.Popen[bytes]], at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))
    for process in running:
        process.send_signal(signal.SIGINT)
    _wait(running)


def _wait(running: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in running:
        try:
            print(process.args[3:6], process.wait(HURRY), flush=True)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    main()
