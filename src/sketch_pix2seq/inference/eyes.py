"""What a model sees in drawings: their codes, and what they show.

Drawings are named by two witnesses: the judge, if the bundle holds one, which looks at the picture,
and the discriminant analysis of codes, which has learned rare categories sooner. Which of
several redrawings is the best is decided here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import ENCODER_FILE, PICTURE, Bundle, BundleCard
from sketch_pix2seq.inference.judge import Judge, JudgeCard
from sketch_pix2seq.inference.naming import Naming
from sketch_pix2seq.inference.session import Session, encoder_session, not_usable

LOOKED_AT_ONCE = 32
"""Drawings in one call of a network: what it makes of them stays in the cache."""
SAID_BY_CODE = 0.05
"""What the codes' log odds count beside the judge's; chosen on validation drawings."""

DOUBT = 1.5
"""The judge learned from people's drawings and is too sure of others: of redrawings its logits are
divided by this. Chosen on validation drawings."""
NATS_OF_DISTANCE = 0.5
"""What the usual distance between the codes of a drawing and a redrawing counts beside the judge's
surprise; chosen on validation drawings."""

Look: TypeAlias = Callable[[Float32[np.ndarray, "M ..."]], Float32[np.ndarray, "M K"]]
Views: TypeAlias = Callable[[slice], Float32[np.ndarray, "M ..."]]
"""What the encoder looks at, of some of the drawings at a time (see `views_of`)."""


class Eyes:
    """The encoder of a bundle, and what names drawings, if it holds such.

    Args:
        bundle: The model.
        num_threads: Threads to look with.
    """

    def __init__(self, bundle: Bundle, num_threads: int) -> None:
        self._bundle = bundle
        self._num_threads = num_threads

    @property
    def can_name(self) -> bool:
        """Whether drawings can be named."""
        return self._naming is not None or self._judge is not None

    @property
    def has_judge(self) -> bool:
        """Whether a judge can say which redrawing is the best."""
        return self._bundle.judge is not None

    def codes(self, views: Views, count: int) -> Float32[np.ndarray, "N Z"]:
        """Encode drawings; each one's code is the same whatever stands beside it.

        Args:
            views: What the encoder looks at.
            count: N.

        Raises:
            BundleError: If the encoder cannot be run.
        """
        _ = self._encoder  # before several threads want it
        found = self._in_parts(lambda some: self._code(views(some)), count)
        return np.concatenate([np.zeros((0, self._bundle.card.latent_dim), np.float32), *found])

    def odds(self, views: Views, count: int) -> Float32[np.ndarray, "N K"]:
        """Say how likely each category is; rows sum to 1.

        Args: as of `codes`.

        Raises:
            BundleError: If nothing in the bundle names drawings, or it cannot be run.
        """
        say = self._namer()
        found = self._in_parts(lambda some: say(views(some)), count)
        none = np.zeros((0, len(self._bundle.card.categories)), np.float32)
        return np.concatenate([none, *found])

    def seen(self, views: Views, count: int) -> Float32[np.ndarray, "N K"]:
        """Say what the judge takes drawings for, and what else they may be.

        Args: as of `codes`.

        Returns:
            How much less likely than the likeliest each category is, in nats: 0 or less.

        Raises:
            BundleError: If there is no judge, or it cannot be run.
        """
        judge = self._judge
        if judge is None:
            raise BundleError("this bundle holds no judge", do="Export its run with --judge.")

        def look(some: slice) -> Float32[np.ndarray, "M K"]:
            odds = _recognised(judge, views(some))
            less: Float32[np.ndarray, "M K"] = odds - odds.max(axis=1, keepdims=True)
            return less

        none = np.zeros((0, len(judge.card.categories)), np.float32)
        return np.concatenate([none, *self._in_parts(look, count)])

    def best(
        self,
        views: Views,
        codes: Float32[np.ndarray, "N Z"],
        seen: Float32[np.ndarray, "N K"] | None,
        tries: int,
    ) -> Int64[np.ndarray, "N tries"]:
        """Order redrawings: those that are most like their inputs first.

        That is how near its code is to the input's, as a share of what is usual among its
        rivals, and where there is a judge, how sure that one is (in nats, with some doubt) that
        it shows what the input shows. What the input may show as well counts by as much less as
        it is less likely.

        Args:
            views: Of the redrawings, all those of an input together.
            codes: Of the inputs.
            seen: What the inputs show, as `seen` tells it; None: there is no judge, and codes
                alone count.
            tries: Redrawings of each.
        """
        _, judge = self._encoder, self._judge  # before several threads want them

        def look(some: slice) -> Float32[np.ndarray, "M 2"]:
            """How far each is from its input, and how unsure the judge is."""
            pictures = views(some)
            own = np.arange(some.start, some.stop) // tries
            far = np.linalg.norm(self._code(pictures) - codes[own], axis=1)
            unsure = np.zeros_like(far)
            if seen is not None and judge is not None:
                odds = _log_odds(judge.look_at(pictures).logits / DOUBT)
                unsure = -(seen[own] + odds).max(axis=1)
            return np.stack((far, unsure), axis=1)

        parts = self._in_parts(look, len(codes) * tries)
        far, unsure = np.concatenate(parts).T.reshape(2, len(codes), tries)
        usual = np.maximum(far.mean(axis=1, keepdims=True), 1e-12)
        badness = NATS_OF_DISTANCE * far / usual + unsure
        order: Int64[np.ndarray, "N tries"] = np.argsort(badness, axis=1, kind="stable")
        return order

    @cached_property
    def _judge(self) -> Judge | None:
        if self._bundle.judge is None:
            return None
        files = self._bundle.judge
        check_fit(JudgeCard.from_json(files.card), self._bundle.card)
        return Judge(files, num_threads=1)  # the threads are ours

    @cached_property
    def _naming(self) -> Naming | None:
        if self._bundle.naming is None:
            return None
        card = self._bundle.card
        return Naming.from_bytes(self._bundle.naming, len(card.categories), card.latent_dim)

    @cached_property
    def _encoder(self) -> Session:
        return encoder_session(self._bundle)

    def _code(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M Z"]:
        (entry,) = self._encoder.get_inputs()
        try:
            (mean,) = self._encoder.run(["mean"], {entry.name: views})
        except Exception as error:  # its errors have no common ancestor but this one
            raise not_usable(ENCODER_FILE, error) from error
        if not np.isfinite(mean).all():
            raise BundleError(f"`{ENCODER_FILE}` of the bundle gives codes that are not finite")
        return np.asarray(mean)

    def _namer(self) -> Look:
        """What names drawings, loaded before several threads use it."""
        if not self.can_name:
            raise BundleError(
                "this bundle cannot name drawings",
                do="Export its run again with --data, the data set that it was trained on.",
            )
        judge, naming = self._judge, self._naming

        def say(views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M K"]:
            total = np.zeros((len(views), len(self._bundle.card.categories)), np.float32)
            if naming is not None:
                said = _log_odds(naming.logits(self._code(views)))
                total += said if judge is None else SAID_BY_CODE * said
            if judge is not None:
                total += _recognised(judge, views)
            odds: Float32[np.ndarray, "M K"] = np.exp(_log_odds(total))
            return odds

        return say

    def _in_parts(self, look: Callable[[slice], np.ndarray], count: int) -> list[np.ndarray]:
        """Look at some drawings at a time, in several threads if there are many."""
        parts = [
            slice(first, min(first + LOOKED_AT_ONCE, count))
            for first in range(0, count, LOOKED_AT_ONCE)
        ]
        workers = min(self._num_threads, len(parts))
        if workers < 2:
            return [look(part) for part in parts]
        with ThreadPoolExecutor(workers, "eyes") as pool:
            return list(pool.map(look, parts))


def check_fit(judge: JudgeCard, card: BundleCard) -> None:
    """Refuse a judge that cannot sit in a bundle.

    Args:
        judge: Its card.
        card: The bundle's.

    Raises:
        BundleError: Saying what does not fit.
    """
    wrong = ""
    if card.encoder_input != PICTURE:
        wrong = "the model reads strokes"
    elif judge.categories != card.categories:
        wrong = f"its categories begin with {', '.join(judge.categories[:3])}"
    elif judge.raster != card.raster:
        wrong = "its pictures are drawn in another way"
    if wrong:
        raise BundleError(
            "a bundle's judge must know its categories, in their order, and see its pictures",
            got=wrong,
            do="Export the run again, with a judge of the same data set and the same `raster`.",
        )


def _recognised(
    judge: Judge, pictures: Float32[np.ndarray, "M 1 H W"]
) -> Float32[np.ndarray, "M K"]:
    """Log odds of what a judge sees in pictures, and in their mirror images if it knows such."""
    if not judge.card.knows_mirror_images:
        return _log_odds(judge.look_at(pictures).logits)
    mirrored = np.ascontiguousarray(pictures[..., ::-1])
    both = [_log_odds(judge.look_at(some).logits) for some in (pictures, mirrored)]
    odds: Float32[np.ndarray, "M K"] = _log_odds((both[0] + both[1]) / 2)
    return odds


def _log_odds(logits: Float32[np.ndarray, "N K"]) -> Float32[np.ndarray, "N K"]:
    above = logits - logits.max(axis=1, keepdims=True)
    odds: Float32[np.ndarray, "N K"] = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
    return odds
