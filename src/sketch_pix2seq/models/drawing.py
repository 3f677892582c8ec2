"""Drawing with torch: how a model's own drawings look while it learns.

Users draw with the exported model; this is for sheets, for learning from own drawings, and to
check that the exported model draws alike.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sketch_pix2seq.models.decoder import DecoderStep
from sketch_pix2seq.models.mixture import NUM_PEN_STATES
from sketch_pix2seq.sketch.pen import END_STEP, PEN, PEN_END, START_STEP


@torch.no_grad()
def draw_steps(
    decoder: DecoderStep,
    latent: Float[Tensor, "B Z"],
    noise: Float[Tensor, "max_steps B K"],
    temperature: float,
) -> Float[Tensor, "B T 5"]:
    """Draw, one step after another; drawings that have ended are left out of the work.

    Args:
        decoder: in evaluation mode, or without dropout.
        latent: a code per drawing.
        noise: see `StrokeMixture.sample`; its first axis is the number of steps.
        temperature: not negative.

    Returns:
        Stroke-5 rows without a start step; those after the first end row are end rows.
    """
    batch = latent.shape[0]
    state = latent.new_zeros(batch, decoder.state_dim)
    step = latent.new_tensor(START_STEP).expand(batch, -1)
    heat = latent.new_full((batch, 1), temperature)
    going = torch.arange(batch, device=latent.device)
    steps = []
    for row in noise:
        step, state = decoder(latent[going], state, step, row[going], heat[going])
        steps.append(latent.new_tensor(END_STEP).repeat(batch, 1))
        steps[-1][going] = step
        goes_on = step[:, PEN][:, PEN_END] == 0
        if not bool(goes_on.all()):
            going, step, state = going[goes_on], step[goes_on], state[goes_on]
        if len(going) == 0:
            break
    return torch.stack(steps, 1)


def draw_noise(
    max_steps: int, batch: int, num_components: int, generator: torch.Generator
) -> Float[Tensor, "max_steps B K"]:
    """Noise to draw with, on the generator's device.

    Args:
        max_steps: steps after which a drawing that has not ended is cut off.
        batch: number of drawings.
        num_components: M, Gaussians in the mixture.
        generator: where the chance comes from.
    """
    num_gumbel = num_components + NUM_PEN_STATES
    exponential = torch.empty(max_steps, batch, num_gumbel, device=generator.device)
    exponential.exponential_(generator=generator)
    normal = torch.empty(max_steps, batch, 2, device=generator.device)
    normal.normal_(generator=generator)
    gumbel = -exponential.clamp_min(torch.finfo(exponential.dtype).tiny).log()
    return torch.cat((gumbel, normal), -1)
