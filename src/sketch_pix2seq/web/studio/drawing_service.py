"""The model of a studio, drawing for everybody who asks at the same time.

Joins the sketcher, which reads drawings, and the live engine, which draws them. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.drawings import Prefix, steps_to_sketch
from sketch_pix2seq.inference.live import MOST_WAITING, Drawn
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.normalise import QUICKDRAW_SIDE
from sketch_pix2seq.sketch.pen import OFFSET, PEN, PEN_DOWN, PEN_END
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.studio.worker_limits import WorkerLimits

DRAWING_SECONDS = 25.0
"""Whatever is not drawn by then is not drawn."""
GATHER_SECONDS = 0.015
"""What is drawn within this time is sent together."""
MOST_DRAWN = 400
"""Drawings of one request, those included of which others are better."""
_MIDDLE = (QUICKDRAW_SIDE / 2, QUICKDRAW_SIDE / 2)
"""Where a drawing without prefix begins: the model's origin is a drawing's middle."""


class Moves(NamedTuple):
    """Where the pen went.

    Args:
        place: In which of the drawings asked for.
        points: [x, y, lift] each; lift = 1: the pen leaves the paper after this point.
        finished: Whether this drawing is done.
    """

    place: int
    points: list[list[float]]
    finished: bool


class StepDecoder:
    """Turns steps into places on the paper.

    Args:
        scale: Pixels to one unit of the steps.
        start: Where the first step begins, (x, y).
        skip: Steps at the beginning that are left out, as they were given.
    """

    def __init__(self, scale: float, start: tuple[float, float], skip: int = 0) -> None:
        self.scale = scale
        self.place = np.array(start, np.float64)
        self.skip = skip

    def follow(self, steps: Float32[np.ndarray, "S 5"]) -> list[list[float]]:
        """Go on.

        Args:
            steps: Stroke-5; only the last one may be an end.

        Returns:
            As `Moves.points`.
        """
        drawn = len(steps) - int(steps[-1, PEN.start + PEN_END] > 0) if len(steps) else 0
        if not drawn:
            return []
        points = np.empty((drawn, 3))
        points[:, :2] = self.place + np.cumsum(
            steps[:drawn, OFFSET].astype(np.float64) * self.scale, axis=0
        )
        points[:, 2] = steps[:drawn, PEN.start + PEN_DOWN] == 0
        self.place = points[-1, :2].copy()
        skipped, self.skip = min(self.skip, drawn), max(self.skip - drawn, 0)
        points_after: list[list[float]] = points[skipped:].round(1).tolist()
        return points_after


class Inbox:
    """Brings news from the engine's threads to the loop that waits for them.

    Made in that loop. It is woken once for all that has come since it last looked.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._posted: list[Drawn | Exception] = []
        self._lock = threading.Lock()
        self._filled = asyncio.Event()

    def post(self, news: Drawn | Exception) -> None:
        """Put something in; from any thread."""
        with self._lock:
            self._posted.append(news)
            is_first = len(self._posted) == 1
        if is_first:
            with suppress(RuntimeError):  # the loop has ended: nobody listens any more
                self._loop.call_soon_threadsafe(self._filled.set)

    async def collect(self) -> list[Drawn]:
        """Wait for something, and take out all that there is.

        Raises:
            Exception: What was put in as such.
        """
        await self._filled.wait()
        self._filled.clear()
        with self._lock:
            posted, self._posted = self._posted, []
        news = []
        for one in posted:
            if isinstance(one, Exception):
                raise one
            news.append(one)
        return news


class DrawingService:
    """Draws for many callers at once.

    Args:
        sketcher: The model.
        most_waiting: Drawings that may wait; more are refused with a `BusyError`.
    """

    def __init__(self, sketcher: Sketcher, *, most_waiting: int = MOST_WAITING) -> None:
        self.sketcher = sketcher
        self.engine = sketcher.live_engine(most_waiting=most_waiting)

    def close(self) -> None:
        """End."""
        self.engine.close()

    def draw(
        self,
        conditions: Sequence[Any],
        *,
        temperature: float,
        seed: int,
        n: int = 1,
        prefixes: Sequence[Prefix] | None = None,
    ) -> AsyncIterator[list[Moves]]:
        """Ask for n drawings of each condition.

        Args:
            conditions: What each is drawn from (see `Sketcher.conditions_of`).
            temperature: How freely to draw.
            seed: Another seed, other drawings.
            n: How many of each.
            prefixes: The first steps of each drawing; None: no prefixes.

        Returns:
            What is drawn, as it is drawn: drawings of one condition side by side in `Moves.place`.

        Raises:
            BusyError: If too many drawings wait.
            TimeoutError: While they are drawn, if it takes too long.
        """
        scale = self.sketcher.card.offset_scale
        decoders = [StepDecoder(scale, _MIDDLE) for _ in range(n * len(conditions))]
        if prefixes is not None:
            decoders = [
                StepDecoder(scale * one.scale, one.middle, len(one.steps))
                for one in prefixes
                for _ in range(n)
            ]
        batches = self._ask(conditions, n, temperature, seed, _deadline(), prefixes)

        async def drawn() -> AsyncIterator[list[Moves]]:
            async with aclosing(batches):
                async for some in batches:
                    moves = [
                        Moves(news.place, decoders[news.place].follow(news.steps), news.finished)
                        for news in some
                    ]
                    moves = [one for one in moves if one.points or one.finished]
                    if moves:
                        yield moves

        return drawn()

    def draw_best(
        self,
        conditions: Sequence[Any],
        latents: Float32[np.ndarray, "N Z"],
        scores: Float32[np.ndarray, "N K"] | None,
        workers: WorkerLimits,
        *,
        temperature: float,
        seed: int,
        best_of: int,
        n: int = 1,
    ) -> AsyncIterator[list[Moves]]:
        """Ask for n drawings of each code, each the best of several.

        Args:
            conditions: As of `draw`.
            latents: The codes.
            scores: What each may show, as `Sketcher.rank` takes it.
            workers: Where they are looked at.
            temperature: How freely to draw.
            seed: Another seed, other drawings.
            best_of: How many are drawn for each one.
            n: How many of each.

        Returns:
            As of `draw`, but each drawing at once, when it has been chosen.

        Raises: as `draw`.
        """
        tries = n * best_of
        ends = _deadline()
        batches = self._ask(conditions, tries, temperature, seed, ends)
        scale = self.sketcher.card.offset_scale
        steps: list[list[Float32[np.ndarray, "S 5"]]] = [[] for _ in range(tries * len(latents))]
        unfinished = [tries] * len(latents)

        def chosen(codes: list[int]) -> list[Moves]:
            rivals = [
                [np.concatenate(one) for one in steps[tries * code : tries * (code + 1)]]
                for code in codes
            ]
            drawings = [[steps_to_sketch(one, scale) for one in some] for some in rivals]
            chosen_scores = None if scores is None else scores[codes]
            order = self.sketcher.rank(latents[codes], chosen_scores, drawings)
            return [
                Moves(n * code + place, StepDecoder(scale, _MIDDLE).follow(some[best]), True)
                for code, some, places in zip(codes, rivals, order, strict=True)
                for place, best in enumerate(places[:n])
            ]

        async def drawn() -> AsyncIterator[list[Moves]]:
            async with aclosing(batches):
                async for some in batches:
                    for news in some:
                        steps[news.place].append(news.steps)
                        unfinished[news.place // tries] -= news.finished
                    codes = [
                        code
                        for code in sorted({news.place // tries for news in some if news.finished})
                        if not unfinished[code]
                    ]
                    if codes:
                        async with asyncio.timeout_at(ends):
                            moves = await workers.choose(partial(chosen, codes))
                        yield moves

        return drawn()

    def _ask(
        self,
        conditions: Sequence[Any],
        n: int,
        temperature: float,
        seed: int,
        ends: float,
        prefixes: Sequence[Prefix] | None = None,
    ) -> AsyncGenerator[list[Drawn], None]:
        """Ask the engine; return what it draws until the loop's time `ends`, a little at a time."""
        inbox = Inbox()
        caller = self.engine.ask(
            [one for one in conditions for _ in range(n)],
            list(range(n)) * len(conditions),
            inbox.post,
            seed=seed,
            temperature=temperature,
            prefixes=None
            if prefixes is None
            else [one.steps for one in prefixes for _ in range(n)],
        )

        async def batches() -> AsyncGenerator[list[Drawn], None]:
            unfinished = n * len(conditions)
            try:
                while unfinished:
                    async with asyncio.timeout_at(ends):
                        news = await inbox.collect()
                    unfinished -= sum(one.finished for one in news)
                    yield news
                    if unfinished:
                        await asyncio.sleep(GATHER_SECONDS)
            finally:
                self.engine.leave(caller)

        return batches()


def _deadline() -> float:
    return asyncio.get_running_loop().time() + DRAWING_SECONDS


def check_tries(wanted: int, best_of: int) -> None:
    """Refuse more than `MOST_DRAWN` drawings.

    Args:
        wanted: Drawings that are asked for.
        best_of: How many are drawn for each one.

    Raises:
        UsageError: If these are more.
    """
    if wanted * best_of > MOST_DRAWN:
        raise UsageError(
            f"at most {MOST_DRAWN} drawings can be made at once",
            got=f"{wanted} times `best_of` {best_of}",
            do=f"Of {wanted} drawings `best_of` may be {MOST_DRAWN // wanted}.",
        )


def sketch_of(drawing: Sequence[Sequence[Sequence[float]]]) -> Sketch:
    """Make a sketch of strokes in Quick, Draw!'s layout.

    Args:
        drawing: [[x...], [y...]] for each stroke.
    """
    return Sketch.from_points([np.array(stroke, np.float32).T for stroke in drawing])


def drawing_of(sketch: Sketch) -> list[list[list[float]]]:
    """Write a sketch in Quick, Draw!'s layout, in the middle of a square of 255.

    Args:
        sketch: Of any size.
    """
    if sketch.bounds is None:
        return []
    left, top, right, bottom = sketch.bounds
    scale = QUICKDRAW_SIDE / max(right - left, bottom - top, 1e-6)
    middle = np.array((left + right, top + bottom)) / 2
    return [
        np.round((stroke - middle) * scale + _MIDDLE, 1).astype(float).T.tolist()
        for stroke in sketch.strokes
    ]
