from __future__ import annotations

import csv
import io

import pytest

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.report.tables import (
    Cell,
    Column,
    Form,
    FormattedCell,
    Table,
    counted,
    format_cell,
)


@pytest.mark.parametrize(
    ("cell", "form", "expected"),
    [
        (None, "share", FormattedCell("–")),
        ("cnn", "text", FormattedCell("cnn")),
        (0.123, "share", FormattedCell("12.3 %")),
        (0.123456, "number", FormattedCell("0.123")),
        (12345, "number", FormattedCell("12,345")),
        (-0.5, "number", FormattedCell("−0.5")),
        (1234.5, "number", FormattedCell("1,234")),
        (999.6, "number", FormattedCell("1,000")),
        (float("nan"), "number", FormattedCell("–")),
        (float("nan"), "share", FormattedCell("–")),
        (Estimate(*[float("nan")] * 3), "points", FormattedCell("–")),
        (-0.0, "number", FormattedCell("0")),
        (-0.0001, "points", FormattedCell("+0.0 points")),
        (Estimate(0.5, 0.45, 0.55), "share", FormattedCell("50.0 %", "45.0–55.0")),
        (Estimate(0.02, -0.01, 0.05), "points", FormattedCell("+2.0 points", "−1.0 to +5.0")),
        (Estimate(-0.1, -0.2, 0.1), "number", FormattedCell("−0.1", "−0.2 to 0.1")),
    ],
)
def test_cells_are_formatted_as_people_read_them(
    cell: Cell, form: Form, expected: FormattedCell
) -> None:
    assert format_cell(cell, form) == expected


def test_one_thing_is_singular() -> None:
    assert [counted(number, "pair") for number in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
    assert counted(1, "category", "categories") == "1 category"
    assert counted(1200, "category", "categories") == "1,200 categories"


def test_csv_gives_intervals_columns_of_their_own() -> None:
    table = Table(
        name="rec",
        title="Rec",
        columns=[Column("model", "text"), Column("all"), Column("count", "number")],
        rows=[
            ["human, drawn", Estimate(0.5, 0.25, 0.75), 7],
            ['"cnn"', None, None],
            ["none", Estimate(*[float("nan")] * 3), 0],
        ],
    )
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert rows == [
        ["model", "all", "all low", "all high", "count"],
        ["human, drawn", "0.5", "0.25", "0.75", "7"],
        ['"cnn"', "", "", "", ""],
        ["none", "nan", "nan", "nan", "0"],
    ]
