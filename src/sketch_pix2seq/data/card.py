"""The card of a prepared data set, `dataset.json`: what is in it and where it came from.

Knows the JSON and checks it; does not know the Arrow files beside it.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import orjson

from sketch_pix2seq.errors import DatasetError

FORMAT_VERSION = 1
FILE_NAME = "dataset.json"
SPLITS = ("train", "valid", "test")
QUICKDRAW_LICENCE = (
    "Quick, Draw! Dataset, Google, CC BY 4.0 "
    "(https://github.com/googlecreativelab/quickdraw-dataset)"
)


@dataclass(frozen=True, kw_only=True)
class SourceAccount:
    """What one source file gave.

    Args:
        name: File name, without its folder.
        sha256: Digest of the file as it lay on disk.
        read: Lines that were read.
        kept: Drawings that are in the data set.
        near_duplicates: Of these, near-duplicates of an earlier one of their category.
        left_out: Drawings that are not, by reason.
        first_wrong_line: Number of the first line that could not be read, if there was one.
    """

    name: str
    sha256: str
    read: int
    kept: int
    near_duplicates: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    first_wrong_line: int | None = None


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """What a data set holds.

    Args:
        categories: Category names; a category's id is its place here.
        counts: Number of drawings by split and category.
        offset_scale: Standard deviation of all dx and dy of the training split, in the
            sources' own units (QuickDraw: the longest side is 255).
        longest: Rows of the longest drawing of all splits.
        options: Options of `prepare`.
        sources: What each source gave.
        licence: Whose drawings these are and on which terms.
        format_version: Version of this layout.
    """

    categories: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    offset_scale: float
    longest: int
    options: dict[str, Any]
    sources: tuple[SourceAccount, ...]
    licence: str = QUICKDRAW_LICENCE
    format_version: int = FORMAT_VERSION

    @property
    def digest(self) -> str:
        """SHA-256 of the card: that of another data set is another one."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def total(self, split: str) -> int:
        """Return the number of drawings in one split.

        Args:
            split: "train", "valid" or "test".
        """
        return sum(self.counts[split].values())

    def to_json(self) -> bytes:
        """Return the text of `dataset.json`."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @staticmethod
    def from_json(text: bytes) -> DatasetCard:
        """Read the text of `dataset.json`.

        Args:
            text: The file's bytes.

        Returns:
            The card.

        Raises:
            DatasetError: If it is no such text, or of another version.
        """
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise DatasetError(f"`{FILE_NAME}` must be JSON", got=str(error)) from error
        if not isinstance(found, dict) or "format_version" not in found:
            raise DatasetError(f"`{FILE_NAME}` must have a `format_version`")
        if found["format_version"] != FORMAT_VERSION:
            raise DatasetError(
                f"`{FILE_NAME}` must have `format_version` {FORMAT_VERSION}",
                got=found["format_version"],
                do="Prepare the data set again with this version of the package.",
            )
        return _checked(found)

    @staticmethod
    def read(folder: Path) -> DatasetCard:
        """Read the card of a data set's folder.

        Args:
            folder: The data set.

        Returns:
            The card.

        Raises:
            DatasetError: If the folder is no data set, or its card is wrong.
        """
        advice = "Make one with `sketch-pix2seq data prepare`."
        if not folder.is_dir():
            raise DatasetError(f"`{folder}` must be the folder of a prepared data set", do=advice)
        try:
            text = (folder / FILE_NAME).read_bytes()
        except OSError as error:
            raise DatasetError(f"`{folder}` has no readable `{FILE_NAME}`", do=advice) from error
        return DatasetCard.from_json(text)


def _checked(found: dict[str, Any]) -> DatasetCard:
    """Build a card from JSON values, refusing what is missing or of another type."""
    names = {field.name for field in fields(DatasetCard)}
    missing = sorted(names - found.keys())
    if missing:
        raise DatasetError(f"`{FILE_NAME}` must have `{missing[0]}`")
    try:
        card = DatasetCard(
            categories=tuple(map(str, found["categories"])),
            counts={
                split: {str(name): int(num) for name, num in found["counts"][split].items()}
                for split in SPLITS
            },
            offset_scale=float(found["offset_scale"]),
            longest=int(found["longest"]),
            options=dict(found["options"]),
            sources=tuple(SourceAccount(**source) for source in found["sources"]),
            licence=str(found["licence"]),
        )
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DatasetError(f"`{FILE_NAME}` has a value of the wrong type", got=error) from error
    if not card.categories:
        raise DatasetError(f"`{FILE_NAME}` must have a category")
    for split in SPLITS:
        if tuple(card.counts[split]) != card.categories:
            raise DatasetError(f"`{FILE_NAME}` must count every category in `{split}`, in order")
    if not card.offset_scale > 0:
        raise DatasetError(f"`{FILE_NAME}`: `offset_scale` must be positive", got=card.offset_scale)
    return card
