"""Frozen dataclasses as settings: read from JSON, changed by dotted names.

Knows nothing of what the settings mean; each dataclass checks its own values.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import itertools
import json
import math
import textwrap
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from sketch_pix2seq.errors import UsageError

T = TypeVar("T")

RENAMED_SETTINGS = {
    "augmentation.tremble": "augmentation.jitter",
    "focus": "oversample",
    "focus_share": "oversample_share",
}
"""Old names of settings, and what they are called now."""
RENAMED_VALUES = {("task", "judge"): "classify"}
"""The same for values of settings."""


def setting_names(kind: type, prefix: str = "") -> list[str]:
    """Dotted names of all settings below a dataclass, in order."""
    names = []
    for name, hint in _hints(kind).items():
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            names += setting_names(hint, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def describe_settings(settings: object, prefix: str = "") -> list[tuple[str, str, str]]:
    """Dotted name, value as JSON and meaning of every setting, in order.

    The meaning is the string that stands under the field in its class.
    """
    kind = type(settings)
    meanings = _meanings(kind)
    rows = []
    for name, hint in _hints(kind).items():
        value = getattr(settings, name)
        if dataclasses.is_dataclass(hint):
            rows += describe_settings(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, json.dumps(value), meanings.get(name, "")))
    return rows


def replace_settings(settings: T, assignments: list[str]) -> T:
    """A copy with some settings changed.

    Args:
        settings: a dataclass, possibly of dataclasses.
        assignments: `dotted.name=value` each.

    Raises:
        UsageError: one message with all problems in it.
    """
    values = dataclasses.asdict(settings)  # type: ignore[call-overload]
    known = setting_names(type(settings))
    problems: list[str] = []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            problems.append(f"`{assignment}` is not of the form key=value")
        elif key in RENAMED_SETTINGS:
            problems.append(f"`{key}` is called `{RENAMED_SETTINGS[key]}` now")
        elif (key, text) in RENAMED_VALUES:
            new = RENAMED_VALUES[key, text]
            problems.append(f"`{key}={text}` is called `{key}={new}` now")
        elif key not in known:
            near = difflib.get_close_matches(key, known, n=2, cutoff=0.4)
            hint = f" (did you mean {' or '.join(near)}?)" if near else ""
            problems.append(f"there is no setting `{key}`{hint}")
        else:
            *path, last = key.split(".")
            owner: Any = values
            for part in path:
                owner = owner[part]
            owner[last] = _parse(text)
    changed: T | None = None
    try:
        changed = from_dict(type(settings), values)
    except UsageError as error:
        problems.append(str(error))
    if problems or changed is None:
        raise UsageError(
            "; ".join(problems),
            do="`sketch-pix2seq recipes --settings RECIPE` lists every setting.",
        )
    return changed


def with_new_names(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values of older runs and bundles, under the names that the settings have now."""
    renamed: dict[str, Any] = {}
    for name, value in values.items():
        path = prefix + name
        if isinstance(value, dict):
            value = with_new_names(value, f"{path}.")
        elif isinstance(value, str):
            value = RENAMED_VALUES.get((path, value), value)
        renamed[RENAMED_SETTINGS.get(path, path).removeprefix(prefix)] = value
    return renamed


def from_dict(kind: type[T], values: dict[str, Any]) -> T:
    """Build a dataclass from plain values, checking names and types.

    Raises:
        UsageError: one message with all problems in it.
    """
    problems: list[str] = []
    built = _build(kind, values, "", problems)
    if problems:
        raise UsageError("; ".join(problems))
    return built  # type: ignore[no-any-return]


def _build(kind: type, values: object, prefix: str, problems: list[str]) -> Any:
    if not isinstance(values, dict):
        problems.append(f"`{prefix.rstrip('.')}` must be a group of settings, got {values!r}")
        return None
    hints = _hints(kind)
    problems += [f"there is no setting `{prefix}{name}`" for name in values if name not in hints]
    arguments: dict[str, Any] = {}
    before = len(problems)
    for name, hint in hints.items():
        if name not in values:
            continue
        value = values[name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            arguments[name] = _build(hint, value, f"{prefix}{name}.", problems)
        else:
            arguments[name] = _coerce(hint, value, prefix + name, problems)
    if len(problems) > before:
        return None
    try:
        return kind(**arguments)
    except (UsageError, TypeError) as error:
        problems.append(str(error))
        return None


def _coerce(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    """The value as its declared type; whole numbers may stand for real ones."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if value not in choices:
            problems.append(
                f"`{name}` must be one of {', '.join(map(str, choices))}, got {value!r}"
            )
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        problems.append(f"`{name}` must be {_article(hint)}, got {value!r}")
    return value


def _article(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return names.get(hint, str(hint))


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in dataclasses.fields(kind)}


def _meanings(kind: type) -> dict[str, str]:
    """The strings under the fields of a class, read from its source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    meanings = {}
    for field, text in itertools.pairwise(definition.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            meanings[field.target.id] = str(text.value.value)
    return meanings
