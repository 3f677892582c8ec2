"""Rewards for the drawings that a model samples while it is trained.

Some drawings of each batch are redrawn several times. The reward of a redrawing is the probability
that a classifier gives to the category of its input; for a code mixed from two inputs, to either of
the two. A drawing without an end step has no reward. Sampling is without dropout.

This classifier must not be the judge that evaluates the model afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from sketch_pix2seq.bundle.classifier import ClassifierFiles
from sketch_pix2seq.errors import SketchPix2SeqError, UsageError
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.models import DrawingLosses, SketchAutoencoder, SketchClassifier
from sketch_pix2seq.models.drawing import draw_noise, draw_steps
from sketch_pix2seq.models.policy import RewardedLosses, advantages, log_likelihood
from sketch_pix2seq.sketch.pen import OFFSET, PEN, PEN_END
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.training.process_group import ProcessGroup
from sketch_pix2seq.training.recipe import Recipe, RewardSettings

JUDGE_FILE = "judge.bin"
LEAST_ADVANTAGE = 0.05
"""Drawings with a smaller advantage are left out of the gradient: they would only cost time."""


@dataclass(frozen=True, eq=False)
class RewardClassifier:
    """The classifier that rewards drawings, as a run keeps it.

    Args:
        weights: by their names in the network's state dict, as 32-bit floats.
        categories: its categories, in the order of its logits.
        width: channels of its first layer.
        raster: how pictures are rendered for it.
        digest: digest of the exported classifier; see `ClassifierFiles.digest`.
    """

    weights: dict[str, Tensor]
    categories: tuple[str, ...]
    width: int
    raster: RasterSettings
    digest: str

    @classmethod
    def from_classifier(cls, files: ClassifierFiles) -> RewardClassifier:
        """From an exported classifier."""
        weights = {
            name: torch.from_numpy(array.astype(np.float32)) for name, array in files.arrays.items()
        }
        card = files.card
        return cls(weights, card.categories, card.architecture.width, card.raster, files.digest)

    @classmethod
    def from_bundle(cls, card: dict[str, Any], weights: bytes, digest: str) -> RewardClassifier:
        """From the content of a run's file.

        Raises:
            UsageError: if it cannot be read.
        """
        try:
            tensors = {name: tensor.float() for name, tensor in load(weights).items()}
            classifier = cls(
                tensors,
                tuple(card["categories"]),
                int(card["recipe"]["model"]["encoder_width"]),
                RasterSettings(**card["raster"]),
                digest,
            )
            classifier.build()
        except (
            *(KeyError, TypeError, ValueError, RuntimeError),
            *(SafetensorError, SketchPix2SeqError),
        ) as error:
            raise UsageError("`judge` cannot be read", got=repr(error)) from error
        return classifier

    @classmethod
    def from_bytes(cls, content: bytes) -> RewardClassifier:
        """From what `to_bytes` gave.

        Raises:
            UsageError: if it is something else.
        """
        length = int.from_bytes(content[:8], "little")
        try:
            card = json.loads(content[8 : 8 + length])
            # older runs have no digest in the card; theirs is that of the file
            digest = str(card.get("digest") or sha256(content).hexdigest())
        except (ValueError, AttributeError, RecursionError) as error:
            raise UsageError("`judge` cannot be read", got=repr(error)) from error
        return cls.from_bundle(card, content[8 + length :], digest)

    @classmethod
    def kept_in(cls, run: Path) -> RewardClassifier | None:
        """The classifier in a run's folder; None: there is none.

        Raises:
            UsageError: if the file is damaged.
        """
        path = run / JUDGE_FILE
        try:
            return cls.from_bytes(path.read_bytes()) if path.exists() else None
        except UsageError as error:
            raise UsageError(
                f"`{path}` is damaged", do="Delete it, and name the run's judge with --judge again."
            ) from error

    def keep_in(self, run: Path) -> None:
        """Write it into a run's folder, for when the run is resumed."""
        atomic_write(run / JUDGE_FILE, self.to_bytes())

    def to_bytes(self) -> bytes:
        """As a file's content: the length of a JSON card, the card, the weights."""
        card = {
            "categories": self.categories,
            "recipe": {"model": {"encoder_width": self.width}},
            "raster": asdict(self.raster),
            "digest": self.digest,
        }
        text = json.dumps(card).encode()
        return len(text).to_bytes(8, "little") + text + save(self.weights)

    def build(self) -> SketchClassifier:
        """The network, in evaluation mode and without gradients."""
        network = SketchClassifier(len(self.categories), self.width)
        network.load_state_dict(self.weights)
        return network.eval().requires_grad_(False)


def broadcast_classifier(
    judge: RewardClassifier | None, group: ProcessGroup
) -> RewardClassifier | None:
    """Send the classifier of the main process to every process of the group.

    Args:
        judge: of the main process; that of another process is ignored.
        group: the processes.
    """
    if group.size == 1:
        return judge
    content = b"" if judge is None or not group.is_main else judge.to_bytes()
    size = int(group.broadcast(torch.tensor([len(content)])))
    buffer = torch.zeros(size, dtype=torch.uint8)
    if content:
        buffer = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    received = group.broadcast(buffer).numpy().tobytes() if size else b""
    return RewardClassifier.from_bytes(received) if received else None


def check_classifier(
    judge: RewardClassifier | None, recipe: Recipe, categories: Sequence[str]
) -> None:
    """Check that a run has a classifier for rewards if its recipe needs one, and only then.

    Raises:
        UsageError: if it is missing, is not needed, or lacks a category of the data set.
    """
    if judge is None:
        if recipe.reward.weight > 0:
            raise UsageError(
                "`judge` must be given: `reward.weight` is not 0",
                do="Export a run of the recipe judge, and name it with --judge.",
            )
        return
    if recipe.reward.weight == 0:
        advice = "Add --set reward.weight=0.1, or leave the judge out."
        if recipe.task == "classify":
            advice = "Leave it out: a classifier is trained on human drawings alone."
        raise UsageError("`judge` must be left out: `reward.weight` is 0", do=advice)
    unknown = [name for name in categories if name not in judge.categories]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise UsageError(
            "`judge` must know every category of the data set",
            got=f"one that does not know {', '.join(unknown[:3])}{more}",
            do="Train one on the same data set.",
        )


class Reward:
    """Samples drawings of a model, and rewards them by a classifier.

    Args:
        judge: the classifier.
        categories: categories of the data set, in its order; the classifier knows them all.
        settings: how much is drawn, and what a reward is worth.
        offset_scale: pixels to a unit of the model's offsets.
        max_steps: steps after which a drawing is cut off.
        device: where the model computes.
        num_parts: processes that share the drawings of a step among them.
    """

    def __init__(
        self,
        judge: RewardClassifier,
        categories: Sequence[str],
        settings: RewardSettings,
        *,
        offset_scale: float,
        max_steps: int,
        device: torch.device,
        num_parts: int = 1,
    ) -> None:
        self.settings = settings
        self._judge = judge.build().to(device)
        self._raster = judge.raster
        places = [judge.categories.index(name) for name in categories]
        self._places = torch.tensor(places, device=device)
        self._offset_scale = offset_scale
        self._max_steps = max_steps
        self._num_parts = num_parts

    def of_batch(
        self,
        model: SketchAutoencoder,
        losses: DrawingLosses,
        mean: Float[Tensor, "B Z"],
        category_ids: Int64[Tensor, "B"],
        generator: torch.Generator,
    ) -> RewardedLosses:
        """Redraw a part of a batch, some of it mixed, and reward the redrawings.

        Args:
            model: the model that draws.
            losses: of the batch.
            mean: its codes; gradients go on from them.
            category_ids: what it shows.
            generator: random generator.
        """
        settings = self.settings
        batch = len(mean)
        num = min(max(settings.inputs // self._num_parts, 1), batch)
        one, two = (
            torch.randperm(batch, generator=generator, device=generator.device)[:num]
            for _ in range(2)
        )
        share = torch.rand(num, 1, generator=generator, device=generator.device)
        share[round(settings.mixed * num) :] = 1.0
        two = torch.where(share.squeeze(1) < 1.0, two, one)
        latent = share * mean[one] + (1.0 - share) * mean[two]
        wanted = torch.stack((category_ids[one], category_ids[two]), 1)  # (N, 2)
        many = latent.repeat_interleave(settings.redrawings, 0)
        steps, rewards = self._drawn(
            model, many.detach(), wanted.repeat_interleave(settings.redrawings, 0), generator
        )
        better = advantages(rewards.unflatten(0, (-1, settings.redrawings))).flatten()
        size = better.abs()
        informative = size >= size.max().clamp_max(LEAST_ADVANTAGE)  # one at least
        likely = log_likelihood(
            model.decoder, many[informative], steps[informative], settings.temperature, generator
        )
        policy_sum = (better[informative] * likely).sum()
        return RewardedLosses(
            losses, policy_sum, float(rewards.sum()), len(rewards), settings.weight
        )

    @torch.no_grad()
    def measured(
        self,
        model: SketchAutoencoder,
        losses: DrawingLosses,
        mean: Float[Tensor, "B Z"],
        category_ids: Int64[Tensor, "B"],
        generator: torch.Generator,
    ) -> RewardedLosses:
        """Redraw each drawing of a batch once, and reward it, without gradients.

        Args: as of `of_batch`.
        """
        _, rewards = self._drawn(model, mean, category_ids.unsqueeze(1), generator)
        none = rewards.new_zeros(())
        return RewardedLosses(
            losses, none, float(rewards.sum()), len(rewards), self.settings.weight
        )

    @torch.no_grad()
    def _drawn(
        self,
        model: SketchAutoencoder,
        latent: Float[Tensor, "B Z"],
        wanted: Int64[Tensor, "B W"],
        generator: torch.Generator,
    ) -> tuple[Float[Tensor, "B T 5"], Float[Tensor, "B"]]:
        """Draw codes, and compute the reward of each drawing from its wanted categories."""
        decoder = model.decoder
        noise = draw_noise(self._max_steps, len(latent), decoder.num_components, generator)
        steps = draw_steps(decoder, latent, noise, self.settings.temperature)
        pictures = rasterise_batch(self._sketches(steps), self._raster)
        logits, _ = self._judge.predict(torch.from_numpy(pictures).to(latent.device))
        shares = logits.softmax(1)[:, self._places]  # (B, K)
        is_wanted = torch.zeros_like(shares).scatter_(1, wanted, 1.0)
        ends = steps[:, -1, PEN][:, PEN_END]
        return steps, (shares * is_wanted).sum(1) * ends

    def _sketches(self, steps: Float[Tensor, "B T 5"]) -> list[Sketch]:
        rows = steps.cpu().numpy().copy()  # on the CPU it is the same memory
        rows[:, :, OFFSET] *= self._offset_scale
        finite = np.nan_to_num(rows, posinf=0.0, neginf=0.0)
        return [Sketch.from_stroke5(some) for some in finite]
