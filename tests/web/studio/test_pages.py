"""What the studio's pages are made of."""

from __future__ import annotations

import pytest

from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.studio.pages import examples_of_the_package, render_pages


def test_the_pages_offer_whole_drawings_alone() -> None:
    examples = examples_of_the_package()
    assert sorted(one.category or one.name or "" for one in examples) == [
        *("alarm clock", "car", "cat", "face", "pig", "teapot")
    ]


@pytest.mark.parametrize(
    ("best", "words"),
    [
        ([], "It knows 345 things: draw one."),
        (["cat"], "It knows 345 things: draw one."),
        (["cat", "pig", "owl"], "trained on 345 kinds of things, most often cat, pig and owl."),
    ],
)
def test_the_first_page_says_what_the_model_knows(
    best: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BundleCard, "oversampled", best)
    assert words in render_pages(Sketcher.load(), has_server=True)[""]
