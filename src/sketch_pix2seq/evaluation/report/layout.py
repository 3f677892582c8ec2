"""How a page of results is laid out: one HTML file that opens offline, in one style.

Knows sections, tables and figures; does not know what was measured.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from sketch_pix2seq import __version__
from sketch_pix2seq.evaluation.names import as_file_name
from sketch_pix2seq.evaluation.report.tables import Table, format_cell
from sketch_pix2seq.io.atomic import atomic_write

_LIGHT = {
    "paper": "#ffffff", "ink": "#1b1b1b", "grey": "#6b6b70", "hair": "#e6e6e9",
    "c0": "#3b6fb6", "c1": "#2f8f6b", "c2": "#b7791f", "c3": "#c2453f",
    "c4": "#7a4fb5", "c5": "#b9508d", "c6": "#2a8fa3", "c7": "#6d7a2b",
}  # fmt: skip
_DARK = {
    "paper": "#141416", "ink": "#ececef", "grey": "#9a9aa3", "hair": "#2c2c31",
    "c0": "#7fb0f2", "c1": "#62c79f", "c2": "#e3b04b", "c3": "#f08a80",
    "c4": "#b795f0", "c5": "#e896c5", "c6": "#6cc6d8", "c7": "#b9c56a",
}  # fmt: skip
_CHART_STYLE = (
    ".chart text{font:12.5px Inter,system-ui,Helvetica,Arial,sans-serif;fill:var(--ink)}"
    ".chart text.grey{fill:var(--grey)}"
    ".chart text.small{font-size:10.5px;fill:var(--grey)}"
    ".chart text.onink{font-size:10.5px;fill:var(--paper)}"
    ".chart text.strong{font-weight:600}"
    ".chart text.c1{fill:color-mix(in srgb,var(--c1) 75%,var(--ink))}"
    ".chart text.c3{fill:color-mix(in srgb,var(--c3) 85%,var(--ink))}"
    ".chart .hair{stroke:var(--hair);fill:none}"
    ".chart .frame{stroke:var(--hair);fill:none}"
)
_NOTHING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a report was made.

    Args:
        command: What was typed.
        commit: Of the code; the release if it is not known.
        data: Name of the data set.
        machine: In a few words.
        date: Of the day.
    """

    command: str
    commit: str
    data: str
    machine: str
    date: str


class Figure(NamedTuple):
    """A figure of the report.

    Args:
        name: Of its SVG file.
        title: Above it.
        svg: What it shows, in the page's colours.
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
        name: In links.
        title: Above it.
        see: In one line, what to look for.
        how: In one line, how it was measured.
        paper: What the paper found.
        ours: What was found here.
        tables: Numbers.
        figures: Pictures.
    """

    name: str
    title: str
    see: str
    how: str
    paper: str
    ours: str
    tables: Sequence[Table] = field(repr=False)
    figures: Sequence[Figure] = field(repr=False)


def render(
    *,
    title: str,
    lead: str,
    facts: Sequence[tuple[str, str]],
    made: str,
    sections: Sequence[Section],
    claims: Sequence[Any] = (),
    models: Sequence[Sequence[str]] = (),
    model_columns: Sequence[str] = (),
    attribution: str = "",
    beside: str = "",
    actions: Markup = _NOTHING,
    stylesheet: str = "",
) -> str:
    """Lay out a page.

    Args:
        title: Above everything.
        lead: Below it, in a few sentences.
        facts: Names and values: how it was made.
        made: The same in a few words, for captions.
        sections: What there is to see, from the top.
        claims: The paper's, with verdicts; see `claims.Claim`.
        models: A row of a table for each that was measured.
        model_columns: Above these.
        attribution: Whose drawings these are.
        beside: What else there is beside the page.
        actions: HTML below the facts: what the reader can do.
        stylesheet: Address of `style`; empty: it is put into the page.

    Returns:
        HTML.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["marked"] = _marked
    return environment.from_string(_own("page.html.jinja")).render(
        title=title,
        lead=lead,
        facts=facts,
        made=made,
        stylesheet=stylesheet,
        style=Markup(style()),
        sections=sections,
        claims=claims,
        format_cell=format_cell,
        models=models,
        model_columns=model_columns,
        attribution=attribution,
        beside=beside,
        actions=actions,
        version=__version__,
    )


def write_beside(sections: Sequence[Section], out: Path) -> None:
    """Write each table as `tables/NAME.csv` and each figure as `figures/NAME.svg`.

    Args:
        sections: Whose.
        out: A folder; made if it is not there.
    """
    for folder in ("tables", "figures"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for section in sections:
        for table in section.tables:
            atomic_write(out / "tables" / f"{table.name}.csv", table.to_csv().encode())
        for figure in section.figures:
            path = out / "figures" / f"{as_file_name(figure.name)}.svg"
            atomic_write(path, standalone(figure).encode())


def style() -> str:
    """Return how pages look, as CSS."""
    return _colours() + _own("page.css") + _CHART_STYLE


def standalone(figure: Figure) -> str:
    """Return a figure as a file of its own, light or dark as its reader likes it."""
    style = f"<style>{_colours()}{_CHART_STYLE}svg{{background:var(--paper)}}</style>"
    head, _, rest = figure.svg.partition(">")
    svg = f"{head}>{style}{rest}"
    ET.fromstring(svg)
    return svg if svg.endswith("\n") else svg + "\n"


def _marked(words: str) -> Markup:
    """Set what stands in backticks as code, and keep numbers and their signs on one line."""
    kept = re.sub(r"(?<=\d) (?=%)", "\N{NO-BREAK SPACE}", str(escape(words)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", kept))


def _colours() -> str:
    light, dark = (
        "".join(f"--{name}:{value};" for name, value in some.items()) for some in (_LIGHT, _DARK)
    )
    return (
        f":root{{{light}}}@media (prefers-color-scheme: dark){{:root{{{dark}}}}}"
        f"@media print{{:root{{{light}}}}}"
    )


def _own(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
