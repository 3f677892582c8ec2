"""The service: places of the pen, leaving, ends."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from bundles import tiny_bundle
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.errors import BusyError
from sketch_pix2seq.web.studio.drawing_service import (
    DrawingService,
    StepDecoder,
    drawing_of,
    sketch_of,
)


def test_the_pen_goes_where_the_steps_lead() -> None:
    pen = StepDecoder(2.0, (10.0, 10.0))
    steps = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 1]], np.float32)
    assert pen.follow(steps) == [[12, 10, 0], [12, 12, 1]]
    assert pen.follow(steps[:1]) == [[14, 12, 0]]


def test_given_steps_are_not_told() -> None:
    pen = StepDecoder(1.0, (0.0, 0.0), skip=3)
    steps = np.array([[1, 0, 1, 0, 0]] * 2, np.float32)
    assert pen.follow(steps) == []
    assert pen.follow(steps) == [[4, 0, 0]]


def test_drawings_lie_in_the_middle() -> None:
    drawing = drawing_of(Sketch.from_points([[(0, 0), (10, 4)]]))
    assert drawing == [[[0.0, 255.0], [76.5, 178.5]]]
    assert drawing_of(sketch_of(drawing)) == drawing
    assert drawing_of(Sketch(())) == []
    assert drawing_of(Sketch.from_points([[(7, 7)]])) == [[[127.5], [127.5]]]


def test_who_stops_listening_is_not_drawn_for() -> None:
    async def listen_a_little() -> int:
        latents = list(np.zeros((1, service.sketcher.card.latent_dim), np.float32))
        drawn = service.draw(latents, temperature=1.0, seed=0, n=50)
        async for _ in drawn:
            break
        await drawn.aclose()  # type: ignore[attr-defined]
        for _ in range(200):
            if service.engine.num_active + service.engine.num_waiting == 0:
                break
            await asyncio.sleep(0.01)
        return service.engine.num_active + service.engine.num_waiting

    service = DrawingService(Sketcher(tiny_bundle(), num_threads=1))
    try:
        assert asyncio.run(listen_a_little()) == 0
    finally:
        service.close()


def test_a_service_that_ends_tells_who_waits() -> None:
    async def ask() -> None:
        latents = list(np.zeros((1, service.sketcher.card.latent_dim), np.float32))
        service.draw(latents, temperature=1.0, seed=0)

    service = DrawingService(Sketcher(tiny_bundle(), num_threads=1))
    service.close()
    with pytest.raises(BusyError):
        asyncio.run(ask())
