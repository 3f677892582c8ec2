from __future__ import annotations

import numpy as np

from sketch_pix2seq.io.picture.morphology import edge_distance


def test_distances_are_those_to_the_nearest_pixel_of_paper(rng: np.random.Generator) -> None:
    for share in (0.3, 0.8, 0.97):
        ink = rng.random((30, 40)) < share
        paper = np.argwhere(~np.pad(ink, 1)) - 1
        distance = edge_distance(ink)
        assert (distance[~ink] == 0).all()
        for y, x in np.argwhere(ink).tolist():
            nearest = np.hypot(*(paper - (y, x)).T).min()
            np.testing.assert_allclose(distance[y, x], nearest, rtol=1e-6)


def test_no_distance_is_larger_than_asked_for() -> None:
    assert edge_distance(np.ones((50, 50), bool), most=7).max() == 7
