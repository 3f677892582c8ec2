"""The card of a prepared data set, `dataset.json`: what is in it and where it came from."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import orjson

from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.sketch.geometry import MAX_POINTS

_T = TypeVar("_T")

FORMAT_VERSION = 1
FILE_NAME = "dataset.json"
SPLITS = ("train", "valid", "test")
LONGEST_CATEGORY = 100
"""Largest number of characters of a category's name."""
_MAX_DRAWINGS = 2**40
_LARGEST_SCALE = 1e6
QUICKDRAW_LICENCE = (
    "Quick, Draw! Dataset, Google, CC BY 4.0 "
    "(https://github.com/googlecreativelab/quickdraw-dataset)"
)


def is_category(name: str) -> bool:
    """Whether a category can have this name."""
    return 0 < len(name) <= LONGEST_CATEGORY and name.isprintable()


def is_text(value: object) -> bool:
    """Whether a card can hold a value as text: UTF-8 without control characters."""
    return isinstance(value, str) and not any(
        (letter < " " and letter not in "\n\t") or "\ud800" <= letter <= "\udfff"
        for letter in value
    )


NOT_STATED = "not stated"
"""The licence of drawings of which nothing is known."""


@dataclass(frozen=True, kw_only=True)
class SourceAccount:
    """What was read from one source file.

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
        categories: Category names; a category's id is its index here.
        counts: Number of drawings by split and category.
        offset_scale: Standard deviation of all dx and dy of the training split, in the
            sources' own units (QuickDraw: the longest side is 255).
        longest: Rows of the longest drawing of all splits.
        options: Options of `prepare`.
        sources: Records read from each source.
        licence: Author and terms of the drawings.
        format_version: Version of this layout.

    Raises:
        DatasetError: If a value is out of its range.
    """

    categories: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    offset_scale: float
    longest: int
    options: dict[str, Any]
    sources: tuple[SourceAccount, ...]
    licence: str = NOT_STATED
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        """Check what others rely on."""
        if not self.categories:
            raise DatasetError(f"`{FILE_NAME}` must have a category")
        for name in self.categories:
            if not is_category(name):
                raise DatasetError(
                    f"`{FILE_NAME}` must name categories by 1 to {LONGEST_CATEGORY} printable "
                    "letters",
                    got=ascii(name)[:60],
                )
        for split in SPLITS:
            if tuple(self.counts[split]) != self.categories:
                raise DatasetError(
                    f"`{FILE_NAME}` must count every category in `{split}`, in order"
                )
            if not all(0 <= num <= _MAX_DRAWINGS for num in self.counts[split].values()):
                raise DatasetError(f"`{FILE_NAME}` must count drawings in `{split}` from 0 on")
        if not 0 < self.offset_scale <= _LARGEST_SCALE:
            raise DatasetError(
                f"`{FILE_NAME}`: `offset_scale` must be positive and at most {_LARGEST_SCALE:g}",
                got=self.offset_scale,
            )
        if not 0 <= self.longest <= MAX_POINTS:
            raise DatasetError(
                f"`{FILE_NAME}`: `longest` must be from 0 to {MAX_POINTS}", got=self.longest
            )
        for text in (self.licence, *(source.name for source in self.sources)):
            if not is_text(text):
                raise DatasetError(
                    f"`{FILE_NAME}` must hold texts without control characters",
                    got=ascii(text)[:60],
                )

    @property
    def digest(self) -> str:
        """SHA-256 of the card: that of another data set is another one."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def total(self, split: str) -> int:
        """Return the number of drawings in one split."""
        return sum(self.counts[split].values())

    def to_json(self) -> bytes:
        """Return the text of `dataset.json`."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @staticmethod
    def from_json(text: bytes) -> DatasetCard:
        """Read the text of `dataset.json`.

        Raises:
            DatasetError: If it is no such text, or of another version.
        """
        try:
            values = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise DatasetError(f"`{FILE_NAME}` must be JSON", got=str(error)) from error
        if not isinstance(values, dict) or "format_version" not in values:
            raise DatasetError(f"`{FILE_NAME}` must have a `format_version`")
        if values["format_version"] != FORMAT_VERSION:
            raise DatasetError(
                f"`{FILE_NAME}` must have `format_version` {FORMAT_VERSION}",
                got=values["format_version"],
                do="Prepare the data set again with this version of the package.",
            )
        return _checked(values)

    @staticmethod
    def read(folder: Path) -> DatasetCard:
        """Read the card of a data set's folder.

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


def _checked(values: dict[str, Any]) -> DatasetCard:
    """Build a card from JSON values, refusing what is missing or of another type."""
    names = {field.name for field in fields(DatasetCard)}
    missing = sorted(names - values.keys())
    if missing:
        raise DatasetError(f"`{FILE_NAME}` must have `{missing[0]}`")
    try:
        return DatasetCard(
            categories=tuple(_of(str, name) for name in values["categories"]),
            counts={split: _counts(values["counts"][split]) for split in SPLITS},
            offset_scale=float(values["offset_scale"]),
            longest=_of(int, values["longest"]),
            options=_of(dict, values["options"]),
            sources=tuple(_account(source) for source in values["sources"]),
            licence=_of(str, values["licence"]),
        )
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DatasetError(f"`{FILE_NAME}` has a value of the wrong type", got=error) from error


def _account(values: dict[str, Any]) -> SourceAccount:
    for name, value in values.items():
        if name in ("name", "sha256"):
            _of(str, value)
        elif name == "left_out":
            _counts(value)
        elif not (name == "first_wrong_line" and value is None):
            _of(int, value)
    return SourceAccount(**values)


def _counts(values: object) -> dict[str, int]:
    return {_of(str, name): _of(int, num) for name, num in _of(dict, values).items()}


def _of(kind: type[_T], value: object) -> _T:
    if type(value) is not kind:
        raise TypeError(f"{ascii(value)[:60]} for a {kind.__name__}")
    return value
