"""How many processors this process may use, and how its threads wait for each other."""

from __future__ import annotations

import os

_WAIT_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def num_processors() -> int:
    """Return how many processors this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def let_idle_threads_sleep() -> None:
    """Make OpenMP's threads sleep while they wait for each other, unless the user decides.

    By default they spin. Where other programs keep the processors busy, that takes the time from
    the thread they wait for: training is then ten times slower and more (decision 0025). OpenMP
    reads the variable when it is loaded: call this before torch is imported.
    """
    if not any(name in os.environ for name in _WAIT_VARIABLES):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
