from __future__ import annotations

import csv
import io

import pytest

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Form, Table, Told, told


@pytest.mark.parametrize(
    ("cell", "form", "expected"),
    [
        (None, "share", Told("–")),
        ("cnn", "text", Told("cnn")),
        (0.123, "share", Told("12.3 %")),
        (0.123456, "number", Told("0.123")),
        (12345, "number", Told("12,345")),
        (-0.5, "number", Told("−0.5")),
        (Estimate(0.5, 0.45, 0.55), "share", Told("50.0 %", "45.0–55.0")),
        (Estimate(0.02, -0.01, 0.05), "points", Told("+2.0 points", "−1.0 to +5.0")),
        (Estimate(-0.1, -0.2, 0.1), "number", Told("−0.1", "−0.2 to 0.1")),
    ],
)
def test_numbers_are_told_as_people_read_them(cell: Cell, form: Form, expected: Told) -> None:
    assert told(cell, form) == expected


def test_csv_gives_intervals_columns_of_their_own() -> None:
    table = Table(
        name="rec",
        title="Rec",
        columns=[Column("model", "text"), Column("all"), Column("count", "number")],
        rows=[["human, drawn", Estimate(0.5, 0.25, 0.75), 7], ['"cnn"', None, None]],
    )
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert rows == [
        ["model", "all", "all low", "all high", "count"],
        ["human, drawn", "0.5", "0.25", "0.75", "7"],
        ['"cnn"', "", "", "", ""],
    ]
