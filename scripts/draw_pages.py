"""Make the pictures of the gallery and the tutorials by running what their pages say.

    python scripts/draw_pages.py

A picture `docs/images/made/NAME` of a page is the file NAME that the page's commands and Python
write. The tests run the same pages.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sketch_pix2seq.cli.app import main as command

DOCS = Path(__file__).parents[1] / "docs"
MADE = DOCS / "images" / "made"
PAGES = ("gallery.md", "start/artist.md", "start/plotter.md")
"""Those with pictures that are made so."""


def main() -> None:
    """Make them."""
    MADE.mkdir(exist_ok=True)
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            for path in run_page(DOCS / page, Path(folder)):
                print(shutil.copyfile(path, MADE / path.name))


def run_page(page: Path, folder: Path, change: Callable[[str], str] = str) -> list[Path]:
    """Run a page's commands of this package and its Python, one after another, in a folder.

    Other commands, those that run until they are ended, and those that only ask for help of other
    programs are left out.

    Args:
        page: Markdown with blocks of `sh` and `python`; the latter share their names.
        folder: Where to.
        change: Called with each line of `sh`, such as to make a training short.

    Returns:
        The pictures that the page shows as its own, where they were written.

    Raises:
        RuntimeError: If a command fails, or a picture is not written.
    """
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    with _inside(folder):
        for language, block in re.findall(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.M):
            if language == "python":
                exec(compile(block, str(page), "exec"), names)
            else:
                _run_lines(change(block))
    pictures = []
    for name in re.findall(r"\((?:\.\./)?images/made/([\w-]+\.\w+)\)", text):
        found = sorted(folder.rglob(name))
        if not found:
            raise RuntimeError(f"{page.name}: `{name}` was not written")
        pictures.append(found[0])
    return pictures


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run_lines(block: str) -> None:
    """Run the lines that call this package's command and end by themselves."""
    for line in block.replace("\\\n", " ").splitlines():
        program, *words = shlex.split(line, comments=True) or [""]
        serves = words[:2] == ["turing", "serve"] or (
            words[:1] == ["studio"] and "--export" not in words
        )
        if program == "sketch-pix2seq" and not serves and command(words):
            raise RuntimeError(f"failed: {line}")


if __name__ == "__main__":
    main()
