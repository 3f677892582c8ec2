"""The HTTP reference, made of the studio's own OpenAPI document."""

from __future__ import annotations

from typing import Any

from sketch_pix2seq import Sketcher
from sketch_pix2seq.web.studio.app import create_studio

_HEAD = """# HTTP

Made of the studio's `/api/openapi.json`. [The studio](../studio.md#the-api) says how it is called.
"""


def http_reference(sketcher: Sketcher) -> str:
    """Return the page.

    Args:
        sketcher: Any model: the API is the same for all.
    """
    document = create_studio(sketcher).openapi()
    schemas = document["components"]["schemas"]
    parts = [_HEAD]
    for path, ways in document["paths"].items():
        for way, operation in ways.items():
            parts.append(f"## {way.upper()} {path}\n\n{operation['summary']}\n")
            form = _schema_in(operation.get("requestBody"), schemas)
            if form:
                parts.append("Takes JSON:\n\n" + _fields(form, schemas, given=True))
            elif "requestBody" in operation:
                parts.append(f"Takes {_kinds(operation['requestBody'])}.\n")
            answer = operation["responses"]["200"]
            found = _schema_in(answer, schemas)
            if found:
                parts.append("Answers:\n\n" + _fields(found, schemas, given=False))
            elif _kinds(answer) != "`application/json`":
                parts.append(f"Answers {_kinds(answer)}.\n")
    return "\n".join(parts)


def _kinds(body: dict[str, Any]) -> str:
    return ", ".join(f"`{kind}`" for kind in body["content"])


def _schema_in(body: dict[str, Any] | None, schemas: dict[str, Any]) -> dict[str, Any] | None:
    """The named schema of a JSON body."""
    schema = (body or {}).get("content", {}).get("application/json", {}).get("schema", {})
    found: dict[str, Any] | None = schemas.get(_name(schema))
    return found


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _fields(schema: dict[str, Any], schemas: dict[str, Any], *, given: bool) -> str:
    """A table of the fields of an object; what is given may be left out if it has a default."""
    heads = ("field", "type", *(("default",) if given else ()), "meaning")
    rows = [heads, ("---",) * len(heads)]
    for name, item in schema["properties"].items():
        default = ["needed" if name in schema.get("required", ()) else _default(item)]
        said = " ".join(item.get("description", "").split())
        rows.append((f"`{name}`", _type(item, schemas), *(default if given else []), said))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _default(item: dict[str, Any]) -> str:
    return "" if item.get("default") is None else f"`{item['default']}`".replace("True", "true")


def _type(item: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A type in words, with its limits."""
    if name := _name(item):
        inside = schemas[name].get("properties", {})
        return "{" + ", ".join(f"`{one}`" for one in inside) + "}" if inside else name
    if "anyOf" in item:
        return " or ".join(_type(one, schemas) for one in item["anyOf"])
    if "enum" in item:
        return " or ".join(f"`{one}`" for one in item["enum"])
    if item.get("type") == "array":
        return "list of " + _type(item.get("items", {}), schemas)
    limits = [
        f"{words} {_number(item[key])}"
        for key, words in (("minimum", "from"), ("maximum", "to"), ("exclusiveMaximum", "below"))
        if key in item
    ]
    return " ".join([str(item.get("type", "any")), *limits])
