"""Results of shards, merged in the shards' order.

Handles sources and categories; does not read a drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sketch_pix2seq.data.buffer_file import CategoryBuffer
from sketch_pix2seq.data.formats.reading import ReadReport
from sketch_pix2seq.data.read_shard import ShardResult, check_number
from sketch_pix2seq.errors import DatasetError


@dataclass
class MergedShards:
    """All results of the first pass.

    Args:
        buffers: A buffer for each category, in the order of their first drawings.
        paths: The sources.
        digests: Digest of each source.
        reports: How many records of each source were kept, and why others were not.
    """

    buffers: dict[str, CategoryBuffer] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    reports: list[ReadReport] = field(default_factory=list)


def merge_shards(
    parts: Sequence[ShardResult], on_notice: Callable[[str], None] | None = None
) -> MergedShards:
    """Merge the results of shards.

    Args:
        parts: Of all shards, in any order.
        on_notice: Called with a line for each source that could not be read to its end.

    Returns:
        Spools by category, reports by source.

    Raises:
        DatasetError: If a shard is missing or comes twice, a source holds no drawing, or
            there are too many categories.
    """
    files: dict[str, list[Path]] = {}
    merged = MergedShards()
    for part in _in_order(parts):
        if part.shard.source == len(merged.paths):
            merged.paths.append(part.shard.path)
            merged.digests.append(part.sha256)
            merged.reports.append(part.report)
        else:
            _add(merged.reports[-1], part.report)
        for category, path in part.buffers.items():
            files.setdefault(category, []).append(path)
    check_number(len(files))
    merged.buffers = {category: CategoryBuffer(*paths) for category, paths in files.items()}
    for path, report in zip(merged.paths, merged.reports, strict=True):
        if report.kept == 0 and report.skipped == 0:
            _refuse_empty(path, report)
        if report.cut_short and on_notice:
            on_notice(
                f"source `{path.name}` is not whole: {report.cut_short}; "
                f"the {report.kept:,} drawings before that were read. Fetch it again."
            )
    return merged


def _in_order(parts: Sequence[ShardResult]) -> list[ShardResult]:
    """Sort the results by shard, and check that each shard has one."""
    ordered = sorted(parts, key=lambda part: part.shard.number)
    numbers = [part.shard.number for part in ordered]
    total = max((part.shard.of for part in ordered), default=0)
    if numbers != list(range(total)):
        missing = sorted(set(range(total)) - set(numbers))
        raise DatasetError(
            f"there must be one result of each of the {total} shards",
            got=f"none of shard {missing[0]}" if missing else "two of one shard",
            do="Read that shard again.",
        )
    return ordered


def _add(whole: ReadReport, part: ReadReport) -> None:
    """Add the report of the next part of a source."""
    if whole.first_wrong is None and part.first_wrong is not None:
        line, message = part.first_wrong
        whole.first_wrong = (whole.number + line, message)
    whole.number += part.number
    whole.read += part.read
    whole.skipped += part.skipped
    for reason, num in part.left_out.items():
        whole.leave_out(reason, num)


def _refuse_empty(path: Path, report: ReadReport) -> None:
    """Refuse a source that gave no drawing, saying what was wrong with the first record."""
    if report.read == 0:
        raise DatasetError(f"source `{path.name}` must hold drawings", got="an empty file")
    if report.first_wrong is None:
        reason, num = report.left_out.most_common(1)[0]
        raise DatasetError(f"source `{path.name}` must hold drawings; {num} left out: {reason}")
    number, message = report.first_wrong
    raise DatasetError(f"source `{path.name}` must hold drawings; line {number}: {message}")
