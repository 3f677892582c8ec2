"""Tables: numbers with their intervals, as people read them, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from sketch_pix2seq.evaluation.estimates import Estimate

Cell: TypeAlias = str | int | float | Estimate | None
"""A number, perhaps with its interval; a word; or nothing."""
Form = Literal["share", "points", "number", "text"]
_UNITS: dict[Form, str] = {"share": " %", "points": " points"}
_LARGE = 999.5  # from here on three digits would not be the number


class Column(NamedTuple):
    """A column of a table.

    Args:
        name: Above it.
        form: `share`: formatted in per cent; `points`: a difference of two such, with its sign;
            `number`: to three digits; `text`: as it is.
    """

    name: str
    form: Form = "share"


def columns(first: str, *others: str, form: Form = "share") -> list[Column]:
    """Name the columns of a table: the first holds words, the others are of one form."""
    return [Column(first, "text"), *(Column(name, form) for name in others)]


class FormattedCell(NamedTuple):
    """A cell as people read it, and its 95 % interval."""

    text: str
    interval: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the report.

    Args:
        name: Of its CSV file.
        title: Above it.
        columns: The first one names the rows.
        rows: Rows from the top.
        yardsticks: Number of rows at the top that are no models, such as human drawings.
        page_columns: How many columns the page shows; None: all. The others are for its CSV.
        has_intervals: Whether the page shows intervals; its CSV always holds them.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]] = field(repr=False)
    yardsticks: int = 0
    page_columns: int | None = None
    has_intervals: bool = True

    def __post_init__(self) -> None:
        """Check that every row has a cell for each column."""
        assert all(len(row) == len(self.columns) for row in self.rows)

    @property
    def shown_columns(self) -> Sequence[Column]:
        """Columns that the page shows."""
        return self.columns[: self.page_columns]

    @property
    def num_left_out(self) -> int:
        """Number of columns that its CSV alone has."""
        return len(self.columns) - len(self.shown_columns)

    def formatted_rows(self) -> list[list[FormattedCell]]:
        """Return the rows that the page shows, as people read them."""
        rows = [
            [
                format_cell(cell, column.form)
                for cell, column in zip(row, self.shown_columns, strict=False)
            ]
            for row in self.rows
        ]
        if self.has_intervals:
            return rows
        return [[cell._replace(interval="") for cell in row] for row in rows]

    def to_csv(self) -> str:
        """As CSV: numbers as they are; an interval in two columns of its own."""
        lines: list[list[Any]] = [[] for _ in range(1 + len(self.rows))]
        for index, column in enumerate(self.columns):
            cells = [row[index] for row in self.rows]
            wide = any(isinstance(cell, Estimate) for cell in cells)
            lines[0] += [column.name, *(f"{column.name} {end}" for end in ("low", "high") if wide)]
            for line, cell in zip(lines[1:], cells, strict=True):
                if isinstance(cell, Estimate):
                    line += [round(number, 6) for number in (cell.value, cell.low, cell.high)]
                else:
                    line += [cell, None, None] if wide else [cell]
        return csv_text(lines)

    def to_json(self) -> list[dict[str, Any]]:
        """As JSON takes it: a dict for each row."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, map(plain, row), strict=True)) for row in self.rows]


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, the header among them."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def plain(cell: Cell) -> Any:
    """A cell as JSON takes it."""
    return asdict(cell) if isinstance(cell, Estimate) else cell


def listed(rows: Sequence[Sequence[Cell]], column: int = 1, form: Form = "share") -> str:
    """Names of rows with their numbers in one column, as a sentence goes."""
    return ", ".join(f"{row[0]} {format_cell(row[column], form).text}" for row in rows)


def counted(number: int, one: str, several: str = "") -> str:
    """A number of things: `1 pair`, `2 pairs`; `several` is the plural if not by an s."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def format_cell(cell: Cell, form: Form) -> FormattedCell:
    """Format a cell as people read it; `form` as of `Column`.

    Example:
        >>> format_cell(Estimate(0.5, 0.4, 0.61), "share")
        FormattedCell(text='50.0 %', interval='40.0–61.0')
    """
    if cell is None:
        return FormattedCell("–")
    if isinstance(cell, str):
        return FormattedCell(cell)
    if isinstance(cell, Estimate) and not math.isnan(cell.value):
        value, low, high = (_number(number, form) for number in (cell.value, cell.low, cell.high))
        to = " to " if cell.low < 0 or form == "points" else "–"
        return FormattedCell(value + _UNITS.get(form, ""), low + to + high)
    number = cell.value if isinstance(cell, Estimate) else cell
    if math.isnan(number):
        return FormattedCell("–")
    return FormattedCell(_number(number, form) + _UNITS.get(form, ""))


def _number(value: float, form: Form) -> str:
    if form in _UNITS:
        sign = "+" if form == "points" else ""
        return f"{round(100 * value, 1) + 0:{sign}.1f}".replace("-", "−")
    if isinstance(value, int) or abs(value) >= _LARGE:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value + 0:.3g}".replace("-", "−")
