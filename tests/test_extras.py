"""How to install what is missing: true wherever the package came from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from sketch_pix2seq.errors import MissingExtraError
from sketch_pix2seq.extras import install_command, needs_extra

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_command_names_what_an_extra_needs_and_never_this_package(extra: str) -> None:
    def needed(name: str) -> set[str]:
        packages = set()
        for line in EXTRAS[name]:
            inside = re.fullmatch(r"sketch-pix2seq\[(.*)\]", line)
            packages |= set().union(*map(needed, inside[1].split(","))) if inside else {line}
        return packages

    command = install_command(extra)
    assert command.startswith("pip install '")
    assert "sketch" not in command
    names = {re.split(r"[<>=\[]", package)[0] for package in needed(extra)}
    assert {re.split(r"[<>=\[]", one)[0] for one in command.split("'")[1::2]} == names


def test_without_metadata_the_hint_names_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.extras._DISTRIBUTION", "no-such-distribution")
    assert "pip install" not in install_command("web")


def test_a_missing_module_is_a_line_with_the_command() -> None:
    wrong = pytest.raises(MissingExtraError, match=r"`no_such_module`.*extra `web`.*'fastapi>=")
    with wrong, needs_extra("web"):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def test_a_missing_module_of_ours_is_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError, match="nothing"), needs_extra("web"):
        import sketch_pix2seq.nothing  # type: ignore[import-not-found]  # noqa: F401


def test_no_document_or_message_names_this_package_to_an_index() -> None:
    places = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    for path in places:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install [^\n]*sketch-pix2seq(?!/)", text), path
