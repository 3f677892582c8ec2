"""Windows around the pen: ink that remains, and what is drawn.

`sketch.network_layout` describes the windows. The numpy version
(`inference.pen_view`) is tested against this one.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int16, Int64
from torch import Tensor
from torch.nn import functional

from sketch_pix2seq.sketch.network_layout import WINDOWS


@torch.no_grad()
def pen_views(
    pictures: Float[Tensor, "B S S"],
    covered: Int16[Tensor, "B S S"],
    positions: Float[Tensor, "B T 2"],
) -> Float[Tensor, "B T V"]:
    """The view around the pen before each step.

    Args:
        pictures: Visible ink.
        covered: After how many steps each pixel is covered.
        positions: Where the pen is after 0, 1, ... T - 1 steps, in pixels, x then y.

    Returns:
        V = `VIEW_DIM` numbers: for each window remaining ink (row by row), then drawn ink. A cell's
        number is the sum over its pixels by the length of its side: Near 1 where one line
        crosses it. Outside the picture all is 0.
    """
    size, num_steps = pictures.shape[1], positions.shape[1]
    pixel = positions.floor().long().clamp(0, size - 1)  # (B, T, 2)
    parts = _pixel_window(pictures, covered, pixel)
    fine = WINDOWS[1][0]
    remaining, drawn = _cells_over_time(pictures, covered, num_steps, fine)
    for cell, side in WINDOWS[1:]:
        factor = cell // fine
        if factor > 1:
            remaining, drawn = (_pooled(cells, factor) for cells in (remaining, drawn))
            fine = cell
        centre = pixel // cell
        parts += [_window(cells / cell, centre, side) for cells in (remaining, drawn)]
    return torch.cat(parts, -1)


def _pixel_window(
    pictures: Float[Tensor, "B S S"], covered: Int16[Tensor, "B S S"], pixel: Int64[Tensor, "B T 2"]
) -> list[Tensor]:
    """Remaining and drawn ink in the window of single pixels."""
    side = WINDOWS[0][1]
    pad = side // 2
    num_steps = pixel.shape[1]
    ink = functional.pad(pictures, (pad,) * 4)
    when = functional.pad(covered, (pad,) * 4, value=torch.iinfo(torch.int16).max)
    index = _window_index(pixel, side, ink.shape[-1])  # (B, T, side * side)
    flat = index.flatten(1)
    number = torch.arange(num_steps, device=pixel.device).view(1, -1, 1)
    done = when.flatten(1).gather(1, flat).view_as(index) <= number
    ink_remaining = ink.flatten(1).gather(1, flat).view_as(index)
    return [ink_remaining.masked_fill(done, 0.0), done.to(ink_remaining.dtype)]


def _cells_over_time(
    pictures: Float[Tensor, "B S S"], covered: Int16[Tensor, "B S S"], num_steps: int, cell: int
) -> tuple[Float[Tensor, "B T G G"], Float[Tensor, "B T G G"]]:
    """Remaining and drawn ink in each cell after 0, 1, ... steps."""
    batch, size = len(pictures), pictures.shape[1]
    cells = size // cell
    line = torch.arange(size, device=pictures.device) // cell
    cell_index = (line.view(-1, 1) * cells + line).flatten()  # (S * S,)
    when = covered.flatten(1).long().clamp_max(num_steps)  # those never covered in a last row
    index = when * (cells * cells) + cell_index
    values = torch.stack((pictures.flatten(1), torch.ones_like(pictures).flatten(1)))
    sums = pictures.new_zeros(2, batch, (num_steps + 1) * cells * cells)
    sums.scatter_add_(2, index.expand(2, -1, -1), values)
    sums = sums.view(2, batch, num_steps + 1, cells, cells)
    gone = sums[:, :, :-1].cumsum(2)
    remaining = sums[0].sum(1, keepdim=True) - gone[0]
    return remaining, gone[1]


def _pooled(cells: Float[Tensor, "B T G G"], factor: int) -> Float[Tensor, "B T _ _"]:
    batch, num_steps, side, _ = cells.shape
    blocks = side // factor
    return cells.view(batch, num_steps, blocks, factor, blocks, factor).sum((3, 5))


def _window(
    cells: Float[Tensor, "B T G G"], centre: Int64[Tensor, "B T 2"], side: int
) -> Float[Tensor, "B T _"]:
    """The window around each centre, row by row."""
    padded = functional.pad(cells, (side // 2,) * 4)
    index = _window_index(centre, side, padded.shape[-1])
    return padded.flatten(2).gather(2, index)


def _window_index(centre: Int64[Tensor, "B T 2"], side: int, padded: int) -> Int64[Tensor, "B T _"]:
    """Indices of a window in a flat map that is padded by half of it."""
    around = torch.arange(side, device=centre.device)
    inside = (around.view(-1, 1) * padded + around).flatten()
    first = centre[..., 1] * padded + centre[..., 0]
    return first.unsqueeze(-1) + inside
