"""Draws the loss curves of runs: validation, and training behind it.

    pip install matplotlib
    python scripts/plot_runs.py RUN... --out curves.png

Prints a Markdown table of the validation losses.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt


def main() -> None:
    """Plot and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("curves.png"))
    options = parser.parse_args()
    lines = {run.name: _metrics(run) for run in options.runs}
    _plot(lines, options.out)
    _print_table(lines)


def _metrics(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def _plot(runs: dict[str, list[dict[str, Any]]], out: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5), dpi=120)
    for name, lines in runs.items():
        train = [
            (line["step"], line["stroke_nll"] + line["pen_ce"])
            for line in lines
            if line["kind"] == "train"
        ]
        valid = [
            (line["step"], line["reconstruction"]) for line in lines if line["kind"] == "valid"
        ]
        (curve,) = axes.plot(*zip(*valid, strict=True), "o-", label=name, markersize=4)
        axes.plot(*zip(*train, strict=True), color=curve.get_color(), alpha=0.25, linewidth=0.8)
    axes.set(xlabel="step", ylabel="reconstruction, nats a row", ylim=(0.5, 3))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(out)
    print(out)


def _print_table(runs: dict[str, list[dict[str, Any]]]) -> None:
    valid = {n: [line for line in lines if line["kind"] == "valid"] for n, lines in runs.items()}
    steps = [int(line["step"]) for line in next(iter(valid.values()))]
    print("| recipe | " + " | ".join(f"{step:,}" for step in steps) + " | KL at the end |")
    print("|---" * (len(steps) + 2) + "|")
    for name, lines in valid.items():
        values = " | ".join(f"{line['reconstruction']:.3f}" for line in lines)
        kl = f"{lines[-1]['kl']:.3f}" if "kl" in lines[-1] else "none"
        print(f"| `{name}` | {values} | {kl} |")


if __name__ == "__main__":
    main()
