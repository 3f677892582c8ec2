"""What the shards gave, put together in their order: whoever made them, and whenever.

Knows sources and categories; does not touch a drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sketch_pix2seq.data.formats.reading import ReadReport
from sketch_pix2seq.data.gather import Gathered, check_number
from sketch_pix2seq.data.spool import Spool
from sketch_pix2seq.errors import DatasetError


@dataclass
class Merged:
    """What the first pass leaves for the second.

    Args:
        spools: A spool for each category, in the order in which categories were met.
        paths: The sources.
        digests: Digest of each source.
        reports: What became of each source's records.
    """

    spools: dict[str, Spool] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    reports: list[ReadReport] = field(default_factory=list)


def merge(parts: Sequence[Gathered], on_notice: Callable[[str], None] | None = None) -> Merged:
    """Put together what the shards gave.

    Args:
        parts: Of all shards, in any order.
        on_notice: Told of each source that could not be read to its end.

    Returns:
        Spools by category, reports by source.

    Raises:
        DatasetError: If a shard is missing or there twice, a source gives no drawing at all, or
            there are too many categories.
    """
    files: dict[str, list[Path]] = {}
    merged = Merged()
    for part in _in_order(parts):
        if part.shard.source == len(merged.paths):
            merged.paths.append(part.shard.path)
            merged.digests.append(part.sha256)
            merged.reports.append(part.report)
        else:
            _add(merged.reports[-1], part.report)
        for category, path in part.spools.items():
            files.setdefault(category, []).append(path)
    check_number(len(files))
    merged.spools = {category: Spool(*paths) for category, paths in files.items()}
    for path, report in zip(merged.paths, merged.reports, strict=True):
        if report.kept == 0 and report.skipped == 0:
            _refuse_useless(path, report)
        if report.cut_short and on_notice:
            on_notice(
                f"source `{path.name}` is not whole: {report.cut_short}; "
                f"the {report.kept:,} drawings before that were read. Fetch it again."
            )
    return merged


def _in_order(parts: Sequence[Gathered]) -> list[Gathered]:
    """Sort the parts; refuse to go on without one of them, whose drawings would be lost."""
    ordered = sorted(parts, key=lambda part: part.shard.number)
    numbers = [part.shard.number for part in ordered]
    total = max((part.shard.of for part in ordered), default=0)
    if numbers != list(range(total)):
        missing = sorted(set(range(total)) - set(numbers))
        raise DatasetError(
            f"there must be one result of each of the {total} shards",
            got=f"none of shard {missing[0]}" if missing else "two of one shard",
            do="Gather it again.",
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


def _refuse_useless(path: Path, report: ReadReport) -> None:
    """Refuse a source that gave no drawing, saying what was wrong with the first record."""
    if report.read == 0:
        raise DatasetError(f"source `{path.name}` must hold drawings", got="an empty file")
    if report.first_wrong is None:
        reason, num = report.left_out.most_common(1)[0]
        raise DatasetError(f"source `{path.name}` must hold drawings; {num} left out: {reason}")
    number, message = report.first_wrong
    raise DatasetError(f"source `{path.name}` must hold drawings; line {number}: {message}")
