"""What a release says of itself is the same everywhere, and true on an index."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from sketch_pix2seq import __version__

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def metadata() -> ProjectMetadata[PluginManager]:
    """What the packages say of themselves."""
    return ProjectMetadata(str(ROOT), PluginManager())


def test_all_name_the_same_version(metadata: ProjectMetadata[PluginManager]) -> None:
    package = ROOT / "src" / "sketch_pix2seq" / "web" / "static" / "sketch" / "package.json"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert metadata.version == __version__
    assert json.loads(package.read_bytes())["version"] == __version__
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [__version__]
    versions = re.findall(r"^## \[(.+?)\] - (unreleased|\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE)
    assert versions[0][0] == __version__
    assert len(versions) == len(re.findall(r"^## ", changelog, re.MULTILINE))


def test_what_an_index_shows_needs_no_file_of_the_repository(
    metadata: ProjectMetadata[PluginManager],
) -> None:
    shown = metadata.core.readme
    assert shown.startswith("# sketch-pix2seq")
    assert "```python" in shown
    assert "Made by" not in shown
    assert "![" not in shown
    links = re.findall(r"\]\(([^)]+)\)|(?:src|href)=\"([^\"]+)", shown)
    assert links
    assert all(link.startswith("https://") for pair in links for link in pair if link)


def test_every_python_that_is_named_is_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    tried = (ROOT / "tests" / "test_distributions.py").read_text(encoding="utf-8")
    assert "3.11" in named
    assert all(f'"{version}"' in tried for version in named)
