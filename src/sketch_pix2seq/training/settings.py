"""Settings in frozen dataclasses: read from JSON, changed by dotted names.

Independent of the settings' meaning: pydantic checks each value against its field, and each
dataclass checks values that depend on each other.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from sketch_pix2seq.errors import UsageError

T = TypeVar("T")

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, use_attribute_docstrings=True)
"""Of a dataclass of settings: no unknown names, no conversion of types, strings below as help."""

RENAMED_SETTINGS = {
    "augmentation.tremble": "augmentation.jitter",
    "focus": "oversample",
    "focus_share": "oversample_share",
}
"""Old names of settings, and their present names."""
RENAMED_VALUES = {("task", "judge"): "classify", ("name", "default"): "lstm"}
"""The same for values of settings."""
RETIRED_SETTINGS = {"reward": "models are not trained with rewards any more"}
"""Settings, or groups of them, that are gone: old runs and bundles are read without them."""


def describe_settings(settings: object) -> list[tuple[str, str, str]]:
    """Dotted name, value as JSON and meaning of every setting, in order.

    The meaning is the string that stands under the field in its class.
    """
    schema = TypeAdapter(type(settings)).json_schema()
    return _described(schema, asdict(settings), schema["$defs"], "")  # type: ignore[call-overload]


def _described(
    schema: dict[str, Any], values: dict[str, Any], groups: dict[str, Any], prefix: str
) -> list[tuple[str, str, str]]:
    rows = []
    for name, value in values.items():
        field = schema["properties"][name]
        if isinstance(value, dict):
            group = groups[field["$ref"].rpartition("/")[2]]
            rows += _described(group, value, groups, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, json.dumps(value), field.get("description", "")))
    return rows


def replace_settings(settings: T, assignments: list[str]) -> T:
    """A copy with some settings changed.

    Raises:
        UsageError: One message with all problems in it.
    """
    values = asdict(settings)  # type: ignore[call-overload]
    names = [name for name, _, _ in describe_settings(settings)]
    problems: list[str] = []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        retired = RETIRED_SETTINGS.get(key.split(".")[0])
        if not equals:
            problems.append(f"`{assignment}` is not of the form key=value")
        elif retired:
            problems.append(f"`{key}` is gone: {retired}")
        elif key in RENAMED_SETTINGS:
            problems.append(f"`{key}` is called `{RENAMED_SETTINGS[key]}` now")
        elif new := RENAMED_VALUES.get((key, text)):
            problems.append(f"`{key}={text}` is called `{key}={new}` now")
        elif key not in names:
            near = difflib.get_close_matches(key, names, n=2, cutoff=0.4)
            hint = f" (did you mean {' or '.join(near)}?)" if near else ""
            problems.append(f"there is no setting `{key}`{hint}")
        else:
            *path, last = key.split(".")
            owner = values
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
        if path in RETIRED_SETTINGS:
            continue
        if isinstance(value, dict):
            value = with_new_names(value, f"{path}.")
        elif isinstance(value, str):
            value = RENAMED_VALUES.get((path, value), value)
        renamed[RENAMED_SETTINGS.get(path, path).removeprefix(prefix)] = value
    return renamed


def from_dict(kind: type[T], values: dict[str, Any]) -> T:
    """Build a dataclass from plain values, checking names and types.

    Raises:
        UsageError: One message with all problems in it.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(values))
    except ValidationError as error:
        raise UsageError("; ".join(map(_problem, error.errors(include_url=False)))) from error


def _problem(error: Any) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "unexpected_keyword_argument":
        return f"there is no setting `{name}`"
    if error["type"] == "value_error":  # of several values together; the text names them
        return str(error["ctx"]["error"])
    rule = error["msg"].removeprefix("Input should ")
    if error["type"] == "dataclass_type":
        rule = "be a group of settings"
    return f"`{name}` must {rule}, got {error['input']!r}"


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
