from __future__ import annotations

import hashlib
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.data.encode import (
    TEST,
    TRAIN,
    VALID,
    CategoryBuffer,
    EncodedBlock,
    Identities,
    digests_of,
    encode,
    split_of,
)
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.split_file import DrawingRows
from sketch_pix2seq.io.ndjson import SimplifiedDrawing, parse_line
from sketch_pix2seq.sketch.pen import stroke3_to_strokes


def drawing(*strokes: list[tuple[int, int]], key_id: int | None = None) -> SimplifiedDrawing:
    points = np.array([point for stroke in strokes for point in stroke], np.int16)
    lifts = np.zeros(len(points), dtype=bool)
    lifts[np.cumsum([len(stroke) for stroke in strokes]) - 1] = True
    return SimplifiedDrawing(points, lifts, "cat", key_id, None)


def encoded(
    *drawings: SimplifiedDrawing,
    epsilon: float | None = None,
    max_steps: int = 250,
    left_out: Counter[str] | None = None,
) -> EncodedBlock:
    counter = Counter() if left_out is None else left_out
    options = PrepareOptions(epsilon=epsilon, max_steps=max_steps)
    return encode(drawings, source=3, options=options, left_out=counter)


def digest(*drawings: SimplifiedDrawing) -> list[int]:
    return list(encoded(*drawings).identities.digests.tolist())


HOOK = drawing([(0, 0), (10, 0), (10, 7)], [(3, 3)], key_id=2**63 + 1)


def test_origin_is_the_floored_middle_of_the_bounding_box() -> None:
    rows = encoded(HOOK).rows
    assert rows.steps.tolist() == [[-5, -3, 0], [10, 0, 0], [0, 7, 1], [-7, -4, 1]]
    assert rows.steps.dtype == np.int16
    assert rows.key_ids.tolist() == [2**63 + 1]


def test_drawings_in_a_block_are_what_they_are_alone(rng: np.random.Generator) -> None:
    made = [
        drawing(*([tuple(p) for p in rng.integers(0, 256, (n, 2)).tolist()] for n in lengths))
        for lengths in [(5,), (1,), (2, 7, 1), (30, 4)]
    ]
    block = encoded(*made)
    steps = np.split(block.rows.steps, np.cumsum(block.rows.lengths)[:-1])
    for one, rows in zip(made, steps, strict=True):
        np.testing.assert_array_equal(encoded(one).rows.steps, rows)
        points = np.concatenate(stroke3_to_strokes(rows))
        shift = one.points.min(axis=0) - points.min(axis=0)
        np.testing.assert_array_equal(points + shift, one.points)
    assert block.identities.sources.tolist() == [3] * 4
    assert block.identities.digests.tolist() == [digest(one)[0] for one in made]


def test_the_digest_sees_shape_and_strokes_but_not_the_place() -> None:
    moved = drawing([(5, 2), (15, 2), (15, 9)], [(8, 5)])
    other_lifts = drawing([(0, 0), (10, 0)], [(10, 7), (3, 3)])
    other_point = drawing([(0, 0), (10, 0), (10, 7)], [(3, 4)])
    first, *others = digest(HOOK, moved, other_lifts, other_point)
    assert others[0] == first
    assert len({first, *others}) == 3


def test_the_digest_is_what_the_convention_says() -> None:
    content = struct.pack("<8h4B", 0, 0, 10, 0, 10, 7, 3, 3, 0, 0, 1, 1)
    expected = hashlib.blake2b(content, digest_size=8).digest()
    assert digest(HOOK) == [int.from_bytes(expected, "little")]
    assert expected.hex() == "64f0a130ac46b42f"  # the splits of all data sets depend on it


def test_splits_come_from_the_first_byte() -> None:
    digests = np.arange(512, dtype=np.uint64)[::-1] + np.uint64(0xABCDE00)
    by_byte = np.repeat([TEST, VALID, TRAIN], [32, 16, 208])
    assert split_of(digests).tolist() == [*by_byte[::-1], *by_byte[::-1]]


@pytest.mark.parametrize(
    ("num", "held_out"), [(3, (1, 1)), (10, (2, 1)), (20, (3, 2)), (64, (8, 4)), (200, (8, 4))]
)
@pytest.mark.parametrize("first_byte", [0, 33, 255])
def test_small_categories_have_enough_in_each_split(
    num: int, held_out: tuple[int, int], first_byte: int, rng: np.random.Generator
) -> None:
    digests = (rng.permutation(num).astype(np.uint64) << np.uint64(8)) + np.uint64(first_byte)
    split = split_of(digests)
    num_test, num_valid = (int((split == number).sum()) for number in (TEST, VALID))
    assert (num_test, num_valid) >= held_out if first_byte else num_test == -(-num // 3)
    assert num_valid >= 1 and (split == TRAIN).sum() >= num // 3
    order = rng.permutation(num)
    assert split_of(digests[order]).tolist() == split[order].tolist()


def test_large_categories_keep_the_splits_of_their_first_bytes(rng: np.random.Generator) -> None:
    for num in (300, 1000, 5000):
        digests = rng.integers(0, 2**63, size=num, dtype=np.uint64)
        alone = [TEST if one < 32 else VALID if one < 48 else TRAIN for one in digests & 255]
        assert split_of(digests).tolist() == alone


def test_splits_have_their_shares(rng: np.random.Generator) -> None:
    points = rng.integers(0, 256, size=(20_000, 2)).astype(np.int16)
    lengths = np.full(4000, 5)
    shares = np.bincount(split_of(digests_of(points, points[:, 0] < 0, lengths))) / 4000
    np.testing.assert_allclose(shares, [13 / 16, 1 / 16, 1 / 8], atol=0.02)


def test_long_drawings_are_left_out_and_counted() -> None:
    left_out: Counter[str] = Counter()
    block = encoded(HOOK, drawing([(0, 0), (1, 1)]), max_steps=3, left_out=left_out)
    assert block.rows.lengths.tolist() == [2]
    assert block.rows.steps.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert +left_out == {"a drawing must have at most 3 points": 1}


def test_drawings_whose_offsets_do_not_fit_are_left_out() -> None:
    left_out: Counter[str] = Counter()
    wide = drawing([(-32768, 0), (32767, 0)])
    far = drawing([(32000, 0), (32767, 5)])
    widest = drawing([(-16384, 0), (16383, 9)])
    block = encoded(wide, far, widest, left_out=left_out)
    assert block.rows.steps.tolist() == [[-383, -2, 0], [767, 5, 1], [-16383, -4, 0], [32767, 9, 1]]
    assert left_out.total() == 1


def test_all_left_out_is_an_empty_block() -> None:
    block = encoded(HOOK, max_steps=1)
    assert (len(block.identities.digests), block.rows.steps.shape) == (0, (0, 3))
    assert len(encoded(drawing([(-32768, 0), (32767, 0)]), epsilon=1.0).identities.digests) == 0


def test_simplifying_keeps_ends_and_changes_no_digest() -> None:
    bumpy = drawing([(0, 0), (50, 1), (100, 0)], [(0, 90), (50, 60), (100, 90)])
    block = encoded(bumpy, HOOK, epsilon=2.0)
    assert block.rows.lengths.tolist() == [5, 4]
    strokes = stroke3_to_strokes(block.rows.steps[:5])
    assert [len(stroke) for stroke in strokes] == [2, 3]
    assert block.identities.digests.tolist() == digest(bumpy, HOOK)


def test_it_fits_what_the_line_reader_gives() -> None:
    line = b'{"drawing":[[[0,10,10],[0,0,7]],[[3],[3]]]}'
    drawing = parse_line(line)
    assert isinstance(drawing, SimplifiedDrawing)
    block = encoded(drawing)
    assert block.identities.digests.tolist() == digest(HOOK)
    assert block.rows.key_ids.tolist() == [0]


@pytest.mark.parametrize("num", [1, 2, 50])
def test_one_point_drawings(num: int) -> None:
    block = encoded(*[drawing([(number, 7)]) for number in range(num)], epsilon=1.0)
    assert block.rows.steps.tolist() == [[0, 0, 1]] * num
    assert len(set(block.identities.digests.tolist())) == 1


def block(rng: np.random.Generator, num: int) -> EncodedBlock:
    lengths = rng.integers(1, 9, size=num)
    steps = rng.integers(-300, 300, size=(int(lengths.sum()), 3)).astype(np.int16)
    keys, digests, near_duplicate_hashes = rng.integers(0, 2**64, size=(3, num), dtype=np.uint64)
    return EncodedBlock(
        DrawingRows(steps, lengths, keys),
        Identities(digests, near_duplicate_hashes, rng.integers(0, 9, num).astype(np.int32)),
    )


def test_blocks_come_back_as_they_went_in(tmp_path: Path, rng: np.random.Generator) -> None:
    buffer = CategoryBuffer(tmp_path / "0.buffer")
    blocks = [block(rng, num) for num in (3, 0, 1000, 1)]
    for one in blocks:
        buffer.append(one)
    for found, one in zip(buffer.blocks(), blocks, strict=True):
        np.testing.assert_array_equal(found.rows.steps, one.rows.steps)
        np.testing.assert_array_equal(found.rows.lengths, one.rows.lengths)
        np.testing.assert_array_equal(found.rows.key_ids, one.rows.key_ids)
        np.testing.assert_array_equal(found.identities.digests, one.identities.digests)
        np.testing.assert_array_equal(found.identities.sources, one.identities.sources)
    for name in ("digests", "near_duplicate_hashes", "sources"):
        expected = np.concatenate([getattr(one.identities, name) for one in blocks])
        np.testing.assert_array_equal(getattr(buffer.identities(), name), expected)


def test_several_files_are_read_as_one(tmp_path: Path, rng: np.random.Generator) -> None:
    paths = [tmp_path / f"{number}.buffer" for number in range(3)]
    blocks = [block(rng, 3) for _ in paths]
    for path, one in zip(paths, blocks, strict=True):
        CategoryBuffer(path).append(one)
    together = CategoryBuffer(*paths)
    for found, one in zip(together.blocks(), blocks, strict=True):
        np.testing.assert_array_equal(found.identities.digests, one.identities.digests)
    assert len(together.identities().sources) == 9


def test_a_new_buffer_is_empty(tmp_path: Path) -> None:
    (tmp_path / "0.buffer").touch()
    buffer = CategoryBuffer(tmp_path / "0.buffer")
    assert list(buffer.blocks()) == []
    assert [len(part) for part in buffer.identities()] == [0, 0, 0]
