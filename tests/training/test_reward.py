"""Learning from what a judge says of a model's own drawings."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import RunError, UsageError
from sketch_pix2seq.export.bundle import export_run
from sketch_pix2seq.models import DrawingLosses, LSTMDecoder, SketchAutoencoder, SketchClassifier
from sketch_pix2seq.models.drawing import draw_noise, draw_steps
from sketch_pix2seq.sketch.pen import PEN, PEN_END
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise_batch
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import Recipe, RewardSettings
from sketch_pix2seq.training.reward import JUDGE_FILE, Reward, RewardClassifier

WIDTH = 8


@pytest.fixture
def judge(shapes: Path) -> RewardClassifier:
    categories = Dataset.open(shapes).card.categories
    torch.manual_seed(3)
    weights = SketchClassifier(len(categories), WIDTH).state_dict()
    return RewardClassifier(weights, tuple(reversed(categories)), WIDTH, RasterSettings(), "5eed")


@pytest.fixture
def rewarded(tiny_recipe: Recipe) -> Recipe:
    settings = RewardSettings(weight=0.5, inputs=4, redrawings=3, mixed=0.5)
    return replace(tiny_recipe, reward=settings)


def seated(judge: RewardClassifier, shapes: Path, recipe: Recipe, **changes: object) -> Reward:
    card = Dataset.open(shapes).card
    return Reward(
        judge,
        card.categories,
        replace(recipe.reward, **changes),  # type: ignore[arg-type]
        offset_scale=card.offset_scale,
        max_steps=card.longest,
        device=torch.device("cpu"),
    )


def no_losses() -> DrawingLosses:
    return DrawingLosses(torch.zeros(()), torch.zeros(()), None, (1, 1, 1))


def test_it_is_kept_as_it_was(judge: RewardClassifier, tmp_path: Path) -> None:
    judge.keep_in(tmp_path)
    read = RewardClassifier.kept_in(tmp_path)
    assert read is not None
    assert (read.categories, read.width, read.raster) == (judge.categories, WIDTH, judge.raster)
    assert all(torch.equal(read.weights[name], part) for name, part in judge.weights.items())
    (tmp_path / JUDGE_FILE).unlink()
    assert RewardClassifier.kept_in(tmp_path) is None


@pytest.mark.parametrize("length", [0, 5, 100, 4000])
def test_a_damaged_one_is_refused(judge: RewardClassifier, length: int) -> None:
    with pytest.raises(UsageError, match="`judge` cannot be read"):
        RewardClassifier.from_bytes(judge.to_bytes()[:length])


@pytest.mark.parametrize(
    "change",
    [
        {"categories": ["cat"]},
        {"raster": {"size": -1}},
        {"recipe": {}},
        {"recipe": {"model": {"encoder_width": 16}}},
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    judge: RewardClassifier, change: dict[str, object]
) -> None:
    content = judge.to_bytes()
    length = int.from_bytes(content[:8], "little")
    card = json.loads(content[8 : 8 + length]) | change
    with pytest.raises(UsageError, match="`judge` cannot be read"):
        RewardClassifier.from_bundle(card, save(judge.weights), judge.digest)


def test_one_kept_before_there_were_digests_goes_on_with_that_of_its_file(
    judge: RewardClassifier,
) -> None:
    content = judge.to_bytes()
    length = int.from_bytes(content[:8], "little")
    card = json.loads(content[8 : 8 + length])
    del card["digest"]
    text = json.dumps(card).encode()
    old = len(text).to_bytes(8, "little") + text + content[8 + length :]
    assert RewardClassifier.from_bytes(old).digest == sha256(old).hexdigest()


def test_a_run_has_the_judge_that_its_recipe_wants(
    judge: RewardClassifier, rewarded: Recipe, tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"`judge` must be given: `reward\.weight` is not 0"):
        train(rewarded, shapes, tmp_path / "run")
    with pytest.raises(UsageError, match="must be left out"):
        train(tiny_recipe, shapes, tmp_path / "run", judge=judge)
    stranger = replace(judge, categories=tuple(f"thing {n}" for n in range(6)))
    with pytest.raises(UsageError, match=r"does not know circle, house, ladder and 3 more"):
        train(rewarded, shapes, tmp_path / "run", judge=stranger)
    assert not (tmp_path / "run").exists()


def test_a_run_broken_off_goes_on_with_its_judge(
    judge: RewardClassifier, rewarded: Recipe, shapes: Path, tmp_path: Path
) -> None:
    left = iter(range(6, -1, -1))

    def kill(progress: object) -> None:
        if next(left) == 0:
            raise ZeroDivisionError

    train(rewarded, shapes, tmp_path / "whole", judge=judge)
    with pytest.raises(ZeroDivisionError):
        train(rewarded, shapes, tmp_path / "broken", judge=judge, on_progress=kill)
    train(rewarded, shapes, tmp_path / "broken", resume=True)
    last = "checkpoints/step-00000012.safetensors"
    assert (tmp_path / "whole" / last).read_bytes() == (tmp_path / "broken" / last).read_bytes()
    other = replace(judge, digest="another")
    with pytest.raises(RunError, match="was started with another judge"):
        train(rewarded, shapes, tmp_path / "whole", resume=True, judge=other)
    (tmp_path / "whole" / JUDGE_FILE).write_bytes(b"no judge")
    with pytest.raises(UsageError, match=r"judge\.bin` is damaged"):
        train(rewarded, shapes, tmp_path / "whole", resume=True)
    lines = (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()
    metrics = [json.loads(line) for line in lines]
    assert all(0 <= line["reward"] <= 1 for line in metrics)
    trained = [line for line in metrics if line["kind"] == "train"]
    assert all(
        line["loss"] == pytest.approx(line["reconstruction"] - 0.5 * line["reward"])
        for line in trained
    )


def test_a_bundle_tells_which_judges_rewarded_it(
    judge: RewardClassifier,
    rewarded: Recipe,
    shapes: Path,
    tmp_path: Path,
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    train(rewarded, shapes, tmp_path / "run", judge=judge)
    with unchecked_shapes():
        card = export_run(tmp_path / "run", tmp_path / "bundle")
    assert card.rewarded_by == ["5eed"]
    weights = (tmp_path / "bundle" / "weights.safetensors").read_bytes()
    start = InitialWeights.from_bytes(weights, "first", card.rewarded_by)
    train(
        rewarded,
        shapes,
        tmp_path / "on",
        initial_weights=start,
        judge=replace(judge, digest="0ther"),
    )
    with unchecked_shapes():
        again = export_run(tmp_path / "on", tmp_path / "again")
    assert again.rewarded_by == ["5eed", "0ther"]


def test_several_processes_share_it(
    judge: RewardClassifier, rewarded: Recipe, shapes: Path, tmp_path: Path
) -> None:
    outcome = train(rewarded, shapes, tmp_path / "run", judge=judge, devices=2)
    assert outcome.step == rewarded.num_steps


def test_the_reward_is_the_judges_share_of_what_is_wanted(
    judge: RewardClassifier, rewarded: Recipe, shapes: Path
) -> None:
    """Found out from the drawings themselves, made with the same noise."""
    dataset = Dataset.open(shapes)
    model: SketchAutoencoder = build_model(rewarded).eval()
    assert isinstance(model.decoder, LSTMDecoder)
    with torch.no_grad():
        model.decoder.output.bias[PEN_END] = -1.0  # some come to no end
    mean = torch.randn(30, 8, generator=torch.Generator().manual_seed(1))
    wanted = torch.arange(30) % 6
    losses = seated(judge, shapes, rewarded).measured(
        model, no_losses(), mean, wanted, torch.Generator().manual_seed(2)
    )
    noise = draw_noise(dataset.card.longest, 30, 3, torch.Generator().manual_seed(2))
    steps = draw_steps(model.decoder, mean, noise, rewarded.reward.temperature)
    ended = steps[:, -1, PEN][:, PEN_END] > 0
    reward = seated(judge, shapes, rewarded)
    sketches = reward._sketches(steps)
    logits, _ = judge.build().predict(torch.from_numpy(rasterise_batch(sketches)))
    places = [judge.categories.index(dataset.card.categories[one]) for one in wanted.tolist()]
    shares = logits.softmax(1)[torch.arange(30), torch.tensor(places)]
    assert 0 < int(ended.sum()) < 30
    assert losses.reward_sum == pytest.approx(float((shares * ended).sum()), rel=1e-4)
    assert losses.num_drawings == 30


def test_looking_does_not_change_what_is_learned_from(
    judge: RewardClassifier, rewarded: Recipe, shapes: Path
) -> None:
    reward = seated(judge, shapes, rewarded)
    steps = torch.zeros(2, 3, 5)
    steps[:, :, 0], steps[:, :2, 2], steps[:, 2, 4] = 0.5, 1.0, 1.0
    before = steps.clone()
    sketches = reward._sketches(steps)
    assert torch.equal(steps, before)
    scale = Dataset.open(shapes).card.offset_scale
    assert sketches[0].bounds is not None
    assert sketches[0].bounds[2] - sketches[0].bounds[0] == pytest.approx(0.5 * scale, rel=1e-4)


def test_a_model_learns_to_draw_what_is_recognised(
    judge: RewardClassifier, rewarded: Recipe, shapes: Path
) -> None:
    """With nothing to learn from but the rewards of a judge that knows one thing from another."""
    torch.manual_seed(0)
    weights = {name: part.clone() for name, part in judge.weights.items()}
    weights["head.weight"] *= 30  # of an opinion
    opinionated = replace(judge, weights=weights)
    reward = seated(
        opinionated, shapes, rewarded, inputs=30, redrawings=4, mixed=0.0, temperature=1.0
    )
    model: SketchAutoencoder = build_model(rewarded).train()
    adam = torch.optim.Adam(model.parameters(), 0.01)
    generator = torch.Generator().manual_seed(0)
    wanted = torch.zeros(30, dtype=torch.int64)
    mean = torch.zeros(30, 8)
    rewards = []
    for _ in range(40):
        losses = reward.of_batch(model, no_losses(), mean, wanted, generator)
        adam.zero_grad()
        losses.total().backward()
        adam.step()
        rewards.append(losses.reward_sum / losses.num_drawings)
    assert np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.1
