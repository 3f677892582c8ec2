from __future__ import annotations

from pathlib import Path

import numpy as np

from sketch_pix2seq.data.buffer_file import CategoryBuffer
from sketch_pix2seq.data.encode import EncodedBlock
from sketch_pix2seq.data.split_file import DrawingRows


def block(rng: np.random.Generator, num: int) -> EncodedBlock:
    lengths = rng.integers(1, 9, size=num)
    steps = rng.integers(-300, 300, size=(int(lengths.sum()), 3)).astype(np.int16)
    keys, digests, near_duplicate_hashes = rng.integers(0, 2**64, size=(3, num), dtype=np.uint64)
    return EncodedBlock(
        DrawingRows(steps, lengths, keys),
        digests,
        near_duplicate_hashes,
        rng.integers(0, 9, num).astype(np.int32),
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
        np.testing.assert_array_equal(found.digests, one.digests)
        np.testing.assert_array_equal(found.sources, one.sources)
    for name in ("digests", "near_duplicate_hashes", "sources"):
        expected = np.concatenate([getattr(one, name) for one in blocks])
        np.testing.assert_array_equal(getattr(buffer.identities(), name), expected)


def test_several_files_are_read_as_one(tmp_path: Path, rng: np.random.Generator) -> None:
    paths = [tmp_path / f"{number}.buffer" for number in range(3)]
    blocks = [block(rng, 3) for _ in paths]
    for path, one in zip(paths, blocks, strict=True):
        CategoryBuffer(path).append(one)
    together = CategoryBuffer(*paths)
    for found, one in zip(together.blocks(), blocks, strict=True):
        np.testing.assert_array_equal(found.digests, one.digests)
    assert len(together.identities().sources) == 9


def test_a_new_spool_is_empty(tmp_path: Path) -> None:
    (tmp_path / "0.buffer").touch()
    buffer = CategoryBuffer(tmp_path / "0.buffer")
    assert list(buffer.blocks()) == []
    assert [len(part) for part in buffer.identities()] == [0, 0, 0]
