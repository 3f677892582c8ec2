"""Drawing speed: one at a time against its bar, a thousand at once against the processor."""

from __future__ import annotations

import numpy as np
import torch
from safetensors.torch import load

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.inference.engine import StrokeEngine
from sketch_pix2seq.models.drawing import draw_steps
from sketch_pix2seq.models.mixture import output_dim
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.recipe import Recipe

MANY = 1000
GEMM_SIDE = 1024


def measure(pictures: np.ndarray) -> list[Figure]:
    """Draw with the default bundle.

    Args:
        pictures: (B, 1, 48, 48) of drawings to redraw.
    """
    bundle = Bundle.default()
    card = bundle.card
    recipe = Recipe.from_dict(card.recipe)
    model = build_model(recipe).eval()
    model.load_state_dict({n: t.float() for n, t in load(bundle.weights).items()})
    with torch.no_grad():
        codes = model.encoder(torch.from_numpy(pictures))[0]
    latents = np.resize(codes.numpy(), (MANY, card.latent_dim))
    engine = StrokeEngine(bundle)
    one = latents[:1]
    steps_of_one = len(engine.draw(one, [0], seed=0, temperature=0.4)[0])
    many = engine.draw(latents, range(MANY), seed=0, temperature=0.4)
    steps_of_many = sum(map(len, many))
    square = torch.randn(GEMM_SIDE, GEMM_SIDE)
    product = torch.empty_like(square)
    noise = torch.zeros(steps_of_one, 1, card.noise_dim)

    seconds = in_turn(
        {
            "one": lambda: engine.draw(one, [0], seed=0, temperature=0.4),
            "torch": lambda: draw_steps(model.decoder, torch.from_numpy(one), noise, 0.4),
            "many": lambda: engine.draw(latents, range(MANY), seed=0, temperature=0.4),
            "peak": lambda: [torch.mm(square, square, out=product) for _ in range(20)],
        }
    )
    num_torch_steps = draw_steps(model.decoder, torch.from_numpy(one), noise, 0.4).shape[1]
    a_step = seconds["one"] / steps_of_one * 1e6
    torch_step = seconds["torch"] / num_torch_steps * 1e6
    size = recipe.model.decoder_size
    flops_a_step = 2 * (4 * size * (size + 5) + size * output_dim(card.noise_dim - 5))
    peak = 20 * 2 * GEMM_SIDE**3 / seconds["peak"] / flops_a_step
    return [
        Figure(
            work="drawing one at a time, a step",
            value=a_step,
            unit="us a step",
            peer="a plain torch loop",
            peer_value=torch_step,
            bar="none",
            met=True,
        ),
        Figure(
            work=f"drawing one at a time, a whole drawing of {steps_of_one} steps",
            value=seconds["one"] * 1e3,
            unit="ms",
            peer="a plain torch loop",
            peer_value=torch_step * steps_of_one / 1e3,
            bar="<= 15 ms",
            met=seconds["one"] <= 0.015,
        ),
        Figure(
            work=f"drawing {MANY:,} at once ({steps_of_many / seconds['many']:,.0f} steps/s)",
            value=MANY / seconds["many"],
            unit="drawings/s",
            peer="matrix products at their peak",
            peer_value=peak * MANY / steps_of_many,
            bar=">= 600/s",
            met=MANY / seconds["many"] >= 600,
        ),
    ]
