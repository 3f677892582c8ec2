"""Which pages the site has, and how a document of the repository becomes one of them.

Documents stay where they lie and link to each other as on any host of repositories. Here their
links are set to the site's pages; files that are no pages are copied, and folders are zipped.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]

NAVIGATION = {
    "Start": ("docs/install.md", "docs/cookbook.md", "docs/gallery.md", "docs/notebooks.md"),
    "Five minutes for the": (
        "docs/start/artist.md",
        "docs/start/plotter.md",
        "docs/start/teacher.md",
        "docs/start/researcher.md",
    ),
    "Use": (
        "docs/photo-to-plotter.md",
        "docs/studio.md",
        "docs/turing.md",
        "docs/formats.md",
        "docs/many-drawings.md",
        "docs/many-devices.md",
        "docs/containers.md",
    ),
    "Reference": (
        "docs/commands.md",
        "reference/command-line.md",
        "reference/python.md",
        "docs/javascript.md",
        "reference/javascript.md",
        "reference/http.md",
        "docs/bundles.md",
    ),
    "Understand": (
        "docs/tour.md",
        "docs/comparison.md",
        "docs/evaluation.md",
        "src/sketch_pix2seq/bundles/default/README.md",
        "docs/results/README.md",
        "docs/results/trainings.md",
        "docs/results/default.md",
        "docs/results/default-lstm.md",
        "benchmarks/README.md",
        "docs/decisions/README.md",
        "docs/LOG.md",
    ),
    "Project": (
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "RELEASING.md",
        "docs/licences.md",
    ),
}
"""Pages by section: documents of the repository, and those of `reference/`, which are made."""

_TITLES = {
    "docs/start/artist.md": "Artist",
    "docs/start/plotter.md": "Owner of a plotter",
    "docs/start/teacher.md": "Teacher",
    "docs/start/researcher.md": "Researcher",
    "docs/javascript.md": "Drawing in a page",
    "reference/command-line.md": "Reference: command line",
    "reference/python.md": "Reference: Python",
    "reference/javascript.md": "Reference: JavaScript",
    "reference/http.md": "Reference: HTTP",
    "docs/turing.md": "Human or computer?",
    "docs/tour.md": "How it works",
    "src/sketch_pix2seq/bundles/default/README.md": "Model card",
    "docs/results/README.md": "Results: the paper's experiments",
    "docs/results/trainings.md": "Results: three trainings of each",
    "docs/results/default.md": "Results: the package's model",
    "docs/results/default-lstm.md": "Results: the LSTM before",
}
"""What the navigation calls a page, where its own title is too long."""

_PLACES = {
    "README.md": "index.md",  # its visitors are at home already
    "docs/LOG.md": "log.md",
    "src/sketch_pix2seq/bundles/default/README.md": "model-card.md",
    "benchmarks/README.md": "benchmarks.md",
    "docs/results/README.md": "results/index.md",
    "docs/decisions/README.md": "decisions/index.md",
    "docs/decisions": "decisions/index.md",
    "docs/results": "results/index.md",
}
_LEFT_OUT = ("docs/results/default-card.md",)  # a part of the model card, which is a page
STUDIO = "try"
"""Folder of the studio in the site."""

_TRY = (
    f'<p><a class="try" href="{STUDIO}/index.html">Try it here: draw, and the model draws</a></p>'
)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_FENCE = re.compile(r"^(```.*?^```[ \t]*$)", re.DOTALL | re.MULTILINE)


def place_of(source: str) -> str:
    """Return where the page of a document lies in the site, as Markdown.

    Args:
        source: Path in the repository, or in `reference/`.

    Example:
        >>> place_of("docs/tour.md"), place_of("CHANGELOG.md")
        ('tour.md', 'changelog.md')
    """
    if source in _PLACES:
        return _PLACES[source]
    return source.removeprefix("docs/") if "/" in source else source.lower()


def documents() -> list[str]:
    """Return the documents of the repository that are pages, as paths in it."""
    found = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    outside = [one for some in NAVIGATION.values() for one in some if not one.startswith("docs/")]
    return sorted({*found, *outside} - {*_LEFT_OUT, *filter(_is_made, outside)})


def lay_out(folder: Path, made: dict[str, str]) -> None:
    """Write all pages, and what they link to, into a new folder.

    Args:
        folder: Where to.
        made: Pages that are no documents: place in the site and text.

    Raises:
        FileNotFoundError: If a link leads nowhere.
    """
    pages = {source: place_of(source) for source in documents()}
    for source, place in pages.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        _write(folder / place, _with_links(text, source, pages, folder))
    for place, text in made.items():
        _write(folder / place, text)
    home = (folder / "index.md").read_text(encoding="utf-8")
    _write(folder / "index.md", home.replace("<!-- studio -->", _TRY) + _contents())
    with (folder / "decisions" / "index.md").open("a", encoding="utf-8") as file:
        file.write("\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n")


def _is_made(source: str) -> bool:
    return source.startswith("reference/")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _contents() -> str:
    """The site's navigation."""
    blocks = []
    for caption, sources in NAVIGATION.items():
        entries = "\n".join(map(_entry, sources))
        blocks.append(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n")
    return "".join(blocks)


def _entry(source: str) -> str:
    place = place_of(source).removesuffix(".md")
    return f"{_TITLES[source]} <{place}>" if source in _TITLES else place


def _with_links(text: str, source: str, pages: dict[str, str], folder: Path) -> str:
    """Set the links of a document, outside code, to what they mean in the site."""

    def set_link(found: re.Match[str]) -> str:
        target, hash_sign, anchor = found[2].partition("#")
        if ":" in target or not target:
            return found[0]
        inside = os.path.normpath((Path(source).parent / target).as_posix())
        place = pages.get(inside) or _PLACES.get(inside) or _copied(inside, folder)
        link = os.path.relpath(place, Path(place_of(source)).parent)
        return f"{found[1]}{link}{hash_sign}{anchor}{found[3]}"

    return _outside_code(text, lambda prose: _LINK.sub(set_link, prose))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else change(part) for part in parts)


def _copied(inside: str, folder: Path) -> str:
    """Copy a file of the repository into the site, or zip a folder; where it lies then."""
    path = ROOT / inside
    place = inside.removeprefix("docs/") if inside.startswith("docs/") else f"source/{inside}"
    if path.is_dir():
        place += ".zip"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / place, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(path.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(path.parent))
        return place
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / place)
    return place
