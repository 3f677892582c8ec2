"""SVG as XML: parsed safely, with a bound on all that could multiply in a tree.

Nothing outside the file is opened. Of a document type only entities that are plain text, and a few
default attributes, are known.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # for its types; parsing is defusedxml's
from xml.parsers import expat

from defusedxml.ElementTree import fromstring

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.kinds import HEAD, encoding_of

_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_NS_HREF = "{http://www.w3.org/1999/xlink}href"
_MAX_PARSED_ELEMENTS = 200_000
_MAX_ENTITIES = 1_000
_LONGEST_ENTITY = 2_000
_MAX_EXPANDED = 4_000_000  # bytes
_MAX_DEFAULTS = 20  # attributes that a document type declares
_LONGEST_DEFAULT = 200
_DECLARATIONS = ("<!ELEMENT", "<!NOTATION", "<!ENTITY", "%")


def parse_svg(data: bytes) -> ET.Element:
    """Parse a document and check that it is an SVG.

    Raises:
        DrawingError: If it is not well-formed, no SVG, too large, or declares what is unsafe.
    """
    try:
        text = decoded(data)
        _check_declarations(text)
        root: ET.Element = fromstring(text, forbid_dtd=False, forbid_entities=False)
    except (ET.ParseError, expat.ExpatError) as error:
        raise DrawingError("an SVG must be well-formed XML", got=error) from None
    except (ValueError, LookupError) as error:
        raise DrawingError("an SVG must be text in a known encoding", got=error) from None
    if tag_of(root) != "svg":
        raise DrawingError("an SVG must begin with `<svg>`", got=f"<{tag_of(root)[:40]}>")
    return root


def applies(element: ET.Element) -> bool:
    """Whether the conditions of an element hold for a reader of English."""
    languages = [word.strip().lower() for word in element.get("systemLanguage", "en").split(",")]
    is_supported = "Extensibility" not in element.get("requiredFeatures", "")
    is_supported &= "requiredExtensions" not in element.attrib
    return is_supported and any(word == "en" or word.startswith("en-") for word in languages)


def reference_of(element: ET.Element) -> str:
    """What an element refers to, such as `#id`.

    Of two links that without a namespace counts, even if it is empty.

    *Source*: SVG 2, chapter Linking, deprecated XLink attributes.
    """
    link = element.get("href")
    return (element.get(_NS_HREF, "") if link is None else link).strip()


def decoded(data: bytes) -> str:
    """Decode a document: by how it begins, else as it declares, else as UTF-8.

    A declaration that cannot be true, as of UTF-16 in a text of single bytes, is passed over.
    """
    encoding = encoding_of(data[:HEAD])
    declared = _ENCODING.match(data)
    if encoding == "utf-8" and declared:
        try:
            if b"<".decode(declared[1].decode("ascii")) == "<":
                return data.decode(declared[1].decode("ascii"), "replace").lstrip()
        except (LookupError, UnicodeError):  # no encoding of texts
            pass
    return data.decode(encoding, "replace").lstrip("\ufeff \t\r\n")


def _check_declarations(data: str) -> None:
    """Go through a document once, keeping nothing: what would multiply in a tree is refused."""
    parser = expat.ParserCreate()
    entities: list[str] = []
    num_elements = num_defaults = 0

    def refuse(token: str) -> None:
        if token.startswith(_DECLARATIONS):
            raise DrawingError("an SVG must declare nothing but plain entities", got=token[:40])

    def take_entity(name: str, is_parameter: int, value: str | None, *_: object) -> None:
        if is_parameter or value is None or "&" in value or "<" in value:
            refuse(f"<!ENTITY {name}")
        entities.append(value or "")
        if len(entities) > _MAX_ENTITIES or len(entities[-1]) > _LONGEST_ENTITY:
            rule = f"at most {_MAX_ENTITIES} entities of at most {_LONGEST_ENTITY} letters"
            raise DrawingError(f"an SVG must declare {rule}", got="more")
        if data.count("&") * max(map(len, entities)) > _MAX_EXPANDED:
            raise DrawingError("an SVG must repeat less by its entities", got=f"&{name};")

    def take_default(element: str, name: str, kind: str, default: str | None, _: int) -> None:
        nonlocal num_defaults
        num_defaults += 1
        if num_defaults > _MAX_DEFAULTS or len(default or "") > _LONGEST_DEFAULT:
            rule = f"at most {_MAX_DEFAULTS} attributes of at most {_LONGEST_DEFAULT} letters"
            raise DrawingError(f"an SVG must declare {rule}", got="more")

    def begin_doctype(*_: object) -> None:
        parser.DefaultHandler = refuse

    def end_doctype() -> None:
        parser.DefaultHandler = None

    def count(name: str, attributes: list[str]) -> None:
        nonlocal num_elements
        num_elements += 1 + num_defaults
        if num_elements > _MAX_PARSED_ELEMENTS:
            raise DrawingError(f"an SVG must have at most {_MAX_PARSED_ELEMENTS} elements")

    parser.ordered_attributes = True
    parser.StartDoctypeDeclHandler = begin_doctype
    parser.EntityDeclHandler = take_entity
    parser.AttlistDeclHandler = take_default
    parser.EndDoctypeDeclHandler = end_doctype
    parser.StartElementHandler = count
    parser.Parse(data, True)


def tag_of(element: ET.Element) -> str:
    """Return the element's name without namespace; comments have none."""
    name: object = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""
