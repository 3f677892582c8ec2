"""Threads that draw for all who ask: who waits, who makes room, and for whom they stop."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from anyio import move_on_after
from starlette.requests import ClientDisconnect, Request

from bundles import tiny_bundle
from sketch_pix2seq import Sketcher
from sketch_pix2seq.errors import BusyError
from sketch_pix2seq.web.studio.workers import Workers, go_on
from sketches import HOUSE


async def never() -> Any:
    await asyncio.sleep(60)


WAITING = Request({"type": "http"}, never)
"""Of somebody who stays."""


def test_only_so_many_wait() -> None:
    async def hand_in() -> list[str]:
        workers, goes_on = Workers(1, most_waiting=3), threading.Event()
        works = [
            asyncio.create_task(workers.run(WAITING, lambda: str(goes_on.wait(20))))
            for _ in range(4)
        ]
        while workers.num_waiting < 3:
            await asyncio.sleep(0.01)
        assert workers.num_active == 1
        with pytest.raises(BusyError, match="too many people"):
            await workers.run(WAITING, lambda: "")
        goes_on.set()
        return await asyncio.gather(*works)

    assert asyncio.run(hand_in()) == ["True"] * 4


def test_who_stops_waiting_makes_room() -> None:
    async def stop() -> str:
        workers, goes_on = Workers(1, most_waiting=1), threading.Event()
        first = asyncio.create_task(workers.run(WAITING, lambda: str(goes_on.wait(20))))
        await asyncio.sleep(0.01)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(workers.run(WAITING, lambda: ""), 0.01)
        goes_on.set()
        await first
        return await workers.run(WAITING, lambda: "made")

    assert asyncio.run(stop()) == "made"


def test_a_thread_is_taken_until_its_work_ends() -> None:
    """A request that took too long leaves no work behind that nobody counts."""

    async def give_up() -> tuple[bool, int]:
        workers = Workers(1)
        with move_on_after(0.05) as scope:
            await workers.run(WAITING, lambda: time.sleep(0.3))
        return scope.cancelled_caught, workers.num_active

    begun = time.monotonic()
    assert asyncio.run(give_up()) == (True, 0)
    assert time.monotonic() - begun >= 0.3


def test_for_who_has_gone_no_more_is_drawn() -> None:
    sketcher = Sketcher(tiny_bundle(), num_threads=2)
    drawn: list[int] = []

    def draw() -> None:
        def progress(done: int, total: int) -> None:
            drawn.append(done)
            go_on(done, total)
            time.sleep(0.01)

        sketcher.redraw(HOUSE, n=5_000, progress=progress)

    async def go_away() -> int:
        async def leave() -> Any:
            await asyncio.sleep(0.3)
            return {"type": "http.disconnect"}

        workers = Workers(1)
        with pytest.raises(ClientDisconnect):
            await workers.run(Request({"type": "http"}, leave), draw)
        return workers.num_active

    assert asyncio.run(go_away()) == 0
    assert 0 < max(drawn) < 5_000
