"""Sampling drawings with torch, while a model is trained.

Users draw with the exported model; this is for sheets of redrawings and for
tests that the exported model draws the same.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from sketch_pix2seq.models.attention import AttentionModel, Conditions
from sketch_pix2seq.models.decoders import Decoder
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.models.pen_view import pen_views
from sketch_pix2seq.sketch import guidance
from sketch_pix2seq.sketch.coverage import NEVER, touched
from sketch_pix2seq.sketch.network_layout import HIDDEN, PEN_TEMPERATURE, SHOWN
from sketch_pix2seq.sketch.pen import (
    END_STEP,
    NUM_PEN_STATES,
    OFFSET,
    PEN,
    PEN_DOWN,
    PEN_END,
    START_STEP,
)


@torch.no_grad()
def draw_steps(
    decoder: Decoder,
    latent: Float[Tensor, "B Z"],
    noise: Float[Tensor, "max_steps B K"],
    temperature: float,
) -> Float[Tensor, "B T 5"]:
    """Draw, one step after another; drawings that have ended are left out of the work.

    Args:
        decoder: In evaluation mode, or without dropout.
        latent: Code of each drawing.
        noise: See `StrokeMixture.sample`; its first axis is the number of steps.
        temperature: Not negative.

    Returns:
        Stroke-5 rows without a start step; those after the first end row are end rows.
    """
    batch = latent.shape[0]
    state = decoder.initial_state(latent)
    step = latent.new_tensor(START_STEP).expand(batch, -1)
    temperatures = latent.new_full((batch, 1), temperature)
    going = torch.arange(batch, device=latent.device)
    steps = []
    for row in noise:
        mixture, state = decoder.advance(step, state)
        step = mixture.sample(row[going], temperatures[going])
        steps.append(latent.new_tensor(END_STEP).repeat(batch, 1))
        steps[-1][going] = step
        goes_on = step[:, PEN][:, PEN_END] == 0
        if not bool(goes_on.all()):
            going, step = going[goes_on], step[goes_on]
            state = tuple(part[goes_on] for part in state)
        if len(going) == 0:
            break
    return torch.stack(steps, 1)


@torch.no_grad()
def draw_with_attention(
    model: AttentionModel,
    pictures: Float[Tensor, "B 1 S S"],
    category_ids: Int64[Tensor, "B"],
    conditions: Conditions,
    noise: Float[Tensor, "max_steps B K"],
    temperature: float,
    prefix: Float[Tensor, "B P 5"] | None = None,
) -> Float[Tensor, "B T 5"]:
    """Draw with an `attention` model, recomputing all steps for each: slow and plain.

    Args:
        model: In evaluation mode.
        pictures: 1 = ink.
        category_ids: Category of each drawing.
        conditions: What the decoder is given.
        noise: See `StrokeMixture.sample`; its first axis is the number of steps.
        temperature: Not negative.
        prefix: First steps of each drawing, in place of those that the decoder would draw.

    Returns:
        As `draw_steps`.
    """
    batch = len(pictures)
    grid, latent = model.encode(pictures, conditions)
    memory, memory_mask = model.decoder.memory(grid, latent, category_ids, conditions)
    ink = (pictures * conditions.visible).squeeze(1)
    visible_ink, visible = ink.cpu().numpy(), conditions.visible.squeeze(1).cpu().numpy()
    covered = np.full(ink.shape, NEVER, np.int16)
    drawn = pictures.new_tensor(START_STEP).expand(batch, 1, -1)
    end = pictures.new_tensor(END_STEP)
    going = torch.arange(batch, device=pictures.device)
    for number, row in enumerate(noise):
        rows = going.cpu().numpy()
        positions = model.positions(drawn[going])
        when = torch.from_numpy(covered[rows]).to(pictures.device)
        views = pen_views(ink[going], when, positions)
        visibility = conditions.visibility[going]
        output = model.decoder(
            drawn[going], positions, views, visibility, memory[going], memory_mask[going]
        )
        was_down = (drawn[going, -1, PEN.start + PEN_DOWN] > 0) & (number > 0)
        if prefix is not None and number < prefix.shape[1]:
            step = prefix[going, number]
        else:
            mixture = StrokeMixture.from_output(output[:, -1].float())
            maps = guidance.ink_maps(visible_ink[rows], visible[rows], covered[rows] < NEVER)
            free = _free_step(mixture, row[going], temperature)
            guided = _guided_step(
                *(mixture, row[going], temperature, model.step_pixels),
                *(positions[:, -1], was_down, maps, visibility == SHOWN),
            )
            step = torch.where((visibility == HIDDEN).unsqueeze(1), free, guided)
        following = end.repeat(batch, 1)
        following[going] = step
        drawn = torch.cat((drawn, following.unsqueeze(1)), 1)
        after = model.positions(drawn[going])[:, -1]
        before = torch.where(was_down.unsqueeze(1), positions[:, -1], after)
        goes_on = step[:, PEN.start + PEN_END] == 0
        marks = np.zeros((len(going), *covered.shape[1:]), bool)
        pixel, row_of = touched(before.cpu().numpy(), after.cpu().numpy(), covered.shape[1])
        marks.reshape(len(going), -1)[row_of, pixel] = True
        marks[~goes_on.cpu().numpy()] = False
        covered[rows] = np.where(marks & (covered[rows] == NEVER), number + 1, covered[rows])
        going = going[goes_on]
        if len(going) == 0:
            break
    return drawn[:, 1:]


def _free_step(
    mixture: StrokeMixture, noise: Float[Tensor, "R K"], temperature: float
) -> Float[Tensor, "R 5"]:
    """Sample a step of drawings whose picture is hidden."""
    noise = noise.clone()
    noise[:, -2 - NUM_PEN_STATES : -2] *= PEN_TEMPERATURE
    return mixture.sample(noise, noise.new_full((len(noise), 1), temperature))


def _guided_step(
    mixture: StrokeMixture,
    noise: Float[Tensor, "R K"],
    temperature: float,
    step_pixels: float,
    position: Float[Tensor, "R 2"],
    was_down: Bool[Tensor, " R"],
    maps: guidance.InkMaps,
    all_visible: Bool[Tensor, " R"],
) -> Float[Tensor, "R 5"]:
    """Choose a step by the ink of the picture; see `guidance.choose`."""
    temperatures = noise.new_full((len(noise), 1), temperature)
    offsets, logits, pen_logits = mixture.proposals(noise, temperatures)
    scale = np.float32(step_pixels)
    move, pen = guidance.choose(
        position.cpu().numpy(),
        offsets.cpu().numpy() * scale,
        was_down.cpu().numpy(),
        logits.cpu().numpy(),
        pen_logits.cpu().numpy(),
        maps,
        all_visible.cpu().numpy(),
    )
    step = noise.new_zeros(len(noise), len(START_STEP))
    step[:, OFFSET] = torch.from_numpy(move / scale).to(step)
    step[np.arange(len(noise)), PEN.start + pen] = 1.0
    return step


def draw_noise(
    max_steps: int, batch: int, num_components: int, generator: torch.Generator
) -> Float[Tensor, "max_steps B K"]:
    """Noise to draw with, on the generator's device.

    Args:
        max_steps: Steps after which a drawing that has not ended is cut off.
        batch: Number of drawings.
        num_components: M, Gaussians in the mixture.
        generator: Random generator.
    """
    num_gumbel = num_components + NUM_PEN_STATES
    exponential = torch.empty(max_steps, batch, num_gumbel, device=generator.device)
    exponential.exponential_(generator=generator)
    normal = torch.empty(max_steps, batch, 2, device=generator.device)
    normal.normal_(generator=generator)
    gumbel = -exponential.clamp_min(torch.finfo(exponential.dtype).tiny).log()
    return torch.cat((gumbel, normal), -1)
