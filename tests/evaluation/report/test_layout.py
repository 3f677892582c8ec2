"""The files of a report: its own, and no other report's."""

from __future__ import annotations

import json
from pathlib import Path

from sketch_pix2seq.evaluation.report.layout import RESULTS, Section, write_report
from sketch_pix2seq.evaluation.report.tables import Table, columns


def section(name: str) -> Section:
    table = Table(name=name, title=name, columns=columns("a"), rows=[["b"]])
    return Section(
        name=name, title=name, see="", how="", paper="", here="", tables=[table], figures=[]
    )


def test_tables_of_the_report_before_go_and_nothing_else(tmp_path: Path) -> None:
    write_report([section("old"), section("both")], {}, "first", tmp_path)
    (tmp_path / "tables" / "mine.csv").write_text("mine")
    (tmp_path / "keep.csv").write_text("mine")
    write_report([section("both"), section("new")], {}, "second", tmp_path)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {"both.csv", "new.csv", "mine.csv"}
    results = json.loads((tmp_path / RESULTS).read_text())
    assert results["files"] == ["tables/both.csv", "tables/new.csv"]
    results["files"] += ["../keep.csv", "tables/../../keep.csv", "keep.csv"]
    (tmp_path / RESULTS).write_text(json.dumps(results))
    write_report([section("new")], {}, "third", tmp_path)
    assert (tmp_path / "keep.csv").exists()
    assert not (tmp_path / "tables" / "both.csv").exists()
    (tmp_path / RESULTS).write_text("{")
    write_report([section("both")], {}, "fourth", tmp_path)
    assert (tmp_path / "tables" / "mine.csv").read_text() == "mine"
