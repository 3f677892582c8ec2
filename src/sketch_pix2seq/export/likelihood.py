"""How likely a model finds test drawings: measured with torch, reported in the bundle's card.

Both conventions of the reconstruction loss (LR), so that figures compare with published ones, and
the KL term, whether or not it was trained for. Codes are the encoder's means, without noise. An
`attention` model is measured with each of its conditions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import torch

from sketch_pix2seq.data.batches import Batch, validation_batches
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.models import AttentionModel, SketchAutoencoder
from sketch_pix2seq.models.attention import Conditions
from sketch_pix2seq.models.losses import DrawingLosses, LossConvention, kl_divergence
from sketch_pix2seq.sketch.raster import RasterSettings

BATCH_SIZE = 100
MAX_DRAWINGS = 10_000
MAX_DRAWINGS_WITH_CONDITIONS = 2_000
"""Of an `attention` model, which is measured with four conditions."""


@torch.no_grad()
def measure_likelihood(
    model: SketchAutoencoder | AttentionModel,
    dataset: Dataset,
    raster: RasterSettings,
    offset_scale: float,
) -> dict[str, Any]:
    """Measure the losses of a model on test drawings.

    Args:
        model: In evaluation mode.
        dataset: What it was trained on; its test split is used.
        raster: How pictures are rendered.
        offset_scale: Pixels to a unit of the model's offsets.

    Returns:
        Nats by name for each convention, `stroke_nll`, `pen_ce`, `reconstruction` and `kl`, of an
        `attention` model those with the picture in view (or the code, if it learned from codes
        alone), its `class_ce`, and `reconstruction_` with each of the conditions that it learned;
        `drawings`, how many there were; `data`, SHA-256 of the data set's card.
    """
    split, attends = dataset.split("test"), isinstance(model, AttentionModel)
    most = MAX_DRAWINGS_WITH_CONDITIONS if attends else MAX_DRAWINGS
    measured: dict[str, Any] = {"drawings": min(len(split), most), "data": dataset.card.digest}
    for convention in get_args(LossConvention):
        batches = validation_batches(
            split,
            offset_scale=offset_scale,
            batch_size=BATCH_SIZE,
            raster=raster,
            limit=most,
            pad_to=dataset.card.longest if convention == "magenta" else None,
            framed=attends,
        )
        if isinstance(model, AttentionModel):
            measured[convention] = _with_each_condition(model, batches, convention)
        else:
            measured[convention] = _from_the_code(model, batches, convention)
    return measured


def _from_the_code(
    model: SketchAutoencoder, batches: Iterable[Batch], convention: LossConvention
) -> dict[str, float]:
    measured = SketchAutoencoder(model.encoder, model.decoder, convention, with_kl=True).eval()
    losses = [
        measured(
            torch.from_numpy(batch.pictures),
            torch.from_numpy(batch.steps),
            torch.from_numpy(batch.lengths),
        )
        for batch in batches
    ]
    return _means(losses)


def _with_each_condition(
    model: AttentionModel, batches: Iterable[Batch], convention: LossConvention
) -> dict[str, float]:
    measured = AttentionModel(
        model.encoder,
        model.decoder,
        model.step_pixels,
        model.picture_size,
        model.shares,
        model.class_weight,
        convention,
    ).eval()
    losses: dict[str, list[DrawingLosses]] = {name: [] for name in model.shares.learned}
    kl_sum, num_drawings = 0.0, 0
    for batch in batches:
        assert batch.covered is not None
        pictures, steps, lengths, category_ids, covered = (
            torch.from_numpy(values)
            for values in (
                *(batch.pictures, batch.steps, batch.lengths),
                *(batch.category_ids, batch.covered),
            )
        )
        for condition, some in losses.items():
            conditions = Conditions.fixed(
                len(steps), model.picture_size, steps.device, condition=condition
            )
            some.append(measured(pictures, steps, lengths, category_ids, covered, conditions))
        grid = model.encoder(pictures, torch.ones_like(pictures))
        kl_sum += float(kl_divergence(*model.encoder.latent(grid)))
        num_drawings += len(steps)
    means = {condition: _means(some) for condition, some in losses.items()}
    each = {
        f"reconstruction_{condition}": mean["reconstruction"] for condition, mean in means.items()
    }
    return next(iter(means.values())) | {"kl": kl_sum / max(num_drawings, 1)} | each


def _means(losses: list[DrawingLosses]) -> dict[str, float]:
    sums = torch.stack([loss.sums() for loss in losses]).sum(0)
    return losses[0].means_of(sums).values
