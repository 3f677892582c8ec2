"""One figure of a benchmark, and how to time things against each other fairly."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table: what was measured beside what it is measured against.

    `bar` is empty where there is none, and `met` then says nothing.
    """

    work: str
    value: float
    unit: str
    peer: str
    peer_value: float
    bar: str
    met: bool

    @property
    def ratio(self) -> float:
        """The value as a share of the peer's."""
        return self.value / self.peer_value


def up_to(work: str, value: float, unit: str, most: float) -> Figure:
    """Return a figure that must not be above its bar."""
    bar = f"<= {most:,.0f} {unit}"
    return Figure(
        work=work, value=value, unit=unit, peer="bar", peer_value=most, bar=bar, met=value <= most
    )


def in_turn(works: dict[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """Seconds each piece of work takes: the median over rounds that take them in turn.

    A machine that slows down then slows all of them.
    """
    for work in works.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in seconds.items()}
