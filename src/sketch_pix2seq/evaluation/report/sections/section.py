"""What a section of the report is, and what all of them are made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sketch_pix2seq.evaluation.estimates import Estimate, estimate
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation
from sketch_pix2seq.evaluation.pictures import ShownPicture
from sketch_pix2seq.evaluation.report.layout import Figure, Section
from sketch_pix2seq.evaluation.report.tables import Cell, Form, format_cell
from sketch_pix2seq.io.sheet import Sheet, SheetColours, SheetRow

__all__ = ["HUMAN", "Figure", "Found", "Section", "listed", "share_of", "sheet_svg"]

HUMAN = "human"
_THEMED = SheetColours("var(--ink)", "var(--grey)", "var(--hair)", "none")


@dataclass(frozen=True)
class Found:
    """What sections are made of.

    Args:
        evaluation: Who was measured.
        measured: What was found, by part.
        shown: The pictures that models were shown.
    """

    evaluation: Evaluation
    measured: dict[str, Any]
    shown: Sequence[ShownPicture]

    @property
    def models(self) -> Sequence[EvaluatedModel]:
        """Who was measured."""
        return self.evaluation.models

    @property
    def labels(self) -> list[str]:
        """Their names."""
        return [model.label for model in self.models]

    @property
    def categories(self) -> Sequence[str]:
        """Of the data set."""
        return self.evaluation.held_out.categories

    def names(self, ids: Sequence[int]) -> list[str]:
        """Names of some categories."""
        return [self.categories[place] for place in ids]

    @property
    def settled(self) -> str:
        """How drawings were made, in words."""
        settings = self.evaluation.settings
        seeds = f"seeds {settings.seed} to {settings.seed + settings.num_seeds - 1}"
        if settings.num_seeds == 1:
            seeds = f"seed {settings.seed}"
        return f"temperature {settings.temperature:g}, {seeds}"


def share_of(values: np.ndarray, found: Found) -> Estimate:
    """A mean over drawings with its interval; see `estimate`."""
    return estimate(values, found.evaluation.settings.seed)


def listed(labels: Sequence[str], values: Sequence[Cell], form: Form = "share") -> str:
    """Names with their numbers, as a sentence goes."""
    pairs = zip(labels, values, strict=True)
    return ", ".join(f"{label} {format_cell(value, form).text}" for label, value in pairs)


def sheet_svg(
    rows: Sequence[SheetRow], cell: int, headings: Sequence[str] = (), apart: int = 0
) -> str:
    """A sheet of drawings in the page's colours; see `Sheet`."""
    sheet = Sheet(rows=rows, headings=headings, cell=cell, set_apart=apart)
    return sheet.to_svg(_THEMED)
