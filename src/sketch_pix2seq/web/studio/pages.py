"""The studio's pages: HTML around a model that draws in the browser, served or in a folder.

index.html, name.html, ...   the pages, for any static host, at any address
de/                          the same in another language
static/<hash>/               scripts, styles and icons
model/                       the bundle
service-worker.js            keeps all of it in the browser, for use without a network
manifest.webmanifest         lets it be installed like an app
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from sketch_pix2seq.bundle.gallery import GALLERY_FILE
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.answers import render
from sketch_pix2seq.web.files import STATIC, static_files, static_prefix
from sketch_pix2seq.web.guards import POLICY
from sketch_pix2seq.web.studio.forms import strokes_in_middle

TITLE = "sketch-pix2seq"
SUMMARY = "Show it a sketch; it draws it again, stroke by stroke."
_INDEX = "draw"
_WORDS = Path(__file__).parents[1] / "words"
_OWN = "en"


class View(NamedTuple):
    """A page of the studio.

    Args:
        name: Its name, which is its template's too.
        needs_gallery: Whether it needs the gallery before it can draw.
    """

    name: str
    needs_gallery: bool = False

    def file(self, suffix: str) -> str:
        """Return its address beside the other pages; the first page is the folder itself."""
        return "" if self.name == _INDEX else self.name + suffix


VIEWS = (
    *(View("draw"), View("name"), View("complete"), View("mix")),
    *(View("map", needs_gallery=True), View("trace"), View("mine")),
)


class Language(NamedTuple):
    """A language of the pages."""

    code: str
    words: SimpleNamespace
    "Texts of the templates, by page and name."
    script: dict[str, str]
    "Texts of the scripts."
    phrases: dict[str, str]
    "What the library says in English, as it is said here; `#` stands for a number or a name."
    errors: dict[str, str]
    "What the server's page of an error says in English, as it is said here."
    categories: dict[str, str]
    "Names of categories, by those that the model has; others keep these."
    folder: str
    "Where its pages lie, relative to the first page; the studio's own language lies beside it."

    def name_of(self, category: str) -> str:
        """Return what a category of a model is called."""
        return self.categories.get(category, category)


@cache
def languages() -> tuple[Language, ...]:
    """The languages that the pages come in, the studio's own first."""
    known = []
    for path in sorted(_WORDS.glob("*.json"), key=lambda path: (path.stem != _OWN, path.stem)):
        words = json.loads(path.read_text(encoding="utf-8"))
        lists = ("script", "phrases", "errors", "categories")
        script, phrases, errors, categories = map(words.pop, lists)
        folder = "" if path.stem == _OWN else f"{path.stem}/"
        pages = SimpleNamespace(**{name: SimpleNamespace(**own) for name, own in words.items()})
        known.append(Language(path.stem, pages, script, phrases, errors, categories, folder))
    return tuple(known)


def render_pages(sketcher: Sketcher, *, has_server: bool, address: str = "") -> dict[str, str]:
    """Render the pages of a model.

    Args:
        sketcher: The model.
        has_server: Whether the API answers beside them. If not, names of pages end in `.html`, and
            they name their Content-Security-Policy themselves.
        address: Address of the first page, if it is known: links to the pages then show a picture.

    Returns:
        HTML by address, relative to that of the first page, which is "".
    """
    suffix = "" if has_server else ".html"
    values = {
        **_facts(sketcher),
        "policy": "" if has_server else POLICY,
        "has_server": has_server,
        "suffix": suffix,
    }
    best = sketcher.card.oversampled or sketcher.card.categories
    sizes = {name: len(content) for name, content in sketcher.bundle.files.items()}
    pages = {}
    for language in languages():
        root = "../" if language.folder else "./"
        picture = f"{address.rstrip('/') + '/' if address else root}{static_prefix()}card.png"
        values |= {"t": language.words, "language": language, "root": root, "picture": picture}
        values["best"] = [language.name_of(category) for category in best]
        for view in VIEWS:
            values["summary"] = getattr(language.words, view.name).summary
            left_out = 0 if view.needs_gallery else sizes.get(GALLERY_FILE, 0)
            values["model_bytes"] = sum(sizes.values()) - left_out
            page = render(f"studio/{view.name}.html.jinja", view=view, **values)
            pages[language.folder + view.file(suffix)] = page
    return pages


def _facts(sketcher: Sketcher) -> dict[str, object]:
    """What templates show of the model, in any language."""
    return {
        "site": TITLE,
        "views": VIEWS,
        "languages": languages(),
        "card": sketcher.card,
        "examples": [
            (sketch.category or sketch.name or "", strokes_in_middle(sketch, fit=True))
            for sketch in examples_of_the_package()
        ],
        "can_complete": sketcher.can_complete,
        "can_generate": sketcher.can_generate,
        "attends_to_picture": sketcher.attends_to_picture,
        "can_classify": sketcher.can_classify,
        "maps": sketcher.gallery is not None,
    }


def write_studio(sketcher: Sketcher, folder: Path, *, address: str = "") -> None:
    """Write the studio of a model as files that any static host serves, at any address.

    Args:
        sketcher: The model.
        folder: An empty folder.
        address: Address at which it will be, if it is known.
    """
    for name, text in render_pages(sketcher, has_server=False, address=address).items():
        path = folder / (f"{name}index.html" if not name or name.endswith("/") else name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, file in static_files().items():
        if name.startswith("turing"):
            continue
        target = folder / static_prefix() / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    (folder / "model").mkdir()
    for name, content in sketcher.bundle.files.items():
        (folder / "model" / name).write_bytes(content)
    (folder / "manifest.webmanifest").write_bytes(manifest())
    (folder / "service-worker.js").write_text(_service_worker(folder), encoding="utf-8")


def manifest() -> bytes:
    """Return the manifest of a web app, with which the studio can be installed."""
    icons = (("icon.svg", "any", "svg+xml"), ("icon-512.png", "512x512", "png"))
    content = {
        "id": "./",
        "name": TITLE,
        "short_name": "Sketch",
        "description": SUMMARY,
        "start_url": "./",
        "display": "standalone",
        "background_color": "#faf8f4",
        "theme_color": "#faf8f4",
        "icons": [
            {"src": static_prefix() + name, "sizes": sizes, "type": f"image/{kind}"}
            for name, sizes, kind in icons
        ],
    }
    return json.dumps(content).encode()


def _service_worker(folder: Path) -> str:
    """The script that keeps the files of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    version = hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files))
    names = [path.relative_to(folder).as_posix() for path in files]
    names += [f"./{name.removesuffix('index.html')}" for name in names if "index.html" in name]
    body = (STATIC / "studio" / "offline.js").read_text(encoding="utf-8")
    return f'const VERSION = "{version.hexdigest()}", FILES = {json.dumps(names)};\n\n{body}'


def examples_of_the_package() -> list[Sketch]:
    """Read the drawings that come with the package, but for those that are only started."""
    with resources.as_file(resources.files("sketch_pix2seq").joinpath("examples")) as folder:
        whole = (path for path in sorted(folder.iterdir()) if not path.name.startswith("started"))
        return [sketch for path in whole for sketch in read_sketches(path)]
