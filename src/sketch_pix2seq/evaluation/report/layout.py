"""How a page of results is laid out: one HTML file that opens offline, in one style."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from sketch_pix2seq import __version__
from sketch_pix2seq.evaluation.parts import as_file_name
from sketch_pix2seq.evaluation.report.tables import Table, format_cell
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.io.sheet import Sheet, SheetColours, SheetRow

_THEMED = SheetColours("var(--ink)", "var(--grey)", "var(--hair)", "none")
PAGE, RESULTS = "report.html", "results.json"
_OWN = re.compile(r"tables/[\w.+-]+\.csv|figures/[\w.+-]+\.svg")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a report was made."""

    command: str
    commit: str
    "Of the code; the release if it is not known."
    data: str
    machine: str
    date: str


class Figure(NamedTuple):
    """A figure of the report.

    Args:
        name: Of its SVG file.
        title: Above it.
        svg: The chart, in the page's colours.
        see: Below it, in one line, what to look for.
    """

    name: str
    title: str
    svg: str
    see: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """An experiment.

    Args:
        name: Name of the section in links.
        title: Above it.
        see: In one line, what to look for.
        how: In one line, how it was measured.
        paper: Result of the paper.
        here: Result of this evaluation.
        tables: Numbers.
        figures: Pictures.
    """

    name: str
    title: str
    see: str
    how: str
    paper: str
    here: str
    tables: Sequence[Table] = field(repr=False)
    figures: Sequence[Figure] = field(repr=False)


def write_report(
    sections: Sequence[Section], results: Mapping[str, Any], page: str, out: Path
) -> Path:
    """Write a page, and beside it the same as numbers and pictures; return the page's path.

    report.html    everything, self-contained
    results.json   the same numbers, and the names of the files below
    tables/*.csv   each table
    figures/*.svg  each figure

    Tables and figures of a report that was there before go, if this one has none of their name.

    Args:
        sections: Sections of the page.
        results: Of `results.json`, but for the tables.
        page: HTML.
        out: A folder; made if it is not there.
    """
    tables = [table for section in sections for table in section.tables]
    files = {f"tables/{table.name}.csv": table.to_csv() for table in tables}
    for figure in (figure for section in sections for figure in section.figures):
        files[f"figures/{as_file_name(figure.name)}.svg"] = standalone(figure)
    content = {
        **results,
        "tables": {table.name: table.to_json() for table in tables},
        "files": list(files),
    }
    files |= {RESULTS: json.dumps(content, indent=1) + "\n", PAGE: page}
    for folder in ("tables", "figures"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    former = _files_of(out / RESULTS)
    for name, text in files.items():
        atomic_write(out / name, text.encode())
    for name in former - files.keys():
        (out / name).unlink(missing_ok=True)
    return out / PAGE


def _files_of(results: Path) -> set[str]:
    """The tables and figures of a report, as its results name them; none if they do not."""
    try:
        names = json.loads(results.read_bytes())["files"]
        return {name for name in names if _OWN.fullmatch(name)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def render(**values: Any) -> str:
    """Lay out a page, HTML, from what its template names.

    Args:
        **values: `title` and `lead`; `facts`, names and values that say how it was made, and
            `made`, the same in a few words for captions; `sections`; `claims`, the paper's, with
            verdicts, and `claims_over`, what their intervals are over; `models`, a row for each
            that was measured, below `model_columns`, of which `hashes` are shown in short; `words`,
            what the page's terms mean; `attribution`, whose drawings these are;
            `beside`, what else there is beside the page;
            `actions`, HTML: what the reader can do; `stylesheet`, the address of `style` if it is
            not to be in the page.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["marked"] = _marked
    defaults = {
        "claims": (),
        "claims_over": "",
        "actions": "",
        "stylesheet": "",
        "beside": "",
        "hashes": ("SHA-256",),
        "words": (),
        "version": __version__,
    }
    return environment.from_string(_resource("page.html.jinja")).render(
        **(defaults | values), style=Markup(style()), format_cell=format_cell
    )


def sheet_svg(
    rows: Sequence[SheetRow], cell: int, headings: Sequence[str] = (), apart: int = 0
) -> str:
    """A sheet of drawings in the page's colours; see `Sheet`."""
    return Sheet(rows=rows, headings=headings, cell=cell, set_apart=apart).to_svg(_THEMED)


def style() -> str:
    """Return how pages look, as CSS."""
    return _resource("chart.css") + _resource("page.css")


def standalone(figure: Figure) -> str:
    """Return a figure as a file of its own, light or dark as its reader likes it."""
    style = f"<style>{_resource('chart.css')}svg {{ background: var(--paper) }}</style>"
    head, _, body = figure.svg.partition(">")
    svg = f"{head}>{style}{body}"
    ET.fromstring(svg)
    return svg if svg.endswith("\n") else svg + "\n"


def _marked(words: str) -> Markup:
    """Set what stands in backticks as code, and keep numbers and their signs on one line."""
    escaped = re.sub(r"(?<=\d) (?=%)", "\N{NO-BREAK SPACE}", str(escape(words)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped))


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
