"""Recognition of drawings: their latent codes and their categories.

Two classifiers predict the category of a drawing: one reads its picture, if the bundle holds one,
the other is a discriminant analysis of latent codes, which is better at rare categories. Candidate
redrawings of an input are ranked here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.bundle import WEIGHTS_FILE, Bundle
from sketch_pix2seq.bundle.card import BundleCard, ClassifierCard
from sketch_pix2seq.bundle.latents import LATENTS_FILE
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.arguments import MAX_CODE
from sketch_pix2seq.inference.classifier import Classifier, in_parts
from sketch_pix2seq.inference.networks import Networks
from sketch_pix2seq.sketch.distance import line_distances

VIEWS_AT_ONCE = 32
"""Drawings in one call of a network; threads share the calls."""
MAX_LOGIT = 1e31
"""Largest logit of a code: that of a category without drawings is -1e30."""
CODE_CLASSIFIER_WEIGHT = 0.2
"""Weight of the codes' log probabilities, the picture classifier's being 1; chosen on validation
drawings."""
REDRAWING_SOFTENING = 1.5
"""The classifier learned from people's drawings and is overconfident on redrawings: their logits
are divided by this. Chosen on validation drawings."""
CODE_DISTANCE_WEIGHT = 0.5
"""Nats that the mean distance between the codes of a drawing and its redrawings costs, beside the
classifier's negative log probability; chosen on validation drawings."""
LINE_DISTANCE_WEIGHT = 4.0
"""The same of the mean distance between their lines; chosen on validation drawings."""

Views: TypeAlias = Callable[[slice], Float32[np.ndarray, "M ..."]]
"""The encoder's input for a slice of the drawings (see `views_of`)."""


class Recognizer:
    """The encoder of a bundle, and its classifiers, if it holds any."""

    def __init__(self, bundle: Bundle, networks: Networks, num_threads: int) -> None:
        self._bundle = bundle
        self._networks = networks
        self._num_threads = num_threads

    @property
    def can_classify(self) -> bool:
        """Whether the bundle holds a classifier, of codes or of pictures."""
        return self._bundle.latents is not None or self._classifier is not None

    @property
    def has_classifier(self) -> bool:
        """Whether a picture classifier helps to rank redrawings."""
        return self._bundle.classifier is not None

    def check_classifier(self) -> None:
        """Load the picture classifier, if there is one; a `BundleError` says if it does not fit."""
        _ = self._classifier

    def codes(self, views: Float32[np.ndarray, "N ..."]) -> Float32[np.ndarray, "N Z"]:
        """Encode drawings; the code of each is independent of the others."""
        width = self._bundle.card.latent_dim
        return self._rows(lambda part: self._code(views[part]), len(views), width)

    def categories_of(self, codes: Float32[np.ndarray, "N Z"]) -> list[int] | None:
        """Return the likeliest category of each code; None if nothing knows or needs it."""
        if self._bundle.latents is None or not self._networks.attends:
            return None
        likeliest: list[int] = checked_logits(self._bundle.latents.logits(codes)).argmax(1).tolist()
        return likeliest

    def probabilities(self, views: Float32[np.ndarray, "N ..."]) -> Float32[np.ndarray, "N K"]:
        """Return the probability of each category; rows sum to 1."""
        if not self.can_classify:
            raise BundleError(
                "this bundle cannot classify drawings",
                do="Export its run again with --data, the data set that it was trained on.",
            )
        self.check_classifier()  # it is loaded before several threads use it
        width = len(self._bundle.card.categories)
        return self._rows(lambda part: self._classify(views[part]), len(views), width)

    def class_log_probs(self, views: Float32[np.ndarray, "N ..."]) -> Float32[np.ndarray, "N K"]:
        """Return the picture classifier's log probabilities relative to the likeliest, in nats."""
        classifier = self._classifier
        if classifier is None:
            raise BundleError(
                "this bundle holds no classifier", do="Export its run with --classifier."
            )
        log_probs = self._rows(
            lambda part: _mirrored_log_probs(classifier, views[part]),
            len(views),
            len(classifier.card.categories),
        )
        log_probs -= log_probs.max(axis=1, keepdims=True)
        return log_probs

    def rank(
        self,
        views: Views,
        codes: Float32[np.ndarray, "N Z"],
        class_log_probs: Float32[np.ndarray, "N K"] | None,
        num_candidates: int,
        pictures: Float32[np.ndarray, "N S S"] | None = None,
    ) -> Int64[np.ndarray, "N num_candidates"]:
        """Rank redrawings: for each input the indices of its candidates, those most like it first.

        The cost of a candidate is the distance between its code, or its lines, and its input's,
        relative to the mean over the candidates of that input, and where there is a classifier, the
        negative log probability, softened, that it shows what the input shows. A category that the
        input may show as well costs as much more as it is less likely.

        Args:
            views: The encoder's input for the candidates, all those of an input together.
            codes: Codes of the inputs.
            class_log_probs: As `class_log_probs` returns them, of the inputs; None: only codes
                count.
            num_candidates: Redrawings of each input.
            pictures: The inputs, if candidates are to keep to their lines; None: to their codes.
        """
        classifier = self._classifier
        weight = CODE_DISTANCE_WEIGHT if pictures is None else LINE_DISTANCE_WEIGHT

        def compare(part: slice) -> Float32[np.ndarray, "M 2"]:
            """The distance of each candidate, and its negative log probability."""
            candidates = views(part)
            inputs = np.arange(part.start, part.stop) // num_candidates
            if pictures is None:
                distance = np.linalg.norm(self._code(candidates) - codes[inputs], axis=1)
            else:
                distance = line_distances(candidates[:, 0], pictures[inputs])
            surprise = np.zeros_like(distance)
            if class_log_probs is not None and classifier is not None:
                logits = classifier.scores_of(candidates).logits / REDRAWING_SOFTENING
                surprise = -(class_log_probs[inputs] + _log_softmax(logits)).max(axis=1)
            return np.stack((distance, surprise), axis=1)

        both = self._rows(compare, len(codes) * num_candidates, 2)
        distance, surprise = both.T.reshape(2, len(codes), num_candidates)
        mean_distance = np.maximum(distance.mean(axis=1, keepdims=True), 1e-12)
        cost = weight * distance / mean_distance + surprise
        return np.argsort(cost, axis=1, kind="stable")

    def chances(self, views: Views, category_ids: Sequence[int]) -> Float32[np.ndarray, " N"]:
        """Return the probability that each drawing shows what it was to show.

        Args:
            views: The encoder's input for the drawings.
            category_ids: What each was to show.
        """
        self.check_classifier()  # it is loaded before several threads use it
        wanted = np.asarray(category_ids)

        def probability(part: slice) -> Float32[np.ndarray, "M 1"]:
            return np.take_along_axis(self._classify(views(part)), wanted[part, None], axis=1)

        return self._rows(probability, len(wanted), 1)[:, 0]

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

    def _rows(
        self, compute: Callable[[slice], Float32[np.ndarray, "_ W"]], count: int, width: int
    ) -> Float32[np.ndarray, "N W"]:
        """Compute a row for each of `count` drawings."""
        parts = in_parts(compute, count, VIEWS_AT_ONCE, self._num_threads)
        return np.concatenate([np.zeros((0, width), np.float32), *parts])

    def _classify(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M K"]:
        """Probabilities by all classifiers of the bundle."""
        classifier, gaussians = self._classifier, self._bundle.latents
        total = np.zeros((len(views), len(self._bundle.card.categories)), np.float32)
        if gaussians is not None:
            log_probs = _log_softmax(checked_logits(gaussians.logits(self._code(views))))
            total += log_probs if classifier is None else CODE_CLASSIFIER_WEIGHT * log_probs
        if classifier is not None:
            total += _mirrored_log_probs(classifier, views)
        return np.asarray(np.exp(_log_softmax(total)))


def checked_logits(logits: Float32[np.ndarray, "N K"]) -> Float32[np.ndarray, "N K"]:
    """Check logits of codes."""
    if not (np.abs(logits) <= MAX_LOGIT).all():
        raise BundleError(
            f"`{LATENTS_FILE}` of the bundle gives class scores that are not finite, or too large"
        )
    return logits


def check_fit(classifier: ClassifierCard, card: BundleCard) -> None:
    """Refuse a classifier that does not fit a bundle."""
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


def _mirrored_log_probs(
    classifier: Classifier, pictures: Float32[np.ndarray, "M 1 H W"]
) -> Float32[np.ndarray, "M K"]:
    """Log probabilities, averaged with those of mirror images if the classifier knows those."""
    if not classifier.card.knows_mirror_images:
        return _log_softmax(classifier.scores_of(pictures).logits)
    mirrored = np.ascontiguousarray(pictures[..., ::-1])
    both = [_log_softmax(classifier.scores_of(some).logits) for some in (pictures, mirrored)]
    return _log_softmax((both[0] + both[1]) / 2)


def _log_softmax(logits: Float32[np.ndarray, "N K"]) -> Float32[np.ndarray, "N K"]:
    below = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))
