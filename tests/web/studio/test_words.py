"""The pages' texts: every language has them all, and every one of them is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sketch_pix2seq
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.web.answers import ApiError
from sketch_pix2seq.web.studio.pages import Language, languages

WEB = Path(sketch_pix2seq.__file__).parent / "web"
SCRIPTS = "".join(path.read_text() for path in (WEB / "static" / "studio").glob("*.js"))
TEMPLATES = "".join(path.read_text() for path in (WEB / "templates" / "studio").glob("*.jinja"))


def texts(language: Language) -> dict[str, str]:
    """All texts of a language by their full names."""
    pages = {
        f"{page}.{name}": text
        for page, own in vars(language.words).items()
        for name, text in vars(own).items()
    }
    return pages | {f"script.{name}": text for name, text in language.script.items()}


def phrases_of_the_library() -> set[str]:
    """What a page may show of the library's English, `#` for what is put into it."""
    sketch = {path.stem: path.read_text() for path in (WEB / "static" / "sketch").glob("*.js")}
    draws = "".join(sketch[name] for name in ("engine", "latents", "recognizer", "sketcher"))
    places = (
        *((r"new DrawingError\((.*?)\);", text) for text in sketch.values()),
        (r"new BundleError\((.*?)\);", draws),  # the page says on its own that it is not loaded
        *((r"\bgot = (.*?);", text) for text in sketch.values()),
        (r"\bFIX = (.*?);", sketch["ink"]),
        (r"leftOut = \[(.*?)\];", sketch["picture_in"]),
        (r"leftOut: (\".*?\")", sketch["straightening"]),
        (r"leaveOut\((.*)\);", SCRIPTS),
        (r"others = count . \[(.*)\]", SCRIPTS),
        (r"NOT_READ = (\{.*\})", SCRIPTS),
    )
    found = set()
    for place, text in places:
        for said in re.findall(place, text, re.DOTALL if "?" in place else 0):
            for plain, filled in re.findall(r'"([^"]*)"|`((?:\\`|[^`])*)`', said):
                phrase = re.sub(r"\$\{.*?\}", "#", plain or filled).replace("\\`", "`")
                found.add(phrase.removesuffix("; got #"))
    return {phrase for phrase in found if re.search("[a-z]{2}", phrase)} | {"got"}


def test_english_comes_first() -> None:
    assert [one.code for one in languages()] == ["en", "de"]
    assert [one.folder for one in languages()] == ["", "de/"]


@pytest.mark.parametrize("language", languages()[1:], ids=lambda language: language.code)
def test_every_language_says_the_same_things(language: Language) -> None:
    own, other = texts(languages()[0]), texts(language)
    assert list(own) == list(other)
    for name, text in own.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", other[name])), name
        assert text.endswith((".", "…")) == other[name].endswith((".", "…")), name


@pytest.mark.parametrize("language", languages()[1:], ids=lambda language: language.code)
def test_every_language_says_all_that_the_library_says(language: Language) -> None:
    assert languages()[0].phrases == {}
    assert set(language.phrases) == phrases_of_the_library()
    for phrase, own in language.phrases.items():
        assert phrase.count("#") == own.count("#"), phrase
        assert phrase.endswith(".") == own.endswith("."), phrase


def test_every_language_says_what_a_page_of_an_error_says() -> None:
    errors = [ApiError.of_status(status) for status in range(400, 600)]
    template = (WEB / "templates" / "error.html.jinja").read_text()
    said = {text for error in errors for text in (error.message, error.hint) if text}
    said |= set(re.findall(r'said\("(.*?)"\)', template))
    assert languages()[0].errors == {}
    for language in languages()[1:]:
        assert set(language.errors) == said
        for text, own in language.errors.items():
            assert text.endswith(".") == own.endswith("."), text


def test_every_text_is_used() -> None:
    made = r"(keptAs_\w+|(redrawing|completion|drawing)s?)"  # names put together by scripts
    for name in languages()[0].script:
        assert re.fullmatch(made, name) or f'"{name}"' in SCRIPTS, name
    named = set(re.findall(r"\bt\(\"(\w+)\"", SCRIPTS))
    assert named <= set(languages()[0].script)
    said = set(re.findall(r"\bt\.(\w+\.\w+)", TEMPLATES))
    pages = {name for name in texts(languages()[0]) if not name.startswith("script.")}
    assert said <= pages


def test_pages_and_scripts_hold_no_text_of_their_own() -> None:
    shown = re.sub(r"\{[{%].*?[%}]\}|<[^>]*>", " ", TEMPLATES, flags=re.DOTALL)
    assert set(re.findall(r"[A-Za-z][a-z]+", shown)) <= {
        *("pix", "seq", "sketch", "mm", "nbsp"),
        *("data", "root", "offline", "yes"),  # attributes of a tag that another file begins
    }
    labels = re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', TEMPLATES)
    assert all(not label or label.startswith("{{") for label in labels)


def test_german_names_every_category_of_the_package_once() -> None:
    names = languages()[1].categories
    card = Bundle.default().card
    assert set(names) == set(card.categories)
    assert len({name.lower() for name in names.values()}) == len(names)
    assert languages()[0].name_of("cat") == "cat"
    assert languages()[1].name_of("cat") == "Katze"
    assert languages()[1].name_of("gryphon") == "gryphon"
