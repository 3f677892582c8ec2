"""Sections of the report: one experiment each, from finished parts to tables and figures."""

from __future__ import annotations

from collections.abc import Iterator

from sketch_pix2seq.evaluation.report.sections.interpolation import interpolation_section
from sketch_pix2seq.evaluation.report.sections.latent import latent_section
from sketch_pix2seq.evaluation.report.sections.likelihood import likelihood_section
from sketch_pix2seq.evaluation.report.sections.likeness import likeness_section
from sketch_pix2seq.evaluation.report.sections.pictures import pictures_section
from sketch_pix2seq.evaluation.report.sections.recognition import recognition_section
from sketch_pix2seq.evaluation.report.sections.retrieval import retrieval_section
from sketch_pix2seq.evaluation.report.sections.section import Figure, Found, Section

__all__ = ["Figure", "Found", "Section", "sections"]


def sections(found: Found) -> Iterator[Section]:
    """Yield all sections in their order."""
    yield recognition_section(found)
    yield retrieval_section(found)
    yield latent_section(found)
    yield interpolation_section(found)
    yield pictures_section(found)
    yield likeness_section(found)
    yield likelihood_section(found)
