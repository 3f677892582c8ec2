from __future__ import annotations

import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.xml import parse_svg

LINE = '<path d="M0 0L3 4" stroke="black"/>'


def svg(inside: str, name: str = "a") -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}">{inside}</svg>'.encode()


def ink_of(document: bytes) -> str | None:
    """The colour of the document's only path."""
    (path,) = (element for element in parse_svg(document).iter() if element.tag.endswith("path"))
    return path.get("stroke")


def test_a_document_type_without_entities_is_harmless() -> None:
    kind = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://nowhere.invalid/svg11.dtd">'
    assert ink_of(b'<?xml version="1.0"?>' + kind + svg(LINE)) == "black"


def test_plain_entities_are_read() -> None:
    """Illustrator writes its namespaces so."""
    kind = b'<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY ink "black">]>'
    document = b'<svg xmlns="&ns;"><path d="M0 0L3 4" stroke="&ink;"/></svg>'
    assert ink_of(kind + document) == "black"


def test_a_few_declared_attributes_are_read() -> None:
    """KanjiVG declares its own."""
    assert ink_of(declared(b'<!ATTLIST g kind CDATA #IMPLIED id CDATA "a">')) == "black"


def test_other_encodings() -> None:
    text = svg(LINE, "caf\u00e9").decode()
    for encoding in ("utf-16", "latin-1"):
        head = f'<?xml version="1.0" encoding="{encoding}"?>'
        assert ink_of((head + text).encode(encoding)) == "black"


ENTITIES = b"""<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
OUTSIDE = b"""<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>"""
DEFAULTS = b"<!ATTLIST svg " + b"".join(b'a%d CDATA "x"\n' % n for n in range(5_000)) + b">"
PARAMETER = b"""<!ENTITY % all "<!ATTLIST svg b CDATA 'x'>"> %all;"""
LONG_ENTITY = b"""<!ENTITY a "%s">""" % (b"a" * 2_001)


def declared(declarations: bytes, inside: str = "") -> bytes:
    """A document with declarations of its own."""
    return b"<!DOCTYPE svg [" + declarations + b"]>" + svg(inside + LINE)


BAD = {
    "empty": (b"", "well-formed XML"),
    "text": (b"a cat", "well-formed XML"),
    "binary": (bytes(range(256)), "well-formed XML"),
    "cut short": (svg(LINE)[:-9], "well-formed XML"),
    "html": (b"<html><body/></html>", "must begin with `<svg>`; got <html>"),
    "nested entities": (ENTITIES + svg("&b;"), "must declare nothing but plain entities"),
    "outside entity": (OUTSIDE + svg("&x;"), "must declare nothing but plain entities"),
    "attribute defaults": (
        declared(DEFAULTS),
        "must declare at most 20 attributes of",
    ),
    "elements": (declared(b"<!ELEMENT svg ANY>"), "must declare nothing but plain entities"),
    "notation": (declared(b'<!NOTATION n SYSTEM "x">'), "must declare nothing but plain entities"),
    "parameter entity": (declared(PARAMETER), "must declare nothing but plain entities"),
    "unparsed": (declared(b'<!ENTITY u SYSTEM "f" NDATA n>'), "nothing but plain entities"),
    "long entity": (declared(LONG_ENTITY, "&a;"), "entities of at most 2000 letters"),
    "much of an entity": (declared(LONG_ENTITY[:1_900] + b'">', "&a;" * 3_000), "must repeat"),
    "many entities": (
        declared(b"".join(b'<!ENTITY a%d "b">' % number for number in range(1_001))),
        "at most 1000 entities",
    ),
    "very many elements": (svg("<a/>" * 200_001), "at most 200000 elements"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_documents_say_what_is_wrong(name: str) -> None:
    data, message = BAD[name]
    with pytest.raises(DrawingError, match=message) as caught:
        parse_svg(data)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("gb2312", "gb2312"),
        ("Shift_JIS", "shift_jis"),
        ("windows-1252", "latin-1"),
        ("utf-16", "utf-8"),
        ("utf-8", "utf-16"),
        ("klingon", "utf-8"),
        ("hex", "utf-8"),
        ("idna", "utf-8"),
    ],
)
def test_texts_of_any_encoding_that_says_too_little_or_too_much(
    declared: str, encoding: str
) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><svg><title>+</title>{LINE}</svg>'
    assert ink_of(text.encode(encoding)) == "black"


def test_many_long_entities_of_styles_are_read() -> None:
    style = "fill:none;stroke:#000;" + "stroke-linecap:round;" * 40
    names = "".join(f'<!ENTITY st{number} "{style}">' for number in range(400))
    text = f'<!DOCTYPE svg [{names}]><svg><path style="&st399;" d="M0 0L3 4"/></svg>'
    (path,) = parse_svg(text.encode())
    assert path.get("style") == style
