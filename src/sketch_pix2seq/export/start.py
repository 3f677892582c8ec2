"""From a bundle back to weights that a run can begin with."""

from __future__ import annotations

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.bundle import WEIGHTS_FILE, Bundle
from sketch_pix2seq.training.start import Start


def start_from(bundle: Bundle) -> Start:
    """The weights of a bundle.

    Raises:
        UsageError: if it holds none.
    """
    if bundle.weights is None:
        raise UsageError(
            f"`{bundle.card.name}` must hold `{WEIGHTS_FILE}`", do="Export its run again."
        )
    return Start.from_bytes(bundle.weights, bundle.card.name, bundle.card.rewarded_by)
