"""`Sketcher`: show it a drawing, it draws it again.

Users of Python, the command line and the studio all call it. It checks what they give, once, and
joins the encoder, the stroke engine and the raster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32, Int64, Shaped

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.bundle.gallery import Gallery
from sketch_pix2seq.bundle.latents import LatentGaussians
from sketch_pix2seq.errors import BundleError, UsageError
from sketch_pix2seq.inference.arguments import (
    check_amount,
    check_mix,
    check_progress,
    checked_fidelity,
    checked_path,
    checked_seed,
    checked_seeds,
    checked_temperature,
    checked_threads,
)
from sketch_pix2seq.inference.best_of import cheapest, surprise
from sketch_pix2seq.inference.completing import Start, best_completions, starts_of
from sketch_pix2seq.inference.drawings import append_completion, steps_to_sketch, views_of
from sketch_pix2seq.inference.engine import DrawingProgress, StrokeEngine, offset_progress
from sketch_pix2seq.inference.inputs import (
    Input,
    as_list,
    as_sketches,
    checked_latents,
    numbered,
    one_or_several,
    views_in_turn,
)
from sketch_pix2seq.inference.latents import sample_codes, sample_completions
from sketch_pix2seq.inference.mixing import interpolate_scores, path_through
from sketch_pix2seq.inference.networks import networks_of
from sketch_pix2seq.inference.recognizer import Recognizer
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.sketch.sketch import Sketch

Encoded: TypeAlias = tuple[
    Float32[np.ndarray, "N ..."], Float32[np.ndarray, "N Z"], Float32[np.ndarray, "N K"] | None
]
"""Of inputs that were read once: what the encoder reads, latent codes and class scores. These are 0
nats for the likeliest of `card.categories`, and less for others; None if there is no classifier."""

RENAMED = {"name": "classify", "names": "can_classify", "completes": "can_complete"}
"""Public names of `Sketcher` that no longer exist, and the present ones."""


class Prediction(NamedTuple):
    """The categories that drawings may show.

    Args:
        labels: For each drawing all of `card.categories`, the most likely first.
        probabilities: (N, K) float32, in the order of the labels; rows sum to 1.
    """

    labels: list[list[str]]
    probabilities: Float32[np.ndarray, "N K"]


class Sketcher:
    """A trained model that draws.

    Make one with `Sketcher.load`. Calls may be made from several threads.

    *Convention*: drawings come back as QuickDraw's do: upper left corner (0, 0), longest side
    about 255, y down. Drawing k of an input depends on the bundle, the input, the
    temperature, the seed and k, and on nothing else: not on the other inputs, nor on threads. With
    `best_of` also on `n` and `best_of`, and the best one is drawing 0.

    An input is a path, a `Sketch`, a Pillow picture, or a picture array of the bundle's raster
    size, (`card.raster.size`,) * 2, 1 = ink. All methods that draw take these arguments:

    * `n`: how many drawings of each input; 1,000,000 in all at most.
    * `temperature`: sampling temperature, >= 0; None: what suits the model.
    * `seed`: another seed, other drawings; `redraw` and `decode` also take one for each input.
    * `progress`: called with how many drawings are done, and how many there are.

    Methods raise a `DrawingError` if an input is no drawing, a `UsageError` if another argument
    does not fit, and a `BundleError` if the model lacks the ability, or computes numbers
    that are not finite.

    Args:
        bundle: The model.
        num_threads: Threads to draw with; None: as many as there are processors.

    Raises:
        UsageError: If an argument is of another type, or `num_threads` is below 1.

    Example:
        >>> cat = Sketch.from_points([[(0, 40), (20, 0), (40, 30), (60, 0), (80, 40)]])
        >>> sketcher = Sketcher.load()
        >>> first, second = sketcher.redraw(cat, n=2)
        >>> first.num_points > 0
        True
    """

    def __init__(self, bundle: Bundle, *, num_threads: int | None = None) -> None:
        if not isinstance(bundle, Bundle):
            raise UsageError(
                "`bundle` must be a `Bundle`",
                got=type(bundle).__name__,
                do="Load a file or folder with `Sketcher.load`.",
            )
        self._bundle = bundle
        self._num_threads = checked_threads(num_threads) or num_processors()
        self._networks = networks_of(bundle)
        self._engine = StrokeEngine(bundle, self._networks, num_threads=self._num_threads)
        self._recognizer = Recognizer(bundle, self._networks, self._num_threads)

    @classmethod
    def load(
        cls, bundle: str | os.PathLike[str] | None = None, *, num_threads: int | None = None
    ) -> Sketcher:
        """Load a bundle.

        Args:
            bundle: A folder or zip file; None: the model that comes with the package.
            num_threads: Threads to draw with; None: as many as there are processors.

        Raises:
            BundleError: If there is no such bundle, or it is not whole.
        """
        checked_threads(num_threads)
        read = Bundle.default() if bundle is None else Bundle.open(checked_path("bundle", bundle))
        return cls(read, num_threads=num_threads)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Name the new one for a name that no longer exists."""
            message = f"`Sketcher` has no attribute `{name}`"
            if name in RENAMED:
                message = f"`Sketcher.{name}` is now `Sketcher.{RENAMED[name]}`"
            raise AttributeError(message, name=name, obj=self)

    @property
    def bundle(self) -> Bundle:
        """The model as it was read."""
        return self._bundle

    @property
    def card(self) -> BundleCard:
        """What the model is, and what it was trained on."""
        return self._bundle.card

    def encode(self, inputs: Input | Sequence[Input]) -> Float32[np.ndarray, "N Z"]:
        """Return the latent code of each of some inputs, (N, Z) float32; N = 1 for one input."""
        parts = views_in_turn(as_list(inputs)[0], self.card)
        return np.concatenate([self._recognizer.codes(views) for views in parts])

    def classify(self, inputs: Input | Sequence[Input]) -> Prediction:
        """Predict the category of drawings.

        Returns:
            For each input all categories with their probabilities, the most likely first.
            Categories with many training drawings are predicted too often.
        """
        parts = views_in_turn(as_list(inputs)[0], self.card)
        probabilities = np.concatenate([self._recognizer.probabilities(views) for views in parts])
        order = np.argsort(-probabilities, axis=1, kind="stable")
        labels = [[self.card.categories[index] for index in row] for row in order.tolist()]
        return Prediction(labels, np.take_along_axis(probabilities, order, axis=1))

    def decode(
        self,
        latents: Shaped[np.ndarray, "..."],
        n: int = 1,
        temperature: float | None = None,
        seed: int | Sequence[int] = 0,
        progress: DrawingProgress | None = None,
    ) -> list[list[Sketch]]:
        """Draw latent codes, (N, Z) float numbers: n drawings of each.

        A decoder that knows categories is given the likeliest of each code, too.

        Raises:
            InputError: If `latents` is not (N, Z) finite numbers.
        """
        codes = checked_latents(latents, self.card.latent_dim)
        n, _ = check_amount(len(codes), n)
        temperature = self._checked_temperature(temperature, progress)
        seeds = checked_seeds(seed, len(codes))
        ids = self._recognizer.categories_of(codes)
        conditions = self._networks.from_codes(codes, ids, n)
        return self._drawn(conditions, n, temperature, seeds, progress)

    @one_or_several
    def redraw(
        self,
        inputs: Sequence[Input],
        n: int = 1,
        temperature: float | None = None,
        seed: int | Sequence[int] = 0,
        progress: DrawingProgress | None = None,
        *,
        fidelity: float | None = None,
        best_of: int = 1,
    ) -> list[list[Sketch]]:
        """Draw one input, or several, again.

        * `fidelity`: from 0, free redrawing from the latent code and the category that it shows,
          to 1: keep to the picture. None: as near as the model can.
        * `best_of`: draw so many for each one wanted, and keep the best: those whose lines are near
          to the input's (of a model that does not see them, or at fidelity 0: whose latent codes
          are) and which, if the bundle holds a classifier, show for certain what it sees in the
          input. The best one comes first; `Sketch.distance_to` measures how near it is.

        Returns:
            A list of n drawings for one input; a list of such lists for several.
        """
        n, best_of = check_amount(len(inputs), n, best_of)
        temperature = self._checked_temperature(temperature, progress)
        seeds = checked_seeds(seed, len(inputs))
        fidelity = checked_fidelity(fidelity)
        self._networks.check_fidelity(fidelity)
        each = n * best_of
        drawings: list[list[Sketch]] = []
        for views, codes, scores in self._encoded(inputs, with_scores=best_of > 1):
            report = offset_progress(progress, len(drawings) * best_of * n, len(inputs) * each)
            own = seeds[len(drawings) : len(drawings) + len(codes)]
            sees_lines = self.attends_to_picture and fidelity != 0
            ids = None if sees_lines else self._recognizer.categories_of(codes)
            conditions = self._networks.from_views(views, codes, each, fidelity, own, ids)
            some = self._drawn(conditions, each, temperature, own, report)
            if best_of > 1 and some:
                order = self._rank(codes, scores, some, views[:, 0] if sees_lines else None)
                some = [
                    [candidates[index] for index in best[:n]]
                    for candidates, best in zip(some, order, strict=True)
                ]
            drawings += some
        return drawings

    def generate(
        self,
        category: str,
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: DrawingProgress | None = None,
        *,
        best_of: int = 1,
    ) -> list[Sketch]:
        """Draw a thing by its name, one of `card.categories` (case does not count), n times.

        * `best_of`: draw so many for each one wanted, and keep the one that `classify` takes for
          it with the highest probability. The best of all comes first.
        """
        n, best_of = check_amount(1, n, best_of)
        temperature = self._checked_temperature(temperature, progress)
        seed = checked_seed(seed)
        number, each = self.category_id(category), n * best_of
        if best_of > 1:
            self._recognizer.check_classifier()
        codes = sample_codes(self._gaussians, number, each, seed, temperature)
        conditions = self._networks.from_codes(codes, [number] * each)
        (drawings,) = self._drawn(conditions, each, temperature, [seed], progress)
        if best_of > 1:
            best = cheapest(surprise(self._recognizer, self.card, drawings, [number] * each), n)
            drawings = [drawings[index] for index in best]
        return [replace(drawing, category=self.card.categories[number]) for drawing in drawings]

    def mix(
        self,
        inputs: Sequence[Input],
        steps: int = 11,
        temperature: float | None = None,
        seed: int = 0,
        progress: DrawingProgress | None = None,
        *,
        spherical: bool = False,
        best_of: int = 1,
    ) -> list[Sketch]:
        """Draw what lies between two inputs or more, passed one after the other.

        * `steps`: drawings from one to the next, both redrawn ones included; 2 or more. The
          paper shows 11 and 51.
        * `spherical`: mix along great circles instead of straight lines, as the paper does.
        * `best_of`: draw so many for each one wanted and keep the best, as `redraw` does; by a
          classifier in the bundle it should show what one of the two drawings beside it shows.

        Returns:
            (K - 1) (steps - 1) + 1 drawings for K inputs, all drawn with the same noise
            (with `best_of` each with one of as many noises).
        """
        several, alone = as_list(inputs)
        steps, best_of = check_mix(1 if alone else len(several), steps, best_of)
        self._checked_temperature(temperature, progress)
        seed = checked_seed(seed)
        parts = [part[1:] for part in self._encoded(several, with_scores=best_of > 1)]
        path = path_through(
            np.concatenate([codes for codes, _ in parts]), steps, spherical=spherical
        )
        drawings = self.decode(path, best_of, temperature, seed, progress)
        if best_of == 1:
            return [drawing for (drawing,) in drawings]
        class_scores = [scores for _, scores in parts if scores is not None]
        mixed = interpolate_scores(np.concatenate(class_scores), steps) if class_scores else None
        best = self._rank(path, mixed, drawings)[:, 0]
        return [some[index] for some, index in zip(drawings, best, strict=True)]

    @one_or_several
    def complete(
        self,
        inputs: Sequence[Input],
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: DrawingProgress | None = None,
        *,
        category: str | None = None,
        best_of: int = 1,
    ) -> list[list[Sketch]]:
        """Complete one started drawing, or several: its strokes stay, the others are drawn.

        A model that sees pictures chooses the size and position of the started drawing in the
        whole one. Others take it to be as large as the whole drawing.

        * `category`: one of `card.categories`; None: it is sampled for each drawing.
        * `best_of`: draw so many for each one wanted, of its category, and keep the best: the one
          that `classify` takes for it with the highest probability and that draws least of what
          was given once more. The best of all comes first.

        Returns:
            A list of n drawings for one input; a list of such lists for several. Each starts
            with the given strokes, in their position.

        Raises:
            DrawingError: If an input is no drawing, or has more points than the model draws.
        """
        n, best_of = check_amount(len(inputs), n, best_of)
        temperature = self._checked_temperature(temperature, progress)
        seed = checked_seed(seed)
        each, gaussians = n * best_of, self._gaussians
        if best_of > 1:
            self._recognizer.check_classifier()
        only = None if category is None else self.category_id(category)
        sketches = as_sketches(inputs)
        starts: list[Start] = []
        for number, (sketch, code) in enumerate(zip(sketches, self.encode(sketches), strict=True)):
            chosen = sample_completions(gaussians, code, n, seed, temperature, only, tries=best_of)
            with numbered(number, len(sketches)):
                starts += starts_of(sketch, code, chosen, gaussians, self._networks, self.card)
        drawn = self._engine.draw(
            [start.condition for start in starts],
            list(range(each)) * len(sketches),
            seeds=[seed] * len(starts),
            temperature=temperature,
            prefixes=[start.prefix.steps for start in starts],
            progress=progress,
        )
        drawings = [
            append_completion(sketches[index // each], start.prefix, steps, self.card.offset_scale)
            for index, (start, steps) in enumerate(zip(starts, drawn, strict=True))
        ]
        if best_of == 1:
            return [drawings[first : first + n] for first in range(0, len(drawings), n)]
        numbers = [start.category_id for start in starts]
        return best_completions(self._recognizer, self.card, sketches, drawings, numbers, n)

    @property
    def _gaussians(self) -> LatentGaussians:
        gaussians = self._bundle.latents
        if gaussians is None:
            raise BundleError(
                "this bundle cannot complete drawings or draw by name",
                do="Export its run again with --data, the data set that it was trained on.",
            )
        return gaussians

    def _encoded(self, inputs: Sequence[Input], *, with_scores: bool) -> Iterator[Encoded]:
        """Read inputs once for all that is computed of them, some at a time."""
        for views in views_in_turn(inputs, self.card):
            codes, scores = self._recognizer.codes(views), None
            if with_scores and self._recognizer.has_classifier:
                scores = self._recognizer.class_log_probs(views)
            yield views, codes, scores

    def _rank(
        self,
        latents: Float32[np.ndarray, "N Z"],
        scores: Float32[np.ndarray, "N K"] | None,
        drawings: Sequence[Sequence[Sketch]],
        pictures: Float32[np.ndarray, "N S S"] | None = None,
    ) -> Int64[np.ndarray, "N candidates"]:
        """Rank as many drawings of each code: indices, that of the best one first."""
        flat = [sketch for candidates in drawings for sketch in candidates]
        return self._recognizer.rank(
            lambda part: views_of(flat[part], self.card),
            latents,
            scores,
            len(drawings[0]),
            pictures,
        )

    @property
    def attends_to_picture(self) -> bool:
        """Whether the decoder sees the picture itself, so that `fidelity` may be above 0."""
        return self._networks.attends_to_picture

    @property
    def can_complete(self) -> bool:
        """Whether the model can complete started drawings."""
        return self._bundle.latents is not None

    @property
    def can_generate(self) -> bool:
        """Whether the model can draw by name."""
        return self._bundle.latents is not None

    @property
    def can_classify(self) -> bool:
        """Whether the model can classify drawings."""
        return self._recognizer.can_classify

    def category_id(self, category: str) -> int:
        """Return the number of one of `card.categories`; case does not count.

        Raises:
            UsageError: If there is none of that name; it says which are the nearest.
        """
        names = self.card.categories
        lower, target = [name.lower() for name in names], str(category).lower()
        if target in lower:
            return names.index(category) if category in names else lower.index(target)
        close = get_close_matches(target, dict.fromkeys(lower), n=3, cutoff=0.5)
        near = [names[lower.index(name)] for name in close]
        all_names = "`card.categories` and `sketch-pix2seq generate --list` name all."
        raise UsageError(
            "`category` must be one that the model knows",
            got=category or "nothing",
            do=f"Did you mean {' or '.join(near)}?" if near else all_names,
        )

    @property
    def gallery(self) -> Gallery | None:
        """Human drawings and their positions on a map, if the bundle holds them."""
        return self._bundle.gallery

    def _drawn(
        self,
        conditions: Sequence[Any],
        n: int,
        temperature: float,
        seeds: Sequence[int],
        progress: DrawingProgress | None,
    ) -> list[list[Sketch]]:
        """Draw n of each; conditions of one drawing stand together, in the order of its noise."""
        drawings = self._engine.draw(
            conditions,
            list(range(n)) * len(seeds),
            seeds=np.repeat(seeds, n).tolist(),
            temperature=temperature,
            progress=progress,
        )
        sketches = [steps_to_sketch(steps, self.card.offset_scale) for steps in drawings]
        return [sketches[first : first + n] for first in range(0, len(sketches), n)]

    def _checked_temperature(
        self, temperature: float | None, progress: DrawingProgress | None
    ) -> float:
        """Check what drawing reports to, and return the temperature that it has."""
        check_progress(progress)
        return checked_temperature(self.card.temperature_or(temperature))
