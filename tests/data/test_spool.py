from __future__ import annotations

from pathlib import Path

import numpy as np

from sketch_pix2seq.data.encode import EncodedBlock
from sketch_pix2seq.data.split_file import DrawingRows
from sketch_pix2seq.data.spool import Spool


def block(rng: np.random.Generator, num: int) -> EncodedBlock:
    lengths = rng.integers(1, 9, size=num)
    steps = rng.integers(-300, 300, size=(int(lengths.sum()), 3)).astype(np.int16)
    keys, digests, likenesses = rng.integers(0, 2**64, size=(3, num), dtype=np.uint64)
    return EncodedBlock(
        DrawingRows(steps, lengths, keys),
        digests,
        likenesses,
        rng.integers(0, 9, num).astype(np.int32),
    )


def test_blocks_come_back_as_they_went_in(tmp_path: Path, rng: np.random.Generator) -> None:
    spool = Spool(tmp_path / "0.spool")
    blocks = [block(rng, num) for num in (3, 0, 1000, 1)]
    for one in blocks:
        spool.append(one)
    for found, one in zip(spool.blocks(), blocks, strict=True):
        np.testing.assert_array_equal(found.rows.steps, one.rows.steps)
        np.testing.assert_array_equal(found.rows.lengths, one.rows.lengths)
        np.testing.assert_array_equal(found.rows.key_ids, one.rows.key_ids)
        np.testing.assert_array_equal(found.digests, one.digests)
        np.testing.assert_array_equal(found.sources, one.sources)
    for name in ("digests", "likenesses", "sources"):
        expected = np.concatenate([getattr(one, name) for one in blocks])
        np.testing.assert_array_equal(getattr(spool.identities(), name), expected)


def test_several_files_are_read_as_one(tmp_path: Path, rng: np.random.Generator) -> None:
    paths = [tmp_path / f"{number}.spool" for number in range(3)]
    blocks = [block(rng, 3) for _ in paths]
    for path, one in zip(paths, blocks, strict=True):
        Spool(path).append(one)
    together = Spool(*paths)
    for found, one in zip(together.blocks(), blocks, strict=True):
        np.testing.assert_array_equal(found.digests, one.digests)
    assert len(together.identities().sources) == 9


def test_a_new_spool_is_empty(tmp_path: Path) -> None:
    (tmp_path / "0.spool").touch()
    spool = Spool(tmp_path / "0.spool")
    assert list(spool.blocks()) == []
    assert [len(part) for part in spool.identities()] == [0, 0, 0]
