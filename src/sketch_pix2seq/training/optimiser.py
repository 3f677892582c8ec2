"""The optimiser: Adam, the learning rate schedule, the running average of weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sketch_pix2seq.errors import DamagedCheckpointError
from sketch_pix2seq.models import AttentionModel, SketchAutoencoder, SketchClassifier
from sketch_pix2seq.training.process_group import ProcessGroup
from sketch_pix2seq.training.recipe import OptimiserSettings

MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""Adam's state of each parameter."""


def learning_rate(step: int, num_steps: int, settings: OptimiserSettings) -> float:
    """Learning rate of a step.

    *Source*: `exponential` is sketch-rnn's (1e-3 - 1e-5) * 0.9999^step + 1e-5.
    """
    span = settings.learning_rate - settings.min_learning_rate
    if settings.schedule == "cosine":
        share = 0.5 * (1.0 + math.cos(math.pi * min(step / num_steps, 1.0)))
    else:
        share = settings.decay**step
    rate = settings.min_learning_rate + span * share
    return rate * min(1.0, (step + 1) / (settings.warmup_steps + 1))


class Optimiser:
    """Adam with clipped gradients, and a running average of the weights.

    Args:
        model: Its weights are optimised.
        settings: See `OptimiserSettings`.
        num_steps: Length of the run, for the schedule.
    """

    def __init__(
        self,
        model: SketchAutoencoder | AttentionModel | SketchClassifier,
        settings: OptimiserSettings,
        num_steps: int,
    ) -> None:
        self.settings = settings
        self.num_steps = num_steps
        self.model = model
        self.parameters = dict(model.named_parameters())
        matrices = [p for p in self.parameters.values() if p.ndim > 1]
        others = [p for p in self.parameters.values() if p.ndim <= 1]
        self.adam = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": settings.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=settings.learning_rate,
            betas=(0.9, settings.second_moment_decay),
            fused=True,
        )
        for parameter in self.parameters.values():  # as Adam itself begins, but before a step
            self.adam.state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
        self.averaged = model
        if settings.average_decay > 0:
            self.averaged = copy.deepcopy(model).requires_grad_(False)

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Replace the initial weights by others, of the same names."""
        self.model.load_state_dict(weights)
        if self.averaged is not self.model:
            self.averaged.load_state_dict(weights)

    def step(self, step: int) -> tuple[bool, float]:
        """Move the weights by their gradients, and clear these.

        Returns:
            whether the weights moved (they do not if a gradient is not finite), and
            the norm of the gradient before clipping.
        """
        gradients = [p.grad for p in self.parameters.values() if p.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients))
        moved = math.isfinite(norm)
        if moved:
            if self.settings.clip_norm > 0:
                torch.nn.utils.clip_grads_with_norm_(
                    self.parameters.values(), self.settings.clip_norm, torch.tensor(norm)
                )
            if self.settings.clip > 0:
                torch.nn.utils.clip_grad_value_(self.parameters.values(), self.settings.clip)
            for group in self.adam.param_groups:
                group["lr"] = learning_rate(step, self.num_steps, self.settings)
            self.adam.step()
            if self.averaged is not self.model:
                decay = min(self.settings.average_decay, (1 + step) / (10 + step))
                average = get_ema_multi_avg_fn(decay)
                average(list(self.averaged.parameters()), list(self.parameters.values()), step)
        self.adam.zero_grad(set_to_none=True)
        return moved, norm

    def broadcast(self, group: ProcessGroup) -> None:
        """Copy the weights, moments and average of the main process to all others."""
        with torch.no_grad():
            for tensor in self.tensors().values():
                tensor.copy_(group.broadcast(tensor))

    def tensors(self) -> dict[str, Tensor]:
        """All that a run needs to continue exactly: weights, moments, average."""
        tensors = {f"model.{name}": p.detach() for name, p in self.parameters.items()}
        for name, parameter in self.parameters.items():
            for key in MOMENTS:
                tensors[f"adam.{key}.{name}"] = self.adam.state[parameter][key]
        if self.averaged is not self.model:
            tensors |= {f"average.{n}": p.detach() for n, p in self.averaged.named_parameters()}
        return tensors

    def load_tensors(self, stored: dict[str, Tensor]) -> None:
        """Restore what `tensors` returned; all of it or nothing.

        A parameter that had no gradient yet has no moments in older checkpoints.

        Raises:
            DamagedCheckpointError: If a tensor is missing or of another shape.
        """
        unmoved = [name for name in self.parameters if f"adam.step.{name}" not in stored]
        unkept = {f"adam.{key}.{name}" for key in MOMENTS for name in unmoved}
        expected = {name: tensor for name, tensor in self.tensors().items() if name not in unkept}
        wrong = [
            n
            for n, tensor in expected.items()
            if n not in stored or stored[n].shape != tensor.shape
        ]
        if wrong:
            raise DamagedCheckpointError(f"the checkpoint lacks {wrong[0]}, or its shape is wrong")
        with torch.no_grad():
            for name, tensor in expected.items():
                tensor.copy_(stored[name])
