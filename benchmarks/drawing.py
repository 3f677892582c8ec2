"""Drawing speed: one drawing alone and a thousand at once, beside a plain torch loop.

Measured are the model in the package, and the recipe `attention` with random weights, whose
drawings all have as many steps as those of the data on average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from safetensors.torch import load, save

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.bundle.architectures import AttentionArchitecture, RecurrentArchitecture
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.inference.drawings import views_of
from sketch_pix2seq.inference.engine import StrokeEngine
from sketch_pix2seq.inference.networks import networks_of
from sketch_pix2seq.models import AttentionModel, SketchAutoencoder, SketchClassifier
from sketch_pix2seq.models.attention import Conditions
from sketch_pix2seq.models.drawing import draw_noise, draw_steps, draw_with_attention
from sketch_pix2seq.sketch.network_layout import ENCODING_DIM, NUM_CODE_TOKENS, VIEW_DIM, output_dim
from sketch_pix2seq.sketch.pen import PEN_END
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.cards import architecture_of
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.recipes import attention

MANY = 1000
GEMM_SIDE = 1024
TEMPERATURE = 0.4
NUM_STEPS = 42
"""Of a drawing of `quickdraw`'s simplified ones, on average."""
NUM_CATEGORIES = 345
OFFSET_SCALE = 40.0
NEVER = -1e4


@dataclass(frozen=True)
class _Drawn:
    """A model, and what it draws."""

    bundle: Bundle
    model: SketchAutoencoder | AttentionModel
    name: str


def measure(sketches: Sequence[Sketch]) -> list[Figure]:
    """Draw with the model in the package, and with one of the recipe `attention`.

    Args:
        sketches: what is redrawn.
    """
    figures = []
    for drawn in (_package(), _attention()):
        figures += _measure(drawn, sketches)
    return figures


def _package() -> _Drawn:
    """The model in the package, whatever its architecture is."""
    bundle = Bundle.default()
    card = bundle.card
    model = build(Recipe.from_dict(card.recipe), len(card.categories), card.offset_scale)
    assert not isinstance(model, SketchClassifier)
    model.load_state_dict({n: t.float() for n, t in load(bundle.weights_file).items()})
    return _Drawn(bundle, model.eval(), f"the package's model ({card.architecture.name})")


def _attention() -> _Drawn:
    """A model of the recipe `attention` with its first weights, which never ends a drawing."""
    recipe = attention()
    model = build(recipe, NUM_CATEGORIES, OFFSET_SCALE)
    assert isinstance(model, AttentionModel)
    with torch.no_grad():
        model.decoder.output.bias[PEN_END] = NEVER
    card = BundleCard(
        name=recipe.name,
        architecture=architecture_of(recipe.model),
        categories=tuple(f"category {number}" for number in range(NUM_CATEGORIES)),
        offset_scale=OFFSET_SCALE,
        max_steps=NUM_STEPS,
        temperature=TEMPERATURE,
        raster=recipe.raster,
    )
    bundle = Bundle(card, save(model.state_dict()))
    return _Drawn(bundle, model.eval(), "the recipe attention")


def _measure(drawn: _Drawn, sketches: Sequence[Sketch]) -> list[Figure]:
    card = drawn.bundle.card
    networks = networks_of(drawn.bundle)
    engine = StrokeEngine(drawn.bundle, networks)
    views = views_of(sketches[:100], card)
    conditions = networks.from_views(views, networks.codes(views), 1, None, [0] * len(views))
    one = conditions[:1]
    many = [conditions[number % len(conditions)] for number in range(MANY)]

    def draw(given: Sequence[Any]) -> list[Float32[np.ndarray, "T 5"]]:
        return engine.draw(
            given, range(len(given)), seeds=[0] * len(given), temperature=TEMPERATURE
        )

    steps_of_one = len(draw(one)[0])
    steps_of_many = sum(map(len, draw(many)))
    in_torch, num_torch_steps = _torch_loop(drawn, views[:1], steps_of_one)
    square = torch.randn(GEMM_SIDE, GEMM_SIDE)
    product = torch.empty_like(square)
    seconds = in_turn(
        {
            "one": lambda: draw(one),
            "torch": in_torch,
            "many": lambda: draw(many),
            "peak": lambda: [torch.mm(square, square, out=product) for _ in range(20)],
        }
    )
    torch_step = seconds["torch"] / num_torch_steps
    peak = 20 * 2 * GEMM_SIDE**3 / seconds["peak"] / _flops_a_step(card)
    rate = MANY / seconds["many"]
    return [
        Figure(
            work=f"{drawn.name}: one alone, a step",
            value=seconds["one"] / steps_of_one * 1e6,
            unit="us a step",
            peer="a plain torch loop",
            peer_value=torch_step * 1e6,
            bar="",
            met=True,
        ),
        Figure(
            work=f"{drawn.name}: one alone, a whole drawing of {steps_of_one} steps",
            value=seconds["one"] * 1e3,
            unit="ms",
            peer="a plain torch loop",
            peer_value=torch_step * steps_of_one * 1e3,
            bar="<= 15 ms",
            met=seconds["one"] <= 0.015,
        ),
        Figure(
            work=f"{drawn.name}: {MANY:,} at once, {steps_of_many / MANY:.0f} steps each",
            value=rate,
            unit="drawings/s",
            peer="matrix products at their peak",
            peer_value=peak * MANY / steps_of_many,
            bar=">= 600/s",
            met=rate >= 600,
        ),
    ]


def _torch_loop(
    drawn: _Drawn, view: Float32[np.ndarray, "1 ..."], num_steps: int
) -> tuple[Callable[[], torch.Tensor], int]:
    """What draws one drawing with torch, and how many steps that has."""
    model, card = drawn.model, drawn.bundle.card
    noise = draw_noise(
        num_steps, 1, card.architecture.num_components, torch.Generator().manual_seed(0)
    )

    if isinstance(model, AttentionModel):
        pictures = torch.from_numpy(view)
        given = Conditions.fixed(1, card.raster.size, pictures.device)
        category = torch.zeros(1, dtype=torch.int64)

        def work() -> torch.Tensor:
            return draw_with_attention(model, pictures, category, given, noise, TEMPERATURE)
    else:
        code = torch.from_numpy(networks_of(drawn.bundle).codes(view))

        def work() -> torch.Tensor:
            return draw_steps(model.decoder, code, noise, TEMPERATURE)

    return work, work().shape[1]


def _flops_a_step(card: BundleCard) -> float:
    """Of the decoder's matrix products: of one row, each weight times it, and what it attends to.

    Of a HyperLSTM, those of its main LSTM alone.
    """
    architecture = card.architecture
    outputs = output_dim(architecture.num_components)
    if isinstance(architecture, RecurrentArchitecture):
        size = architecture.decoder_size
        return 2 * (4 * size * (size + 5) + size * outputs)
    assert isinstance(architecture, AttentionArchitecture)
    size = architecture.decoder_size
    inputs = 5 + ENCODING_DIM + VIEW_DIM
    head, expansion = architecture.head_size, architecture.expansion
    layer = 2 * size * size + 2 * head * size + 2 * expansion * size * size
    memory = (card.raster.size // 8) ** 2 + NUM_CODE_TOKENS + 1
    attended = 2 * size * (memory + card.max_steps / 2)
    return 2 * (inputs * size + architecture.num_layers * (layer + attended) + size * outputs)
