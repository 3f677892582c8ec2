"""What the studio's pages are made of."""

from __future__ import annotations

from sketch_pix2seq.web.studio.pages import examples_of_the_package


def test_the_pages_offer_whole_drawings_alone() -> None:
    examples = examples_of_the_package()
    assert sorted(one.category or one.name or "" for one in examples) == [
        *("alarm clock", "car", "cat", "face", "pig", "teapot")
    ]
