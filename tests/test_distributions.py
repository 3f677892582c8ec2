"""What users get: the wheel holds the package, the sdist all that its own checks need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import check_release
import pytest

import sketch_pix2seq

ROOT = Path(__file__).parents[1]
BUILD = """
import sys
from hatchling.build import build_sdist, build_wheel
build_sdist(sys.argv[1])
build_wheel(sys.argv[1])
"""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built as pip would build them."""
    out = tmp_path_factory.mktemp("distributions")
    command = [sys.executable, "-c", BUILD, str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def unpacked(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist."""
    folder = tmp_path_factory.mktemp("unpacked")
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


def paths(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_sdist_holds_what_the_repository_holds(unpacked: Path) -> None:
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    names = found.stdout.splitlines()
    # bundles/ holds weights of a training under way, to go on from: nothing that is distributed
    kept = {name for name in names if (ROOT / name).exists() and not name.startswith("bundles/")}
    assert kept - paths(unpacked) == set()
    built = paths(unpacked) - kept
    assert {name for name in built if not name.startswith(("src/", "tests/"))} == {"PKG-INFO"}


def test_the_wheel_holds_the_package_and_nothing_else(distributions: Path, unpacked: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        script = archive.read(entry_points).decode()
    package = {name for name in names if ".dist-info/" not in name}
    assert package == {f"sketch_pix2seq/{name}" for name in paths(unpacked / "src/sketch_pix2seq")}
    assert {"sketch_pix2seq/py.typed", "sketch_pix2seq/__main__.py"} <= package
    assert "sketch-pix2seq = sketch_pix2seq.__main__:run" in script
    assert wheel.name == f"sketch_pix2seq-{sketch_pix2seq.__version__}-py3-none-any.whl"


@pytest.mark.slow
def test_the_sdist_passes_its_own_checks(unpacked: Path) -> None:
    for command in (
        ["mypy", "--cache-dir", str(unpacked / ".mypy_cache")],
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["pytest", "-q", "-p", "no:cacheprovider", "tests/test_docs.py", "tests/test_extras.py"],
        [
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/sketch/test_guidance.py",
            "tests/test_demo.py",
        ],
    ):
        environment = {**os.environ, "PYTHONPATH": str(unpacked / "src")}
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=unpacked,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_wheel_draws_with_every_python(
    version: str, distributions: Path, tmp_path: Path
) -> None:
    python = _python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    wheel, _, _ = check_release.found(distributions)
    check_release.check_draws(wheel, tmp_path, python)


@pytest.mark.slow
def test_the_sdist_draws(distributions: Path, tmp_path: Path) -> None:
    _, source, _ = check_release.found(distributions)
    check_release.check_draws(source, tmp_path, sys.executable)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_npm_package_is_whole(tmp_path: Path) -> None:
    library = ROOT / "src" / "sketch_pix2seq" / "web" / "static" / "sketch"
    command = ["npm", "pack", "--silent", "--offline", "--pack-destination", str(tmp_path)]
    subprocess.run(command, cwd=library, check=True, capture_output=True)
    (package,) = tmp_path.glob("*.tgz")
    check_release.check_npm(package)


def _python(version: str) -> str | None:
    """A Python of a version that runs: pyenv has names on the path for those that do not."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for place in (shutil.which(f"python{version}"), *map(str, kept)):
        if (
            place
            and subprocess.run([place, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            return place
    return None
