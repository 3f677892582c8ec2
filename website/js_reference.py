"""The JavaScript reference, made of the JSDoc comments of what the library exports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from website.pages import ROOT

LIBRARY = ROOT / "src" / "sketch_pix2seq" / "web" / "static" / "sketch"
_TYPES = ("settings.js", "drawing.js", "picture_in.js", "bundle.js", "gallery.js", "client.js")
_HEAD = """# JavaScript

Made of the library's own comments. [Drawing in a page](../javascript.md) shows how it is used.
"""
_PRIVATE_TYPES = ("Facts", "Message", "Ends", "Events", "Shares", "Plane", "Picture")
_COMMENT = re.compile(r"^([ \t]*)/\*\*(.*?)\*/[ \t]*\n?([^\n]*)", re.DOTALL | re.MULTILINE)
_EXPORT = re.compile(r"export (?:async )?(class|function|const) (\w+)")
_METHOD = re.compile(r"(static |get )?(?:async )?(\w+)\((.*?)\)? ?\{?$")
_PROPERTY = re.compile(r"this\.(\w+) =")


@dataclass
class Comment:
    """A JSDoc comment.

    Args:
        text: What it says before its tags.
        tags: For each tag its kind, type, name and text.
    """

    text: str
    tags: list[tuple[str, str, str, str]] = field(default_factory=list)

    def of(self, *kinds: str) -> list[tuple[str, str, str]]:
        """Return type, name and text of all tags of some kinds."""
        return [tag[1:] for tag in self.tags if tag[0] in kinds]


def parsed(comment: str) -> Comment:
    """Read a JSDoc comment.

    Example:
        >>> parsed(" Draw. @param {number} [n] How many. ").tags
        [('param', 'number', 'n', 'How many.')]
    """
    lines = [re.sub(r"^\s*\*? ?", "", line).strip() for line in comment.splitlines()]
    text = "\n".join(lines).strip()
    first, *rest = re.split(r"(?:^|(?<=\s))@(?=param|returns|throws|typedef|property|type)", text)
    found = Comment(" ".join(first.split()))
    for part in rest:
        kind, _, said = part.partition(" ")
        kind_of, said = _braced(said.strip())
        name = ""
        if kind in ("param", "property", "typedef"):
            name, _, said = said.partition(" ")
        found.tags.append((kind.strip(), kind_of, name.strip("[]"), " ".join(said.split())))
    return found


def _braced(text: str) -> tuple[str, str]:
    """What stands in braces at the start of a text, and what follows."""
    depth = 0
    for place, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            inside = text[1:place] if place else ""
            return _plain_type(inside), text[place + 1 if place else 0 :].strip()
    return "", text


def _plain_type(text: str) -> str:
    """A type without where it is imported from."""
    text = " ".join(text.split())
    text = re.sub(r"(?:NonNullable<)?Parameters<[^>]*>\[1\]>?", "options", text)
    return re.sub(r"import\(\"[^\"]*\"\)\.", "", text)


def javascript_reference() -> str:
    """Return the page."""
    card = json.loads((LIBRARY / "package.json").read_bytes())
    parts = [_HEAD]
    for name, file in card["exports"].items():
        if file.endswith(".js") and name != "./worker.js":
            where = "client.js" if name == "." else name.removeprefix("./")
            parts.append(f"## {where}\n\n" + "\n".join(_exports(LIBRARY / file)))
    parts.append("## Types\n\n" + "\n".join(_types()))
    return "\n".join(parts)


def _exports(path: Path) -> Iterator[str]:
    """A section for each thing that a module exports, and for the members of its classes."""
    source = path.read_text(encoding="utf-8")
    inside = ""  # the exported class in which we are
    where = 0
    for found in _COMMENT.finditer(source):
        begun = list(re.finditer(r"^(export )?class (\w+).*$", source[where : found.start()], re.M))
        if begun:
            inside = begun[-1][2] if begun[-1][1] else ""
            if inside:
                yield f"### {inside}\n"
                yield _facts(source[where + begun[-1].end() :])
        where = found.start()
        comment, line = parsed(found[2]), found[3].strip()
        if export := _EXPORT.match(line):
            yield _section(f"{export[2]}", comment, is_call=export[1] != "class")
        elif inside and found[1]:
            yield _member(inside, line, comment)


def _facts(body: str) -> str:
    """The properties that a class begins with and that have no comment of their own."""
    body = body.partition("\n}")[0]
    names = re.findall(r"(?<!\*/)\n +this\.([a-z]\w*) =", body)
    return f"Properties: {', '.join(f'`{name}`' for name in names)}.\n" if names else ""


def _member(owner: str, line: str, comment: Comment) -> str:
    """A method, getter or documented property of a class; nothing of what is private."""
    if (assigned := _PROPERTY.match(line)) and not assigned[1].startswith("_"):
        return f"#### {_small(owner)}.{assigned[1]}\n\n{_text(comment.text)}\n"
    method = _METHOD.match(line)
    if method is None or method[2].startswith("_") or comment.text.startswith("Make one with"):
        return ""
    name = "new " + owner if method[2] == "constructor" else f"{_small(owner)}.{method[2]}"
    if method[1] == "static ":
        name = f"{owner}.{method[2]}"
    return _section(name, comment, is_call=method[1] != "get ")


def _small(name: str) -> str:
    return name[0].lower() + name[1:]


def _section(name: str, comment: Comment, *, is_call: bool) -> str:
    given = [one for _, one, _ in comment.of("param") if "." not in one]
    marks = "####" if "." in name or name.startswith("new ") else "###"
    lines = [f"{marks} {name}({', '.join(given)})" if is_call else f"{marks} {name}", ""]
    lines += [_text(comment.text), ""]
    lines += [
        f"* `{one}`{f' (`{kind}`)' if kind else ''}{f': {_text(said)}' if said else ''}"
        for kind, one, said in comment.of("param")
    ]
    for kind, _, said in comment.of("returns"):
        lines.append(f"* returns `{kind}`{f': {_text(said)}' if said else ''}")
    for kind, _, said in comment.of("throws"):
        lines.append(f"* throws `{kind}`{f': {_text(said)}' if said else ''}")
    return "\n".join([*lines, ""])


def _types() -> Iterator[str]:
    """The types that the others are made of."""
    seen = set(_PRIVATE_TYPES)
    for file in _TYPES:
        for found in _COMMENT.finditer((LIBRARY / file).read_text(encoding="utf-8")):
            comment = parsed(found[2])
            for kind, name, said in comment.of("typedef"):
                if name in seen or kind == name:
                    continue
                seen.add(name)
                text = _text(" ".join(filter(None, (comment.text, said))))
                lines = [f"### {name}", "", *([f"`{kind}`", ""] if kind != "object" else []), text]
                lines += [
                    "",
                    *(f"* `{n}` (`{k}`): {_text(t)}" for k, n, t in comment.of("property")),
                ]
                yield "\n".join([*lines, ""])


def _text(said: str) -> str:
    """Prose of a comment as Markdown: angle brackets are no HTML."""
    return said.replace("<", "\\<")
