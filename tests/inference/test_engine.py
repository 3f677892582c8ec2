"""The stroke engine: the same bytes alone or in company, and what torch draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from bundles import LATENT_DIM, MAX_STEPS, tiny_bundle, tiny_model
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.engine import StrokeEngine
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.inference.row_block import NOISE_STEPS
from sketch_pix2seq.models.drawing import draw_steps
from sketch_pix2seq.sketch.pen import PEN, PEN_END

END_COLUMN = PEN.start + PEN_END


def tiny_engine(num_threads: int | None = 1, num_rows: int = 8) -> StrokeEngine:
    return StrokeEngine(tiny_bundle(), num_threads=num_threads, num_rows=num_rows)


def codes(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.standard_normal((count, LATENT_DIM), np.float32)


def as_bytes(drawings: Sequence[np.ndarray]) -> list[bytes]:
    return [drawing.tobytes() for drawing in drawings]


def test_drawings_end_at_the_end_state_or_at_max_steps(rng: np.random.Generator) -> None:
    drawings = tiny_engine().draw(codes(rng, 60), range(60), seeds=[1] * 60, temperature=1.0)
    lengths = [len(drawing) for drawing in drawings]
    assert max(lengths) == MAX_STEPS  # some are cut off
    assert min(lengths) < NOISE_STEPS < sorted(lengths)[-3]  # some are longer than the noise read
    for drawing in drawings:
        ends = np.flatnonzero(drawing[:, END_COLUMN])
        assert list(ends) in ([], [len(drawing) - 1])
        assert len(ends) == 1 or len(drawing) == MAX_STEPS
        np.testing.assert_array_equal(drawing[:, PEN].sum(axis=1), 1)


@pytest.mark.parametrize("num_rows", [1, 8, 64])
@pytest.mark.parametrize("num_threads", [1, 3])
def test_a_drawing_depends_on_neither_rows_nor_threads(
    rng: np.random.Generator, num_rows: int, num_threads: int
) -> None:
    latents = np.random.default_rng(4).standard_normal((50, LATENT_DIM), np.float32)
    indices = [7 * number for number in range(50)]
    expected = tiny_engine().draw(latents, indices, seeds=[3] * 50, temperature=0.9)
    engine = tiny_engine(num_threads, num_rows)
    found = engine.draw(latents, indices, seeds=[3] * 50, temperature=0.9)
    assert as_bytes(found) == as_bytes(expected)


def test_a_drawing_in_company_is_the_drawing_alone(rng: np.random.Generator) -> None:
    latents = codes(rng, 18)
    for num_threads in (1, 2):
        engine = tiny_engine(num_threads)
        together = engine.draw(
            latents, range(len(latents)), seeds=[0] * len(latents), temperature=1.0
        )
        for number, drawing in enumerate(together):
            (alone,) = engine.draw(
                latents[number : number + 1], [number], seeds=[0], temperature=1.0
            )
            assert alone.tobytes() == drawing.tobytes()


def test_any_number_of_drawings(rng: np.random.Generator) -> None:
    latents = codes(rng, 20)
    engine = tiny_engine(2, 4)
    whole = as_bytes(engine.draw(latents, range(20), seeds=[0] * 20, temperature=0.5))
    assert engine.draw(latents[:0], [], seeds=[], temperature=0.5) == []
    for count in (1, 2, 6, 7, 13, 19):
        some = engine.draw(latents[:count], range(count), seeds=[0] * count, temperature=0.5)
        assert as_bytes(some) == whole[:count]


def test_seed_and_index_decide_the_drawing(rng: np.random.Generator) -> None:
    latent = np.repeat(codes(rng, 1), 3, axis=0)
    engine = tiny_engine()
    drawings = as_bytes(engine.draw(latent, [0, 1, 0], seeds=[5, 5, 5], temperature=1.0))
    assert drawings[0] == drawings[2] != drawings[1]
    assert as_bytes(engine.draw(latent, [0, 1, 0], seeds=[6, 6, 6], temperature=1.0)) != drawings


def test_temperature_zero_is_greedy(rng: np.random.Generator) -> None:
    latent = np.repeat(codes(rng, 1), 2, axis=0)
    first, second = tiny_engine().draw(latent, [0, 1], seeds=[5, 5], temperature=0.0)
    assert first.tobytes() == second.tobytes()


def test_it_draws_what_torch_draws(rng: np.random.Generator) -> None:
    card = tiny_bundle().card
    latents = codes(rng, 5)
    noise = read_noise([open_stream(2, index) for index in range(5)], MAX_STEPS, card.noise_dim)
    model = tiny_model()
    with torch.no_grad():
        for tensor in model.state_dict().values():  # as export stores them
            if tensor.numel() >= 1024:
                tensor.copy_(tensor.half().float())
    expected = draw_steps(
        model.decoder,
        torch.from_numpy(latents),
        torch.from_numpy(noise.transpose(1, 0, 2).copy()),
        0.7,
    ).numpy()
    for drawing, peer in zip(
        tiny_engine().draw(latents, range(5), seeds=[2] * 5, temperature=0.7), expected, strict=True
    ):
        np.testing.assert_allclose(drawing, peer[: len(drawing)], atol=1e-3)


def random_prefix(rng: np.random.Generator, length: int) -> np.ndarray:
    steps = np.zeros((length, 5), np.float32)
    steps[:, :2] = rng.standard_normal((length, 2))
    steps[np.arange(length), PEN.start + (np.arange(length) % 3 == 2)] = 1
    return steps


@pytest.mark.parametrize(("num_rows", "num_threads"), [(1, 1), (3, 2), (40, 2)])
def test_a_drawing_goes_on_from_how_it_was_begun(
    rng: np.random.Generator, num_rows: int, num_threads: int
) -> None:
    latents = codes(rng, 20)
    prefixes = [random_prefix(rng, number % 7) for number in range(20)]
    engine = tiny_engine(num_threads, num_rows)
    free = engine.draw(latents, range(20), seeds=[1] * 20, temperature=1.0)
    drawings = engine.draw(latents, range(20), seeds=[1] * 20, temperature=1.0, prefixes=prefixes)
    for number, (start, drawing) in enumerate(zip(prefixes, drawings, strict=True)):
        np.testing.assert_array_equal(drawing[: len(start)], start)
        assert (len(start) == 0) == (drawing.tobytes() == free[number].tobytes())
        alone = tiny_engine().draw(
            latents[[number]], [number], seeds=[1], temperature=1.0, prefixes=[start]
        )
        assert alone[0].tobytes() == drawing.tobytes()


def test_begun_as_it_would_have_begun_it_goes_on_as_it_would_have(
    rng: np.random.Generator,
) -> None:
    latents = codes(rng, 9)
    engine = tiny_engine()
    drawings = engine.draw(latents, range(9), seeds=[0] * 9, temperature=1.0)
    prefixes = [drawing[: len(drawing) // 2] for drawing in drawings]
    again = engine.draw(latents, range(9), seeds=[0] * 9, temperature=1.0, prefixes=prefixes)
    assert as_bytes(again) == as_bytes(drawings)


@pytest.mark.parametrize("count", [1, 40])
def test_progress_rises_to_the_end(rng: np.random.Generator, count: int) -> None:
    seen: list[tuple[int, int]] = []
    engine = tiny_engine(2, 4)
    engine.draw(
        codes(rng, count),
        range(count),
        seeds=[0] * count,
        temperature=1.0,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {count}
    assert seen[-1] == (count, count)


def test_an_error_of_the_caller_stops_all_threads(rng: np.random.Generator) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny_engine(2, 4).draw(
            codes(rng, 500), range(500), seeds=[0] * 500, temperature=1.0, progress=interrupt
        )


def test_numbers_that_are_not_finite_are_the_bundles_fault(rng: np.random.Generator) -> None:
    latents = codes(rng, 2)
    latents[1] = np.nan
    with pytest.raises(BundleError, match="not finite"):
        tiny_engine().draw(latents, range(2), seeds=[0, 0], temperature=1.0)
