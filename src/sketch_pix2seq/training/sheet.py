"""Sheets of drawings and their redrawings, to watch a model learn."""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from sketch_pix2seq.data.batches import batch_of
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.io.sheet import Sheet, SheetRow
from sketch_pix2seq.models import AttentionModel, SketchAutoencoder
from sketch_pix2seq.models.attention import CONDITIONS, Conditions, ConditionShares
from sketch_pix2seq.models.drawing import draw_noise, draw_steps, draw_with_attention
from sketch_pix2seq.sketch.network_layout import HIDDEN, SHOWN
from sketch_pix2seq.sketch.pen import OFFSET
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.sketch.sketch import Sketch

_COLUMNS = ("picture", "picture", "code", "code", "category")
"""What the redrawings of a row are given, by turns, where the model learns all of it."""


def redrawing_sheet(
    model: SketchAutoencoder | AttentionModel,
    split: Split,
    offset_scale: float,
    raster: RasterSettings,
    *,
    rows: int = 9,
    redrawings: int = 5,
    temperature: float = 0.4,
    max_steps: int = 150,
) -> Sheet:
    """A sheet: drawings that the model was not trained on, and its redrawings.

    The drawings are the first ones of each category in turn, the noise is always
    the same, so that sheets of one run can be compared.
    """
    picked = _spread(split, rows)
    attends = isinstance(model, AttentionModel)
    columns = ["redrawn"]
    batch = batch_of(split, picked, offset_scale=offset_scale, raster=raster, framed=attends)
    sketches = [split.sketch(index) for index in picked.tolist()]
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    rank = np.argsort(np.argsort(-split.lengths(picked), kind="stable"))
    order = torch.from_numpy(rank).to(device)  # the batch has the longest first
    pictures = torch.from_numpy(batch.pictures).to(device)[order]
    count = len(sketches) * redrawings
    generator = torch.Generator().manual_seed(0)
    noise = draw_noise(max_steps, count, model.decoder.num_components, generator).to(device)
    if isinstance(model, AttentionModel):
        pictures = pictures.repeat_interleave(redrawings, 0)
        ids = (
            torch.from_numpy(batch.category_ids).to(device)[order].repeat_interleave(redrawings, 0)
        )
        columns = _columns(model.shares, redrawings)
        conditions = _conditions(len(sketches), columns, pictures)
        drawn_steps = draw_with_attention(model, pictures, ids, conditions, noise, temperature)
    else:
        with torch.no_grad():
            mean, _ = model.encode(
                torch.from_numpy(batch.pictures).to(device),
                torch.from_numpy(batch.steps).to(device),
                torch.from_numpy(batch.lengths),
            )
        latent = mean[order].repeat_interleave(redrawings, 0)
        drawn_steps = draw_steps(model.decoder, latent, noise, temperature)
    steps = drawn_steps.cpu().numpy()
    model.train(was_training)
    drawn = [_sketch(row, offset_scale) for row in steps]
    rows_of_cells = [
        SheetRow([sketch, *drawn[i * redrawings : (i + 1) * redrawings]], sketch.category or "")
        for i, sketch in enumerate(sketches)
    ]
    return Sheet(rows=rows_of_cells, headings=["input", *columns], set_apart=1)


def _columns(shares: ConditionShares, redrawings: int) -> list[str]:
    """What each redrawing of a row is given, of the conditions that the model learns."""
    learned = [condition for condition in _COLUMNS if condition in shares.learned]
    return sorted(islice(cycle(learned or shares.learned), redrawings), key=CONDITIONS.index)


def _conditions(rows: int, columns: list[str], pictures: Tensor) -> Conditions:
    """The conditions of all redrawings, row by row."""

    def given(*conditions: str) -> Tensor:
        row = [condition in conditions for condition in columns]
        return torch.tensor(row, device=pictures.device).repeat(rows)

    size, sees = pictures.shape[-1], given("picture")
    visible = sees.float().view(-1, 1, 1, 1).expand(-1, 1, size, size)
    visibility = torch.where(sees, SHOWN, HIDDEN)
    return Conditions(visibility, visible, given("picture", "code"), given("category"))


def _spread(split: Split, rows: int) -> Int64[np.ndarray, " R"]:
    """Indices of the first drawings of each category in turn."""
    starts = [split.category_range(c) for c in range(len(split.categories))]
    picked = [start + turn for turn in range(rows) for start, stop in starts if start + turn < stop]
    return np.array(sorted(picked[:rows]), np.int64)


def _sketch(steps: Float[np.ndarray, "T 5"], offset_scale: float) -> Sketch:
    scaled = steps.copy()
    scaled[:, OFFSET] *= offset_scale
    return Sketch.from_stroke5(scaled)
