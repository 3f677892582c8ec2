from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.data.buffer_file import CategoryBuffer
from sketch_pix2seq.data.encode import encode
from sketch_pix2seq.data.formats.reading import ReadReport
from sketch_pix2seq.data.merge import MergedShards
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.split_file import SplitFile
from sketch_pix2seq.data.write_splits import write_splits
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing


def line_to(x: int, y: int) -> SimplifiedDrawing:
    points = np.array([[0, 0], [x, y]], np.int16)
    return SimplifiedDrawing(points, np.array([False, True]), None, 1000 * x + y, None)


def merged(folder: Path, **drawings: list[list[SimplifiedDrawing]]) -> MergedShards:
    """Buffers of drawings from several sources: a list of blocks for each category."""
    made = MergedShards()
    for number in range(2):
        made.paths.append(Path(f"{number}.ndjson"))
        made.digests.append("")
        made.reports.append(ReadReport(read=1000))
    for category, blocks in drawings.items():
        path = folder / f"{category}.buffer"
        path.touch()
        made.buffers[category] = CategoryBuffer(path)
        for number, block in enumerate(blocks):
            encoded = encode(block, source=number % 2, options=PrepareOptions(), left_out=Counter())
            made.buffers[category].append(encoded)
    return made


MANY = [line_to(x, y) for x in range(20) for y in range(1, 11)]


def test_every_drawing_lands_in_one_split(tmp_path: Path) -> None:
    made = merged(tmp_path, cat=[MANY[:90], MANY[90:]], dog=[MANY])
    card = write_splits(made, tmp_path, PrepareOptions(), "ours")
    assert card.categories == ("cat", "dog")
    for category in ("cat", "dog"):
        assert sum(card.counts[split][category] for split in card.counts) == 200
    keys = []
    for split in card.counts:
        stored = SplitFile(tmp_path / f"{split}.arrow", [*card.counts[split].values()]).batch(0)
        # the same drawings of both categories, in the order they came in
        half = len(stored.key_ids) // 2
        assert stored.key_ids[:half].tolist() == stored.key_ids[half:].tolist()
        assert stored.key_ids[:half].tolist() == sorted(stored.key_ids[:half].tolist())
        keys.extend(stored.key_ids[:half].tolist())
    assert sorted(keys) == sorted(drawing.key_id or 0 for drawing in MANY)
    assert [source.kept for source in card.sources] == [90 + 200, 110]
    assert (card.licence, card.longest) == ("ours", 2)


def test_duplicates_are_left_out_within_a_category(tmp_path: Path) -> None:
    made = merged(tmp_path, cat=[MANY, MANY[:30]], dog=[MANY])
    card = write_splits(made, tmp_path, PrepareOptions(), "")
    assert sum(card.counts[split]["cat"] for split in card.counts) == 200
    reason = "a drawing must differ from all others of its category"
    assert [source.left_out for source in card.sources] == [{}, {reason: 30}]


def test_caps_keep_the_first(tmp_path: Path) -> None:
    options = PrepareOptions(train=20, valid=3, test=5)
    card = write_splits(merged(tmp_path, cat=[MANY]), tmp_path, options, "")
    assert card.counts == {"train": {"cat": 20}, "valid": {"cat": 3}, "test": {"cat": 5}}
    assert card.sources[0].left_out == {
        "a split takes at most the given number of drawings of a category": 172
    }
    capped = SplitFile(tmp_path / "train.arrow", [20]).batch(0).key_ids.tolist()
    (tmp_path / "all").mkdir()
    whole = write_splits(
        merged(tmp_path / "all", cat=[MANY]), tmp_path / "all", PrepareOptions(), ""
    )
    file = SplitFile(tmp_path / "all" / "train.arrow", [whole.total("train")])
    assert capped == file.batch(0).key_ids[:20].tolist()


def test_the_offset_scale_is_the_training_splits_deviation(tmp_path: Path) -> None:
    card = write_splits(merged(tmp_path, cat=[MANY]), tmp_path, PrepareOptions(), "")
    stored = SplitFile(tmp_path / "train.arrow", [card.total("train")]).batch(0)
    assert card.offset_scale == pytest.approx(stored.steps[:, :2].astype(np.float64).std())


def test_thin_categories_are_named_before_anything_is_written(tmp_path: Path) -> None:
    made = merged(tmp_path, cat=[MANY], dog=[MANY[:5]], pig=[MANY[:3] * 50])
    with pytest.raises(DatasetError) as caught:
        write_splits(made, tmp_path, PrepareOptions(), "")
    message = str(caught.value)
    assert message.startswith("a category must have at least 10 different drawings")
    assert "`dog` (" in message
    assert "`pig` (" in message
    assert "`cat`" not in message
    assert not list(tmp_path.glob("*.arrow"))


def test_of_many_thin_categories_some_are_named(tmp_path: Path) -> None:
    made = merged(tmp_path, **{f"c{number}": [MANY[:1]] for number in range(9)})
    with pytest.raises(DatasetError, match=r"`c4` \(.*\) and 4 more"):
        write_splits(made, tmp_path, PrepareOptions(), "")


def test_a_category_of_which_all_was_left_out_is_thin(tmp_path: Path) -> None:
    made = merged(tmp_path, cat=[MANY], dog=[])
    with pytest.raises(DatasetError, match=r"`dog` \(0 train, 0 valid, 0 test\)"):
        write_splits(made, tmp_path, PrepareOptions(), "")


def near(drawing: SimplifiedDrawing) -> SimplifiedDrawing:
    """The same line with a point more, which a coarse grid does not show."""
    points = np.insert(drawing.points * 20, 1, drawing.points[0] + 1, axis=0)
    return drawing._replace(points=points, lifts=np.array([False, False, True]))


def test_near_duplicates_are_counted_and_left_out_if_asked(tmp_path: Path) -> None:
    apart = [line_to(20 * x, 320) for x in range(60)]
    blocks = [apart, [near(line_to(x, 16)) for x in range(12)]]
    options = PrepareOptions(min_drawings=3)
    card = write_splits(merged(tmp_path, cat=blocks), tmp_path, options, "")
    own, copies = (source.near_duplicates for source in card.sources)
    assert (own < 40, copies) == (True, 12)
    assert [source.kept for source in card.sources] == [60, 12]
    (tmp_path / "new").mkdir()
    options = PrepareOptions(min_drawings=3, drop_near_duplicates=True)
    card = write_splits(merged(tmp_path / "new", cat=blocks), tmp_path / "new", options, "")
    assert [source.kept for source in card.sources] == [60 - own, 0]
    reason = "a drawing must not be a near-duplicate of another one of its category"
    assert [source.left_out for source in card.sources] == [{reason: own}, {reason: 12}]


def test_the_limit_holds_over_all_sources(tmp_path: Path) -> None:
    options = PrepareOptions(limit=120)
    card = write_splits(merged(tmp_path, cat=[MANY[:100], MANY[50:]]), tmp_path, options, "")
    assert sum(card.counts[split]["cat"] for split in card.counts) == 120
    assert card.sources[1].left_out == {
        "a drawing must differ from all others of its category": 50,
        "a category takes at most `limit` drawings": 80,
    }
