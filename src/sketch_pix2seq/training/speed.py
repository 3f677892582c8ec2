"""How fast training goes."""

from __future__ import annotations

import time


class Speed:
    """Drawings a second, over the steps since something else took time."""

    WINDOW = 50

    def __init__(self) -> None:
        self.rate = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin anew, after something else took time."""
        self._began = time.perf_counter()
        self._drawings = 0
        self._steps = 0

    def add(self, drawings: int) -> None:
        """Count the drawings of a step that is done."""
        self._drawings += drawings
        self._steps += 1
        self.rate = self._drawings / max(time.perf_counter() - self._began, 1e-9)
        if self._steps >= self.WINDOW:
            self.restart()
