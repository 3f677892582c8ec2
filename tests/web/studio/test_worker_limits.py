"""The workers: files wait in a queue of their own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sketch_pix2seq.errors import BusyError
from sketch_pix2seq.web.studio.worker_limits import MOST_FILES, WorkerLimits


def test_files_that_are_made_keep_nobody_from_looking() -> None:
    async def hand_in() -> tuple[int, list[str]]:
        workers, goes_on = WorkerLimits(), threading.Event()
        files = [
            asyncio.create_task(workers.file(lambda: str(goes_on.wait(20)))) for _ in range(16)
        ]
        await asyncio.sleep(0)
        seen = await asyncio.wait_for(workers.look(lambda: 7), 5)
        with pytest.raises(BusyError, match="too many files"):
            await workers.file(lambda: "")
        goes_on.set()
        return seen, await asyncio.gather(*files)

    assert MOST_FILES == 16
    assert asyncio.run(hand_in()) == (7, ["True"] * 16)


def test_who_stops_waiting_makes_room() -> None:
    async def stop() -> str:
        workers, goes_on = WorkerLimits(), threading.Event()
        for _ in range(2 * MOST_FILES):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(workers.file(lambda: goes_on.wait(20)), 0.01)
        goes_on.set()
        return await workers.file(lambda: "made")

    assert asyncio.run(stop()) == "made"
