"""What a card tells of recipe, data set and figures: free in form, but for what others read.

A field that is missing or null was not told. One that is there must be of the kind that its readers
(views, model cards, reports of evaluations) expect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sketch_pix2seq.bundle.json_values import is_number

_LOSSES = ("stroke_nll", "pen_ce", "reconstruction", "kl")
_MAX_EPSILON = 1_000


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _is_counts(value: object) -> bool:
    return isinstance(value, dict) and all(_is_count(count) for count in value.values())


def _is_losses(value: object) -> bool:
    return isinstance(value, dict) and all(is_number(value.get(n), -1e6, 1e6) for n in _LOSSES)


_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "recipe.name": (_is_text, "a text"),
    "recipe.oversample": (_is_text, "a text"),
    "recipe.focus": (_is_text, "a text"),  # what older bundles call it
    "recipe.model": (_is_object, "an object"),
    "recipe.kl": (_is_object, "an object"),
    "recipe.kl.weight": (lambda value: is_number(value, 0, 1e6), "a number, not negative"),
    "recipe.augmentation": (_is_object, "an object"),
    "data.options": (_is_object, "an object"),
    "data.options.epsilon": (
        lambda value: is_number(value, 0, _MAX_EPSILON),
        f"a number from 0 to {_MAX_EPSILON:,}",
    ),
    "data.counts": (_is_object, "an object"),
    "data.counts.train": (_is_counts, "an object of counts"),
    "metrics.step": (_is_count, "a count"),
    "metrics.test": (_is_object, "an object"),
    "metrics.test.data": (_is_text, "a text"),
    "metrics.test.valid": (_is_losses, f"an object of {', '.join(_LOSSES)}"),
    "metrics.test.magenta": (_is_losses, f"an object of {', '.join(_LOSSES)}"),
}


def fact_problems(facts: Mapping[str, Any]) -> list[str]:
    """Say which facts are of another kind than their readers expect.

    Args:
        facts: `recipe`, `data` and `metrics` of a card, each an object.

    Example:
        >>> fact_problems({"recipe": {"kl": 3}, "data": {}, "metrics": {}})
        ['`recipe.kl` must be an object, got 3']
    """
    problems = []
    for path, (fits, rule) in _KINDS.items():
        *above, last = path.split(".")
        place: Any = facts
        for name in above:
            place = place.get(name) if isinstance(place, dict) else None
        value = place.get(last) if isinstance(place, dict) else None
        if value is not None and not fits(value):
            problems.append(f"`{path}` must be {rule}, got {ascii(value)[:80]}")
    test = facts["metrics"].get("test")
    if isinstance(test, dict) and not {"data", "valid", "magenta"} <= test.keys():
        problems.append("`metrics.test` must hold data, valid and magenta")
    return problems
