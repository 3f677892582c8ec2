"""Check what a release consists of: names, versions, and that each package works by itself.

    python scripts/check_release.py FOLDER [--tag v0.2.0]

FOLDER is what `make dist` wrote. The wheel and the source distribution are installed into fresh
environments, which fetches what they need; each draws. Exit status 1 if something is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from sketch_pix2seq import __version__

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tag")
    options = parser.parse_args()
    wheel, source, npm = found(options.folder.resolve())
    if options.tag not in (None, f"v{__version__}"):
        sys.exit(f"the tag is {options.tag}, the version {__version__}")
    if npm is not None:
        check_npm(npm)
    for package in (wheel, source):
        with tempfile.TemporaryDirectory() as folder:
            check_draws(package, Path(folder), sys.executable)
        print(f"{package.name} draws")


def found(folder: Path) -> tuple[Path, Path, Path | None]:
    """Return the wheel, the source distribution and, if it was made, the npm package."""
    wheel = folder / f"sketch_pix2seq-{__version__}-py3-none-any.whl"
    source = folder / f"sketch_pix2seq-{__version__}.tar.gz"
    npm = folder / f"sketch-pix2seq-{__version__}.tgz"
    for path in (wheel, source):
        if not path.is_file():
            sys.exit(f"{path} is missing")
    return wheel, source, npm if npm.is_file() else None


def check_npm(package: Path) -> None:
    """Check that the npm package holds all modules of the library, and its version."""
    library = ROOT / "src" / "sketch_pix2seq" / "web" / "static" / "sketch"
    with tarfile.open(package) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
        card = archive.extractfile("package/package.json")
        assert card is not None
        version = json.load(card)["version"]
    missing = {path.name for path in library.iterdir() if path.is_file()} - names
    if missing or version != __version__:
        sys.exit(f"{package.name}: version {version}; missing: {sorted(missing)}")
    print(f"{package.name} is whole")


def check_draws(package: Path, folder: Path, python: str) -> Path:
    """Install a package into a fresh environment, and draw.

    Args:
        package: A wheel or a source distribution, with extras in brackets if need be.
        folder: An empty folder for the environment and the drawings.
        python: Which Python.

    Returns:
        The environment's Python.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str | Path) -> str:
        ended = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            sys.exit(f"{' '.join(map(str, command))}\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    run(python, "-m", "venv", "env")
    fresh = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    constraints = ROOT / "constraints.txt"
    run(fresh, "-m", "pip", "install", "--quiet", "--constraint", constraints, package)
    version = run(fresh, "-m", "sketch_pix2seq", "--version").strip()
    cat = ROOT / "src" / "sketch_pix2seq" / "examples" / "cat.svg"
    drawn = run(fresh, "-m", "sketch_pix2seq", "draw", cat, "--best-of", "2").split()
    traced = run(fresh, "-m", "sketch_pix2seq", "trace", cat, "--format", "gif").split()
    if (version, drawn, traced) != (__version__, ["cat-redrawn.svg"], ["cat-traced.gif"]):
        sys.exit(f"{package.name}: {version}, {drawn}, {traced}")
    return fresh


if __name__ == "__main__":
    main()
