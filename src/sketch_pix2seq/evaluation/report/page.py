"""The page of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sketch_pix2seq.bundle.card import BundleCard, ClassifierCard
from sketch_pix2seq.evaluation.evaluation import Results
from sketch_pix2seq.evaluation.report.claims import claims, claims_over
from sketch_pix2seq.evaluation.report.layout import Provenance, Section, render, write_report
from sketch_pix2seq.evaluation.report.tables import counted, plain

_COLUMNS = ("model", "recipe", "input", "decoder", "KL weight", "best step", "drawings", "SHA-256")

_WORDS = (
    (
        "Rec",
        "Recognition: share of redrawings that the judge assigns to the category of their input",
    ),
    ("judge", "A classifier that only measures; it was trained on training drawings"),
    (
        "Ret 1, top 1",
        "Retrieval: share of redrawings to which their own input is the nearest of all",
    ),
    ("latent code", "The numbers that an encoder turns a drawing into"),
    ("silhouette", "How much nearer a code is to its own category than to the next, from −1 to 1"),
    ("detour", "Length of a path of drawings as a multiple of the straight line between its ends"),
    (
        "Ls, Lp, LR",
        "Losses on test drawings: of the lines, of the pen's states, and their sum. Less is better",
    ),
    (
        "nats a row",
        "Unit of these losses: natural logarithms, a mean over rows, the steps of the pen",
    ),
    ("KL", "How far codes are from a standard normal distribution, in nats a dimension"),
    ("small figures", "95 % confidence intervals, below what they belong to"),
)
"""What terms mean that sections use before they explain them."""


def write_page(
    results: Results, sections: Sequence[Section], provenance: Provenance, out: Path
) -> Path:
    """Write the report of an evaluation; see `write_report`."""
    verdicts = list(claims(results))
    evaluation = results.evaluation
    content = {
        "made": asdict(provenance),
        "settings": asdict(evaluation.settings),
        "models": {model.label: model.digest for model in evaluation.models},
        "trainings": {model.name: model.digest for model in evaluation.retrained},
        "drawings": {each.label: each.digest for each in evaluation.drawings},
        "judge": evaluation.judge.digest,
        "data": evaluation.held_out.digest,
        "claims": [
            {
                "claim": claim.words,
                "verdict": claim.verdict,
                "comparisons": {one.words: plain(one.value) for one in claim.comparisons},
                "each training": {one.words: list(one.each) for one in claim.comparisons},
            }
            for claim in verdicts
        ],
    }
    count = len(evaluation.held_out.sketches)
    kinds = len(evaluation.held_out.categories)
    labels = [entry.label for entry in results.entries if not entry.is_derived]
    redrawn_by = counted(len(results.models), "model")
    if others := len(labels) - len(results.models):
        redrawn_by += f" and {counted(others, 'other program')}"
    page = render(
        title="Redrawing sketches: " + (", ".join(labels) if len(labels) < 6 else redrawn_by),
        lead=(
            f"{count:,} test drawings of {kinds} categories, left out of "
            f"training, redrawn by {redrawn_by} "
            "and classified by a judge. The experiments of the paper Sketch-pix2seq (Chen, Tu, Yi, "
            "Xu, 2017), with the numbers it does not give."
        ),
        facts=list(asdict(provenance).items()),
        made=f"Commit {provenance.commit}, seed {evaluation.settings.seed}.",
        sections=sections,
        claims=verdicts,
        claims_over=claims_over(evaluation),
        models=_models(results),
        model_columns=_COLUMNS,
        attribution=next((m.card.attribution for m in results.models if m.card.attribution), ""),
        words=_WORDS,
        beside="Tables as CSV and everything as JSON lie beside this page.",
    )
    return write_report(sections, content, page, out)


def _models(results: Results) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for model in (*results.models, *results.evaluation.retrained):
        settings = model.card.recipe.get("model") or {}
        source = "picture" if model.reads_pictures else "strokes"
        decoder = f"{settings.get('decoder', '?')}-{settings.get('decoder_size', '?')}"
        about = (model.name, model.card.name, source, decoder, f"{model.kl_weight:g}")
        rows.append((*about, *_trained(model.card), model.digest))
    rows += [
        (drawings.label, drawings.about, *["–"] * (len(_COLUMNS) - 2))
        for drawings in results.evaluation.drawings
    ]
    judge = results.evaluation.judge
    recipe = str(judge.card.recipe.get("name", "judge"))
    about = ("judge", recipe, "picture", "none", "–")
    return [*rows, (*about, *_trained(judge.card), judge.digest)]


def _trained(card: BundleCard | ClassifierCard) -> tuple[str, str]:
    """The step whose weights were kept, and drawings."""
    counts = (card.data.get("counts") or {}).get("train") or {}
    drawings = (
        f"{sum(counts.values()):,} of {counted(len(card.categories), 'category', 'categories')}"
    )
    return f"{card.metrics.get('step') or 0:,}", drawings
