"""The gallery: written and read alike; invalid lines are refused."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq import Sketch
from sketch_pix2seq.bundle.gallery import Gallery, GalleryItem
from sketch_pix2seq.errors import BundleError


def gallery() -> Gallery:
    cat = Sketch.from_points([[(0, 0), (9, 5)], [(3, 3)]], category="cat")
    dog = Sketch.from_points([[(1, 2), (3, 4)]], category="dog")
    return Gallery(
        (
            GalleryItem(cat, (0.25, 0.5)),
            GalleryItem(dog, (1.0, 0.0)),
            GalleryItem(cat, (0.25, 0.75)),
        )
    )


def test_it_is_read_as_it_was_written() -> None:
    read = Gallery.from_bytes(gallery().to_bytes())
    assert read.items == gallery().items
    assert read.categories == ["cat", "dog"]
    assert read.places.tolist() == [[0.25, 0.5], [1.0, 0.0], [0.25, 0.75]]


def test_at_a_drawing_lies_its_own_code_and_between_them_a_mixture() -> None:
    codes = np.array([[0.0, 1.0], [4.0, 0.0], [0.0, 3.0]], np.float32)
    np.testing.assert_allclose(gallery().latent_at((1.0, 0.0), codes), codes[1], atol=1e-5)
    between = gallery().latent_at((0.25, 0.625), codes)
    assert between.dtype == np.float32
    assert 1.0 < between[1] < 3.0
    assert 0.0 < between[0] < 0.5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        b'{"word":"cat","drawing":[[[0],[0]]]}',
        b'{"word":"cat","drawing":[[[0],[0]]],"place":[0]}',
        b'{"word":"cat","drawing":[[[0],[0]]],"place":[0,"a"]}',
        b'{"word":"cat","drawing":[[[0],[0]]],"place":[0,NaN]}',
        b'{"word":"cat","drawing":[[[0],[0]]],"place":[0,5]}',
        b'{"word":"cat","drawing":[[[0],[0]]],"place":["0","1"]}',
        b'{"word":"cat","drawing":[[[0],[0]]],"place":[true,false]}',
        b'{"word":"cat","drawing":[],"place":[0,0]}',
    ],
)
def test_what_is_no_gallery_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"gallery\.ndjson"):
        Gallery.from_bytes(data)
