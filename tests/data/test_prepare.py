from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.data.card import QUICKDRAW_LICENCE
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.encode import CategoryBuffer, encode
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.prepare import MergedShards, prepare, write_splits
from sketch_pix2seq.data.reading import ReadReport
from sketch_pix2seq.data.split_file import SplitFile
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_data_set_is_four_files(synthetic_files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "set"
    card = prepare(synthetic_files, out)
    assert left_behind(out) == ["dataset.json", "test.arrow", "train.arrow", "valid.arrow"]
    assert left_behind(out.parent) == ["set"]
    assert Dataset.open(out).card == card
    assert card.categories == ("circle", "house", "zigzag")
    for source, path in zip(card.sources, synthetic_files, strict=True):
        assert (source.name, source.read, source.kept) == (path.name, 120, 120)
        assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_sources_give_the_same_bytes(synthetic_files: list[Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepare(synthetic_files, tmp_path / name)
    for name in ("dataset.json", "train.arrow", "valid.arrow", "test.arrow"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_drawings_split_does_not_depend_on_what_else_is_prepared(
    synthetic_files: list[Path], dataset: Dataset, tmp_path: Path
) -> None:
    prepare(synthetic_files[:1], tmp_path / "alone", epsilon=5.0)
    alone = Dataset.open(tmp_path / "alone")
    for name in ("train", "valid", "test"):
        start, stop = dataset.split(name).category_range(0)
        together = [dataset.split(name).key_id(index) for index in range(start, stop)]
        assert together == [alone.split(name).key_id(i) for i in range(len(alone.split(name)))]


def test_epsilon_simplifies_further(
    synthetic_files: list[Path], dataset: Dataset, tmp_path: Path
) -> None:
    prepare(synthetic_files, tmp_path / "coarse", epsilon=8.0)
    fine, coarse = dataset.split("train"), Dataset.open(tmp_path / "coarse").split("train")
    every = np.arange(len(fine))
    assert coarse.lengths(every).sum() < 0.8 * fine.lengths(every).sum()
    assert (coarse.lengths(every) <= fine.lengths(every)).all()


def test_wrong_lines_are_counted_and_strict_refuses(
    synthetic_files: list[Path], tmp_path: Path
) -> None:
    dirty = tmp_path / "circle.ndjson"
    lines = synthetic_files[0].read_bytes().splitlines()
    lines[3], lines[50] = lines[3][:40], b"{}"
    dirty.write_bytes(b"\n".join(lines))
    card = prepare([dirty], tmp_path / "set")
    assert (card.sources[0].read, card.sources[0].kept) == (120, 118)
    assert card.sources[0].left_out == {
        "a line must be a JSON object": 1,
        "a record must have a list `drawing`": 1,
    }
    assert card.sources[0].first_wrong_line == 4
    with pytest.raises(DatasetError, match=r"`circle\.ndjson` line 4: "):
        prepare([dirty], tmp_path / "strict", strict=True)
    assert left_behind(tmp_path) == ["circle.ndjson", "set"]


def test_what_is_there_is_never_touched(synthetic_files: list[Path], tmp_path: Path) -> None:
    for name in ("file", "folder", "link"):
        out = tmp_path / name
        if name == "file":
            out.write_text("mine")
        elif name == "folder":
            out.mkdir()
        else:
            out.symlink_to(tmp_path / "nowhere")
        with pytest.raises(DatasetError, match="must not exist yet"):
            prepare(synthetic_files, out)
    assert left_behind(tmp_path) == ["file", "folder", "link"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_nothing_behind(
    synthetic_files: list[Path], tmp_path: Path, error: type[BaseException]
) -> None:
    def interrupt(done: int, total: int) -> None:
        assert any(name.endswith(".partial") for name in left_behind(tmp_path))
        raise error

    with pytest.raises(error):
        prepare(synthetic_files, tmp_path / "set", progress=interrupt)
    assert left_behind(tmp_path) == []


def test_a_full_disk_is_one_clear_line(
    synthetic_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, rows: object, category_id: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sketch_pix2seq.data.split_file.SplitWriter.append", full)
    with pytest.raises(DatasetError, match="cannot be written; got No space left on device"):
        prepare(synthetic_files, tmp_path / "set")
    assert left_behind(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_one_clear_line(
    synthetic_files: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot be made"):
        prepare(synthetic_files, tmp_path / "file" / "set")


def test_options_are_checked_first_and_recorded(
    synthetic_files: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="`max_steps` must be at least 1"):
        prepare([tmp_path / "gone"], tmp_path / "set", max_steps=0)
    card = prepare(synthetic_files, tmp_path / "set", limit=100, max_steps=150)
    assert (card.options["limit"], card.options["max_steps"]) == (100, 150)
    assert [source.read for source in card.sources] == [100] * 3


def test_texts_that_no_card_can_hold_are_refused_before_anything_is_read(
    synthetic_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.data.prepare.read_shards", None)
    with pytest.raises(UsageError, match=r"`licence` must be text .*; got 'a\\x07'"):
        prepare(synthetic_files, tmp_path / "set", licence="a\x07")
    for name in (b"a\x07.ndjson", b"\xff.ndjson"):
        path = tmp_path / os.fsdecode(name)
        try:
            path.write_bytes(synthetic_files[0].read_bytes())
        except OSError:
            continue  # not every system lets a file have such a name
        with pytest.raises(DatasetError, match="the name of a source must be text"):
            prepare([path], tmp_path / "set")


def test_real_drawings(quickdraw: Path, tmp_path: Path) -> None:
    files = [quickdraw / f"{name}.ndjson.gz" for name in ("cat", "pig")]
    card = prepare(files, tmp_path / "set", limit=1500)
    assert card.categories == ("cat", "pig")
    assert sum(source.kept for source in card.sources) > 2900
    assert 20 < card.offset_scale < 50
    assert card.longest <= 250
    split = Dataset.open(tmp_path / "set").split("train")
    sides = [np.ptp(np.concatenate(split.sketch(i).strokes), axis=0).max() for i in range(50)]
    assert 240 <= min(sides) <= max(sides) == 255


GOOGLES = '{{"countrycode": "DE", "key_id": "{n}", "drawing": [[[0, {n}], [0, 9]]]}}'


def test_a_licence_is_claimed_of_googles_files_alone(tmp_path: Path) -> None:
    lines = [GOOGLES.format(n=number) for number in range(30)]
    own = [*lines[:-1], lines[-1].replace('"countrycode": "DE", ', "")]
    for name, content in (("googles", lines), ("own", own)):
        (tmp_path / f"{name}.ndjson").write_text("\n".join(content))
    files = [tmp_path / "googles.ndjson", tmp_path / "own.ndjson"]
    assert prepare(files[:1], tmp_path / "a").licence == QUICKDRAW_LICENCE
    assert prepare(files[1:], tmp_path / "b").licence == "not stated"
    assert prepare(files, tmp_path / "c").licence == "not stated"
    assert prepare(files, tmp_path / "d", licence="ours").licence == "ours"


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


@pytest.mark.parametrize("first", range(0, 190, 19))
def test_ten_drawings_are_enough(tmp_path: Path, first: int) -> None:
    blocks = [MANY[first : first + 10], MANY[first : first + 4]]
    card = write_splits(merged(tmp_path, cat=blocks), tmp_path, PrepareOptions(), "")
    counts = [card.counts[split]["cat"] for split in ("train", "valid", "test")]
    assert sum(counts) == 10 and min(counts) >= 1 and counts[0] >= 4


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


def test_thin_categories_are_named(tmp_path: Path) -> None:
    made = merged(tmp_path, cat=[MANY], dog=[MANY[:5]], pig=[MANY[:3] * 50])
    with pytest.raises(DatasetError) as caught:
        write_splits(made, tmp_path, PrepareOptions(), "")
    message = str(caught.value)
    assert message.startswith("a category must have at least 10 different drawings")
    assert "`dog` (" in message
    assert "`pig` (" in message
    assert "`cat`" not in message


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
    (tmp_path / "few").mkdir()
    options = PrepareOptions(min_drawings=60 - own + 1, drop_near_duplicates=True)
    with pytest.raises(DatasetError, match="different drawings"):
        write_splits(merged(tmp_path / "few", cat=blocks), tmp_path / "few", options, "")
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
