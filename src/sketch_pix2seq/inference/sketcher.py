"""`Sketcher`: show it a drawing, it draws it again.

The one thing that users of Python, the command line and the studio call. It joins the
encoder, the stroke engine and the raster; how each of them works is theirs to know.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from jaxtyping import Float32, Int64, Shaped

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.bundle.gallery import Gallery
from sketch_pix2seq.bundle.weights import AffineMap
from sketch_pix2seq.errors import BundleError, UsageError
from sketch_pix2seq.inference.arguments import (
    check_amount,
    check_mix,
    check_progress,
    checked_fidelity,
    checked_path,
    checked_seed,
    checked_temperature,
    checked_threads,
)
from sketch_pix2seq.inference.drawings import append_completion, steps_to_sketch
from sketch_pix2seq.inference.engine import Progress, StrokeEngine
from sketch_pix2seq.inference.inputs import (
    Input,
    as_list,
    as_sketches,
    checked_latents,
    views_in_turn,
)
from sketch_pix2seq.inference.mixing import interpolate_scores, path_through
from sketch_pix2seq.inference.networks import networks_of
from sketch_pix2seq.inference.recognizer import Recognizer, Views
from sketch_pix2seq.inference.views import (
    SHARES,
    Frame,
    Prefix,
    frames_of,
    prefix_of,
    views_of,
)
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.sketch.sketch import Sketch

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


class Encoded(NamedTuple):
    """What is computed of inputs that were read once.

    Args:
        views: (N, ...), what the encoder reads.
        latents: (N, Z), their codes.
        scores: (N, K), how much less likely than the likeliest each of `card.categories` is, in
            nats: 0 or less. None if no classifier was asked, or there is none.
    """

    views: Float32[np.ndarray, "N ..."]
    latents: Float32[np.ndarray, "N Z"]
    scores: Float32[np.ndarray, "N K"] | None


class Sketcher:
    """A trained model that draws.

    Make one with `Sketcher.load`. Calls may be made from several threads.

    *Convention*: drawings come back as QuickDraw's do: upper left corner (0, 0), longest side
    about 255, y down. Drawing k of an input depends on the bundle, the input, the
    temperature, the seed and k, and on nothing else: not on the other inputs, nor on threads.

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

        Returns:
            What draws with it.

        Raises:
            BundleError: If there is no such bundle, or it is not whole.
            UsageError: If an argument does not fit.
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
    def card(self) -> BundleCard:
        """What the model is, and what it was trained on."""
        return self._bundle.card

    def encode(self, inputs: Input | Sequence[Input]) -> Float32[np.ndarray, "N Z"]:
        """Encode drawings.

        Args:
            inputs: One input or several: paths, `Sketch`es, Pillow pictures, or picture
                arrays (48, 48), 1 = ink.

        Returns:
            (N, Z) float32, the latent code of each; N = 1 for one input.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If codes are not finite.
        """
        return self._in_turn(as_list(inputs)[0], self._recognizer.codes)

    def classify(self, inputs: Input | Sequence[Input]) -> Prediction:
        """Predict the category of drawings.

        Args:
            inputs: As for `encode`.

        Returns:
            For each drawing all categories with their probabilities, the most likely first.
            Categories with many training drawings are predicted too often.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If the bundle cannot classify drawings, or computes numbers that are not
                finite.
        """
        found = self._in_turn(as_list(inputs)[0], self._recognizer.probabilities)
        order = np.argsort(-found, axis=1, kind="stable")
        labels = [[self.card.categories[index] for index in row] for row in order.tolist()]
        return Prediction(labels, np.take_along_axis(found, order, axis=1))

    def decode(
        self,
        latents: Shaped[np.ndarray, "..."],
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[list[Sketch]]:
        """Draw latent codes.

        Args:
            latents: (N, Z) float numbers.
            n: How many drawings of each; 1,000,000 in all at most.
            temperature: How freely to draw, >= 0; None: what suits the model.
            seed: Another seed, other drawings.
            progress: Called with how many drawings are done, and how many there are.

        Returns:
            For each code a list of n drawings.

        Raises:
            InputError: If `latents` is not (N, Z) finite numbers.
            UsageError: If another argument does not fit.
            BundleError: If it draws numbers that are not finite.
        """
        codes = checked_latents(latents, self.card.latent_dim)
        n, _ = check_amount(len(codes), n)
        temperature, seed = self._checked_settings(temperature, seed, progress)
        conditions = [one for one in self._networks.from_codes(codes) for _ in range(n)]
        return self._drawn(conditions, n, temperature, seed, progress)

    @overload  # a str is also a sequence of str, but then this first form counts
    def redraw(  # type: ignore[overload-overlap]
        self,
        inputs: Input,
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        fidelity: float | None = None,
        best_of: int = 1,
    ) -> list[Sketch]: ...

    @overload
    def redraw(
        self,
        inputs: Sequence[Input],
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        fidelity: float | None = None,
        best_of: int = 1,
    ) -> list[list[Sketch]]: ...

    def redraw(
        self,
        inputs: Input | Sequence[Input],
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        fidelity: float | None = None,
        best_of: int = 1,
    ) -> list[Sketch] | list[list[Sketch]]:
        """Draw drawings again.

        Args:
            inputs: One input or several: paths, `Sketch`es, Pillow pictures, or picture
                arrays (48, 48), 1 = ink.
            n: How many drawings of each input; with `best_of` 1,000,000 in all at most.
            temperature: How freely to draw, >= 0; None: what suits the model.
            seed: Another seed, other drawings.
            progress: Called with how many drawings are done, and how many there are.
            fidelity: From 0, the model's own way of drawing what it sees, to 1: keep to the
                picture. None: as near as the model can.
            best_of: Draw so many for each one wanted, and keep the best: those whose own latent
                codes are near to the input's and which, if the bundle holds a classifier, show for
                certain what it sees in the input. The best one comes first.

        Returns:
            A list of n drawings for one input; a list of such lists for several.

        Raises:
            DrawingError: If an input is no drawing.
            UsageError: If another argument does not fit.
            BundleError: If the model computes numbers that are not finite.
        """
        several, alone = as_list(inputs)
        n, best_of = check_amount(len(several), n, best_of)
        temperature, seed = self._checked_settings(temperature, seed, progress)
        fidelity = checked_fidelity(fidelity)
        drawings: list[list[Sketch]] = []
        for views in views_in_turn(several, self.card):
            report = _from(progress, len(drawings) * best_of * n, len(several) * best_of * n)
            codes = self._recognizer.codes(views.__getitem__, len(views))
            conditions = self._networks.from_views(views, codes, n * best_of, fidelity, seed)
            some = self._drawn(conditions, n * best_of, temperature, seed, report)
            if best_of > 1 and some:
                scores = None
                if self._recognizer.has_classifier:
                    scores = self._recognizer.class_log_probs(views.__getitem__, len(views))
                order = self.rank(codes, scores, some)
                some = [
                    [candidates[index] for index in best[:n]]
                    for candidates, best in zip(some, order, strict=True)
                ]
            drawings += some
        return drawings[0] if alone else drawings

    def generate(
        self,
        category: str,
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[Sketch]:
        """Draw a thing by its name.

        Args:
            category: One of `card.categories`.
            n: How many drawings.
            temperature: How freely to draw, >= 0; None: what suits the model.
            seed: Another seed, other drawings.
            progress: Called with how many drawings are done, and how many there are.

        Returns:
            n drawings of that category.

        Raises:
            UsageError: If the model knows no such category, or another argument does not fit.
            BundleError: If the model cannot draw by name, or computes numbers that are not finite.
        """
        n, _ = check_amount(1, n)
        temperature, seed = self._checked_settings(temperature, seed, progress)
        condition = self._networks.from_category(self.category_id(category))
        (drawings,) = self._drawn([condition] * n, n, temperature, seed, progress)
        return [replace(drawing, category=category) for drawing in drawings]

    def mix(
        self,
        inputs: Sequence[Input],
        steps: int = 11,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        spherical: bool = False,
        best_of: int = 1,
    ) -> list[Sketch]:
        """Draw what lies between drawings.

        Args:
            inputs: Two or more, passed one after the other: paths, `Sketch`es, Pillow pictures,
                or picture arrays (48, 48), 1 = ink.
            steps: Drawings from one to the next, both redrawn ones included; 2 or more. The
                paper shows 11 and 51.
            temperature: How freely to draw, >= 0; None: what suits the model.
            seed: Another seed, other drawings.
            progress: Called with how many drawings are done, and how many there are.
            spherical: Mix along great circles instead of straight lines, as the paper does.
            best_of: Draw so many for each one wanted and keep the best, as `redraw` does; by a
                classifier in the bundle it should show what one of the two drawings beside it
                shows.

        Returns:
            (K - 1) (steps - 1) + 1 drawings for K inputs, all drawn with the same noise
            (with `best_of` each with one of as many noises).

        Raises:
            DrawingError: If an input is no drawing.
            UsageError: If another argument does not fit.
            BundleError: If the model computes numbers that are not finite.
        """
        several, alone = as_list(inputs)
        steps, best_of = check_mix(1 if alone else len(several), steps, best_of)
        self._checked_settings(temperature, seed, progress)
        _, codes, scores = self.encode_once(several, with_scores=best_of > 1)
        path = path_through(codes, steps, spherical=spherical)
        drawings = self.decode(path, best_of, temperature, seed, progress)
        if best_of > 1:
            if scores is not None:
                scores = interpolate_scores(scores, steps)
            best = self.rank(path, scores, drawings)[:, 0]
            return [some[index] for some, index in zip(drawings, best, strict=True)]
        return [one for (one,) in drawings]

    @overload
    def complete(  # type: ignore[overload-overlap]
        self,
        inputs: Input,
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        category: str | None = None,
    ) -> list[Sketch]: ...

    @overload
    def complete(
        self,
        inputs: Sequence[Input],
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        category: str | None = None,
    ) -> list[list[Sketch]]: ...

    def complete(
        self,
        inputs: Input | Sequence[Input],
        n: int = 1,
        temperature: float | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        *,
        category: str | None = None,
    ) -> list[Sketch] | list[list[Sketch]]:
        """Finish started drawings: what is given stays, the rest is drawn.

        A model that draws by name looks for the place in a whole drawing where what is given fits
        best. Others take it to be as large already as the drawing will be in the end.

        Args:
            inputs: One input or several: paths, `Sketch`es or Pillow pictures.
            n: How many drawings of each input.
            temperature: How freely to draw, >= 0; None: what suits the model.
            seed: Another seed, other drawings.
            progress: Called with how many drawings are done, and how many there are.
            category: What they are to become, one of `card.categories`; None: what they look like.

        Returns:
            A list of n drawings for one input; a list of such lists for several. Each begins
            with the given strokes and lies where they lie.

        Raises:
            DrawingError: If an input is no drawing, or has more points than the model draws.
            UsageError: If another argument does not fit.
            BundleError: If the model cannot complete drawings, or computes numbers that are not
                finite.
        """
        several, alone = as_list(inputs)
        n, _ = check_amount(len(several), n)
        temperature, seed = self._checked_settings(temperature, seed, progress)
        sketches = as_sketches(several)
        conditions, prefixes = self.prepare_completion(sketches, category)
        drawn = self._engine.draw(
            [one for one in conditions for _ in range(n)],
            list(range(n)) * len(prefixes),
            seed=seed,
            temperature=temperature,
            prefixes=[one.steps for one in prefixes for _ in range(n)],
            progress=progress,
        )
        drawings = [
            append_completion(
                sketches[place // n], prefixes[place // n], steps, self.card.offset_scale
            )
            for place, steps in enumerate(drawn)
        ]
        by_input = [drawings[first : first + n] for first in range(0, len(drawings), n)]
        return by_input[0] if alone else by_input

    def prepare_completion(
        self, sketches: Sequence[Sketch], category: str | None = None
    ) -> tuple[Sequence[Any], list[Prefix]]:
        """Prepare started drawings for being completed.

        Args:
            sketches: N started drawings, each with a stroke.
            category: As of `complete`.

        Returns:
            N conditions for the decoder, and N prefixes.

        Raises:
            DrawingError: If one has more points than the model draws.
            UsageError: If the model knows no such category.
            BundleError: If the model cannot complete drawings, or computes numbers that are not
                finite.
        """
        if self._networks.sees_pictures:
            category_id = None if category is None else self.category_id(category)
            condition = self._networks.from_category(category_id)
            framed = [
                prefix_of(sketch, self.card, self._likeliest_frame(sketch, condition))
                for sketch in sketches
            ]
            return [condition] * len(framed), framed
        prefixes = [prefix_of(sketch, self.card) for sketch in sketches]
        if category is not None:
            self._networks.from_category(self.category_id(category))  # says that it cannot
        codes = self._completion(self.encode(sketches))
        return self._networks.from_codes(codes), prefixes

    def _likeliest_frame(self, sketch: Sketch, condition: Any) -> Frame:
        """How much of a whole drawing a started one is: as the decoder would best draw it."""
        frames = frames_of(sketch)
        detail = SHARES[len(SHARES) // 2]  # the same points in all frames, or they do not compare
        prefixes = [prefix_of(sketch, self.card, frame, detail).steps for frame in frames]
        log_probs = self._networks.log_probs(condition, prefixes)
        # densities of offsets in pixels of the sketch, whatever the frame
        scales = np.log([frame.share for frame in frames])
        return frames[int((log_probs + 2 * len(prefixes[0]) * scales).argmax())]

    def encode_once(self, inputs: Sequence[Input], *, with_scores: bool = False) -> Encoded:
        """Read inputs once for all that is computed of them.

        Args:
            inputs: Several, each as for `encode`.
            with_scores: Whether to compute class scores as well.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If codes or class scores are not finite.
        """
        parts: list[Encoded] = []
        for views in views_in_turn(inputs, self.card):
            codes = self._recognizer.codes(views.__getitem__, len(views))
            scores = None
            if with_scores and self._recognizer.has_classifier:
                scores = self._recognizer.class_log_probs(views.__getitem__, len(views))
            parts.append(Encoded(views, codes, scores))
        if len(parts) == 1:
            return parts[0]
        views, codes = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        some = [part.scores for part in parts if part.scores is not None]
        return Encoded(views, codes, np.concatenate(some) if some else None)

    def rank(
        self,
        latents: Float32[np.ndarray, "N Z"],
        scores: Float32[np.ndarray, "N K"] | None,
        drawings: Sequence[Sequence[Sketch]],
    ) -> Int64[np.ndarray, "N candidates"]:
        """Rank several drawings of each code, as `best_of` does.

        Args:
            latents: The codes.
            scores: Their class scores, as `Encoded.scores`; None: only codes count.
            drawings: As many of each code.

        Returns:
            For each code the indices of its drawings, that of the best one first.

        Raises:
            UsageError: If there are not as many of each.
            BundleError: If the model computes numbers that are not finite.
        """
        counts = {len(candidates) for candidates in drawings}
        if len(drawings) != len(latents) or len(counts) != 1:
            raise UsageError("`drawings` must hold as many of each of the codes, one or more")
        flat = [sketch for candidates in drawings for sketch in candidates]

        def views(part: slice) -> Float32[np.ndarray, "M ..."]:
            return views_of(flat[part], self.card)

        return self._recognizer.rank(views, latents, scores, *counts)

    @property
    def can_complete(self) -> bool:
        """Whether the model can complete started drawings."""
        return self._networks.sees_pictures or self._bundle.completion is not None

    @property
    def can_classify(self) -> bool:
        """Whether the model can classify drawings."""
        return self._recognizer.can_classify

    def category_id(self, category: str) -> int:
        """Return the number of a category.

        Args:
            category: One of `card.categories`.

        Raises:
            UsageError: If the model knows no such category; it names the nearest ones.
        """
        if category in self.card.categories:
            return self.card.categories.index(category)
        near = get_close_matches(str(category), self.card.categories, n=3, cutoff=0.5)
        raise UsageError(
            "`category` must be one that the model knows",
            got=category,
            do=f"Did you mean {' or '.join(near)}?" if near else "`card.categories` lists them.",
        )

    @property
    def gallery(self) -> Gallery | None:
        """Human drawings and their places on a map, if the bundle holds them."""
        return self._bundle.gallery_items

    @property
    def _completion(self) -> AffineMap:
        completion = self._bundle.completion_map
        if completion is None:
            raise BundleError(
                "this bundle cannot complete drawings",
                do="Export its run again with --data, the data set that it was trained on.",
            )
        return completion

    def _drawn(
        self,
        conditions: Sequence[Any],
        n: int,
        temperature: float,
        seed: int,
        progress: Progress | None,
    ) -> list[list[Sketch]]:
        """Draw n of each; conditions of one drawing stand together, in the order of its noise."""
        drawings = self._engine.draw(
            conditions,
            list(range(n)) * (len(conditions) // n),
            seed=seed,
            temperature=temperature,
            progress=progress,
        )
        sketches = [steps_to_sketch(steps, self.card.offset_scale) for steps in drawings]
        return [sketches[first : first + n] for first in range(0, len(sketches), n)]

    def _in_turn(
        self, inputs: Sequence[Input], compute: Callable[[Views, int], np.ndarray]
    ) -> np.ndarray:
        """Compute something of inputs; only some have their pictures in memory at a time."""
        parts = views_in_turn(inputs, self.card)
        return np.concatenate([compute(views.__getitem__, len(views)) for views in parts])

    def _checked_settings(
        self, temperature: float | None, seed: int, progress: Progress | None
    ) -> tuple[float, int]:
        """Check what decides how something is drawn; return the temperature and the seed."""
        check_progress(progress)
        if temperature is None:
            temperature = self.card.temperature
        return checked_temperature(temperature), checked_seed(seed)


def _from(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Report the progress of a part as that of the whole."""
    if progress is None:
        return None
    report = progress
    return lambda done, _: report(before + done, total)
