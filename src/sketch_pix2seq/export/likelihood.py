"""How likely a model finds test drawings: measured with torch, told in the bundle's card.

Both conventions of the reconstruction loss (LR), so that figures compare with published ones, and
the KL term, whether or not it was trained for. Codes are the encoder's means, without noise.
"""

from __future__ import annotations

from typing import Any, get_args

import torch

from sketch_pix2seq.data.batches import validation_batches
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.models import SketchAutoencoder
from sketch_pix2seq.models.losses import LossConvention
from sketch_pix2seq.sketch.raster import RasterSettings

BATCH_SIZE = 100
MOST_DRAWINGS = 10_000


@torch.no_grad()
def measure_likelihood(
    model: SketchAutoencoder, dataset: Dataset, raster: RasterSettings, offset_scale: float
) -> dict[str, Any]:
    """Measure the losses of a model on test drawings.

    Args:
        model: in evaluation mode.
        dataset: what it was trained on; its test split is used.
        raster: how pictures are rendered.
        offset_scale: pixels to a unit of the model's offsets.

    Returns:
        Nats by name for each convention, `stroke_nll`, `pen_ce`, `reconstruction` and `kl`;
        `drawings`, how many there were; `data`, SHA-256 of the data set's card.
    """
    split = dataset.split("test")
    measured: dict[str, Any] = {
        "drawings": min(len(split), MOST_DRAWINGS),
        "data": dataset.card.digest,
    }
    for convention in get_args(LossConvention):
        judged = SketchAutoencoder(model.encoder, model.decoder, convention, with_kl=True).eval()
        losses = [
            judged(
                torch.from_numpy(batch.pictures),
                torch.from_numpy(batch.steps),
                torch.from_numpy(batch.lengths),
            )
            for batch in validation_batches(
                split,
                offset_scale=offset_scale,
                batch_size=BATCH_SIZE,
                raster=raster,
                limit=MOST_DRAWINGS,
                pad_to=dataset.card.longest if convention == "magenta" else None,
            )
        ]
        sums = torch.stack([one.sums() for one in losses]).sum(0)
        measured[convention] = losses[0].means_of(sums).told()
    return measured
