"""What a model computes of drawings: their codes, and their categories.

Two classifiers say what a drawing shows: one of pictures, if the bundle holds one, and the
discriminant analysis of codes, which learned rare categories sooner. Which of several redrawings
is the best is decided here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.bundle import NAMING_FILE, WEIGHTS_FILE, Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.bundle.classifier import ClassifierCard
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.classifier import Classifier
from sketch_pix2seq.inference.networks import Networks

LOOKED_AT_ONCE = 32
"""Drawings in one call of a network; threads share the calls."""
MAX_CODE = 1e6
"""Largest number in a latent code: no encoder that learned comes near it."""
MAX_LOGIT = 1e31
"""Largest logit of a code: that of a category without drawings is -1e30."""
SAID_BY_CODE = 0.05
"""What the codes' log odds count beside the classifier's; chosen on validation drawings."""

DOUBT = 1.5
"""The classifier learned from people's drawings and is too sure of others: of redrawings its logits
are divided by this. Chosen on validation drawings."""
NATS_OF_DISTANCE = 0.5
"""What the usual distance between the codes of a drawing and a redrawing counts beside the
classifier's surprise; chosen on validation drawings."""

Look: TypeAlias = Callable[[Float32[np.ndarray, "M ..."]], Float32[np.ndarray, "M K"]]
Views: TypeAlias = Callable[[slice], Float32[np.ndarray, "M ..."]]
"""What the encoder looks at, of some of the drawings at a time (see `views_of`)."""


class Eyes:
    """The encoder of a bundle, and its classifiers, if it holds any.

    Args:
        bundle: The model.
        networks: Its networks.
        num_threads: Threads to look with.
    """

    def __init__(self, bundle: Bundle, networks: Networks, num_threads: int) -> None:
        self._bundle = bundle
        self._networks = networks
        self._num_threads = num_threads

    @property
    def can_name(self) -> bool:
        """Whether drawings can be named."""
        return self._bundle.code_classifier is not None or self._classifier is not None

    @property
    def has_classifier(self) -> bool:
        """Whether a classifier of pictures helps to say which redrawing is the best."""
        return self._bundle.classifier is not None

    def codes(self, views: Views, count: int) -> Float32[np.ndarray, "N Z"]:
        """Encode drawings; each one's code is the same whatever stands beside it.

        Args:
            views: What the encoder looks at.
            count: N.

        Raises:
            BundleError: If codes are not finite.
        """
        found = self._in_parts(lambda some: self._code(views(some)), count)
        return np.concatenate([np.zeros((0, self._bundle.card.latent_dim), np.float32), *found])

    def odds(self, views: Views, count: int) -> Float32[np.ndarray, "N K"]:
        """Say how likely each category is; rows sum to 1.

        Args: as of `codes`.

        Raises:
            BundleError: If there is no classifier, or its class scores are not finite.
        """
        say = self._namer()
        found = self._in_parts(lambda some: say(views(some)), count)
        none = np.zeros((0, len(self._bundle.card.categories)), np.float32)
        return np.concatenate([none, *found])

    def seen(self, views: Views, count: int) -> Float32[np.ndarray, "N K"]:
        """Say what the classifier takes drawings for, and what else they may be.

        Args: as of `codes`.

        Returns:
            How much less likely than the likeliest each category is, in nats: 0 or less.

        Raises:
            BundleError: If there is no classifier, or its class scores are not finite.
        """
        classifier = self._classifier
        if classifier is None:
            raise BundleError("this bundle holds no classifier", do="Export its run with --judge.")

        def look(some: slice) -> Float32[np.ndarray, "M K"]:
            odds = _recognised(classifier, views(some))
            less: Float32[np.ndarray, "M K"] = odds - odds.max(axis=1, keepdims=True)
            return less

        none = np.zeros((0, len(classifier.card.categories)), np.float32)
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
        rivals, and where there is a classifier, how sure that one is (in nats, with some doubt)
        that it shows what the input shows. What the input may show as well counts by as much less
        as it is less likely.

        Args:
            views: Of the redrawings, all those of an input together.
            codes: Of the inputs.
            seen: What the inputs show, as `seen` returns it; None: there is no classifier, and
                codes alone count.
            tries: Redrawings of each.
        """
        classifier = self._classifier

        def look(some: slice) -> Float32[np.ndarray, "M 2"]:
            """How far each is from its input, and how unsure the classifier is."""
            pictures = views(some)
            own = np.arange(some.start, some.stop) // tries
            far = np.linalg.norm(self._code(pictures) - codes[own], axis=1)
            unsure = np.zeros_like(far)
            if seen is not None and classifier is not None:
                odds = _log_odds(classifier.scores_of(pictures).logits / DOUBT)
                unsure = -(seen[own] + odds).max(axis=1)
            return np.stack((far, unsure), axis=1)

        parts = self._in_parts(look, len(codes) * tries)
        far, unsure = np.concatenate(parts).T.reshape(2, len(codes), tries)
        usual = np.maximum(far.mean(axis=1, keepdims=True), 1e-12)
        badness = NATS_OF_DISTANCE * far / usual + unsure
        order: Int64[np.ndarray, "N tries"] = np.argsort(badness, axis=1, kind="stable")
        return order

    @cached_property
    def _classifier(self) -> Classifier | None:
        if self._bundle.classifier is None:
            return None
        check_fit(self._bundle.classifier.card, self._bundle.card)
        return Classifier(self._bundle.classifier, num_threads=1)  # the threads are made here

    def _code(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M Z"]:
        with np.errstate(all="ignore"):  # what comes out is checked
            codes = self._networks.codes(views)
            if not (np.abs(codes) <= MAX_CODE).all():
                raise BundleError(
                    f"`{WEIGHTS_FILE}` of the bundle gives codes that are not finite, or too large"
                )
        return codes

    def _namer(self) -> Look:
        """What classifies drawings, loaded before several threads use it."""
        if not self.can_name:
            raise BundleError(
                "this bundle cannot name drawings",
                do="Export its run again with --data, the data set that it was trained on.",
            )
        classifier, by_code = self._classifier, self._bundle.code_classifier

        def say(views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M K"]:
            total = np.zeros((len(views), len(self._bundle.card.categories)), np.float32)
            if by_code is not None:
                logits = by_code.logits(self._code(views))
                if not (np.abs(logits) <= MAX_LOGIT).all():
                    file = WEIGHTS_FILE if self._bundle.naming is None else NAMING_FILE
                    raise BundleError(
                        f"`{file}` of the bundle gives class scores that are not finite, "
                        "or too large"
                    )
                said = _log_odds(logits)
                total += said if classifier is None else SAID_BY_CODE * said
            if classifier is not None:
                total += _recognised(classifier, views)
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


def check_fit(classifier: ClassifierCard, card: BundleCard) -> None:
    """Refuse a classifier that does not fit a bundle.

    Args:
        classifier: Its card.
        card: The bundle's.

    Raises:
        BundleError: Saying what does not fit.
    """
    wrong = ""
    if card.encoder_input != PICTURE:
        wrong = "the model reads strokes"
    elif classifier.categories != card.categories:
        wrong = f"its categories begin with {', '.join(classifier.categories[:3])}"
    elif classifier.raster != card.raster:
        wrong = "its pictures are drawn in another way"
    if wrong:
        raise BundleError(
            "a bundle's classifier must know its categories, in their order, and see its pictures",
            got=wrong,
            do="Export the run again, with a classifier of the same data set and `raster`.",
        )


def _recognised(
    classifier: Classifier, pictures: Float32[np.ndarray, "M 1 H W"]
) -> Float32[np.ndarray, "M K"]:
    """Log odds of pictures, and of their mirror images if the classifier knows such."""
    if not classifier.card.knows_mirror_images:
        return _log_odds(classifier.scores_of(pictures).logits)
    mirrored = np.ascontiguousarray(pictures[..., ::-1])
    both = [_log_odds(classifier.scores_of(some).logits) for some in (pictures, mirrored)]
    odds: Float32[np.ndarray, "M K"] = _log_odds((both[0] + both[1]) / 2)
    return odds


def _log_odds(logits: Float32[np.ndarray, "N K"]) -> Float32[np.ndarray, "N K"]:
    above = logits - logits.max(axis=1, keepdims=True)
    odds: Float32[np.ndarray, "N K"] = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
    return odds
