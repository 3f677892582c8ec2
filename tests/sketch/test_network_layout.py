"""Stored weights depend on these numbers."""

from __future__ import annotations

from sketch_pix2seq.sketch.network_layout import ENCODING_DIM, VIEW_DIM


def test_stored_weights_have_these_sizes() -> None:
    assert VIEW_DIM == 2 * (11 * 11 + 11 * 11 + 7 * 7)
    assert ENCODING_DIM == 2 * (2 * 7 + 8)
