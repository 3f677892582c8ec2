"""Build the site: the documents, references made of the sources, and the studio.

    python -m website.build [FOLDER]

Writes `site/` if no folder is given. A site that is there is replaced, anything else is refused.
Warnings of Sphinx and links that lead nowhere are errors. Nothing is fetched, and the pages load
nothing from elsewhere. Needs the extra `docs`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

from sketch_pix2seq import Sketcher
from sketch_pix2seq.web.studio.pages import write_studio
from website.links import faults
from website.pages import ROOT, STUDIO, lay_out
from website.references import references

INVENTORY = "objects.inv"
"""A file that Sphinx writes into every site."""


def main() -> None:
    """Build it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "site")
    folder = parser.parse_args().folder
    build(folder)
    print(folder / "index.html")


def build(folder: Path) -> None:
    """Build the site.

    Args:
        folder: Where to; a site that is there is replaced.

    Raises:
        SystemExit: If something else is there, Sphinx warns, or a link leads nowhere.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / INVENTORY).exists():
        sys.exit(f"`{folder}` must be a new folder, or a site that is to be replaced")
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as kept:
        source = Path(kept)
        lay_out(source / "pages", references())
        options = ["-q", "-W", "--keep-going", "-c", str(ROOT / "website")]
        doctrees = ["-d", str(source / "doctrees")]
        if build_main([*options, *doctrees, str(source / "pages"), str(folder)]):
            sys.exit("the documents have faults: see above")
    (folder / ".buildinfo").unlink(missing_ok=True)
    (folder / STUDIO).mkdir()
    write_studio(Sketcher.load(num_threads=1), folder / STUDIO)
    if found := faults(folder):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
