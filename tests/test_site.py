"""The site: it is built without warnings, its links lead somewhere, and its pages' code runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from draw_pages import DOCS, MADE, PAGES, run_page

from misbehaving_server import File, misbehaving_server
from sketch_pix2seq import Sketcher

pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
pytest.importorskip("furo", reason="the extra `docs` is not installed")
pytest.importorskip("myst_parser", reason="the extra `docs` is not installed")

from benchmarks.synthetic import write_synthetic
from website.build import build
from website.http_reference import http_reference
from website.js_reference import javascript_reference
from website.links import faults
from website.pages import NAVIGATION, STUDIO, documents, place_of
from website.references import command_reference

ROOT = DOCS.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does; warnings and links that lead nowhere end it."""
    folder = tmp_path_factory.mktemp("site") / "site"
    ended = subprocess.run(
        [sys.executable, "-m", "website.build", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_a_folder_of_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(SystemExit, match="must be a new folder, or a site"):
        build(tmp_path)
    assert (tmp_path / "precious").exists()


@pytest.mark.slow
def test_it_has_every_document_and_the_studio(site: Path) -> None:
    for source in documents():
        assert (site / place_of(source)).with_suffix(".html").is_file(), source
    home = (site / "index.html").read_text(encoding="utf-8")
    assert f'href="{STUDIO}/index.html"' in home
    assert "moving.svg" in home
    assert (site / STUDIO / "model" / "weights.safetensors").is_file()


@pytest.mark.slow
def test_its_python_reference_has_the_public_methods(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text(encoding="utf-8")
    for name in ("Sketcher.redraw", "Sketch.to_svg", "Classifier.load", "read_sketches"):
        assert re.search(rf'id="sketch_pix2seq\.[\w.]*{name}"', text), name
    assert "DrawingError" in text


def test_its_other_references_are_made_of_the_sources() -> None:
    commands = command_reference()
    assert re.search(r"^## turing serve$", commands, re.MULTILINE)
    assert "`--best-of INT`" in commands
    script = javascript_reference()
    for heading in ("Sketcher.load(url, options)", "trace(image, options)", "DrawingOptions"):
        assert re.search(rf"^#+ {re.escape(heading)}$", script, re.MULTILINE), heading
    assert "_worker" not in script
    http = http_reference(Sketcher.load(num_threads=1))
    assert "## POST /api/redraw" in http
    assert re.search(r"^\| `n` \| .* \| `\d+` \|", http, re.MULTILINE)


def test_wrong_links_and_foreign_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="gone.html">a</a><a href="#nowhere">b</a><a id="here" href="#here">c</a>'
        '<a href="https://example.org">d</a><img src="//example.org/e.png">'
        '<script src="https://example.org/f.js"></script>'
    )
    found = "\n".join(faults(tmp_path))
    assert len(found.splitlines()) == 4
    for word in ("gone.html", "#nowhere", "e.png", "f.js"):
        assert word in found


def test_every_page_of_the_navigation_is_there() -> None:
    named = [source for sources in NAVIGATION.values() for source in sources]
    assert len(set(named)) == len(named)
    assert {one for one in named if not one.startswith("reference/")} <= set(documents())


def test_every_decision_is_listed() -> None:
    folder = DOCS / "decisions"
    listed = re.findall(r"\]\((.+?)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))


def test_made_pictures_are_those_that_pages_show() -> None:
    shown = {
        name
        for page in PAGES
        for name in re.findall(r"images/made/([\w.-]+)", (DOCS / page).read_text(encoding="utf-8"))
    }
    assert shown == {path.name for path in MADE.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("page", ["cookbook.md", "gallery.md", "start/artist.md"])
def test_the_pages_code_runs(page: str, tmp_path: Path) -> None:
    run_page(DOCS / page, tmp_path)


def test_the_plotter_page_runs(tmp_path: Path) -> None:
    pytest.importorskip("ezdxf", reason="the extra `dxf` is not installed")
    (traced,) = run_page(DOCS / "start" / "plotter.md", tmp_path)
    assert 'width="180mm"' in traced.read_text(encoding="utf-8")
    assert (tmp_path / "teapot.dxf").stat().st_size > 1000


@pytest.mark.slow
def test_the_researchers_page_runs(tmp_path: Path) -> None:
    def short(block: str) -> str:
        return block.replace("num_steps=300", "num_steps=3").replace("-n 300", "-n 60")

    run_page(DOCS / "start" / "researcher.md", tmp_path, short)
    assert (tmp_path / "compared" / "report.html").is_file()


@pytest.mark.slow
def test_the_teachers_page_runs(tmp_path: Path) -> None:
    bucket = {}
    for name, shape in (("cat", "circle"), ("pig", "spiral"), ("alarm clock", "square")):
        (file,) = write_synthetic(tmp_path / "files", num=120, seed=0, categories=[shape])
        bucket[f"/full/simplified/{name}.ndjson"] = File(file.read_bytes())
        bucket[f"/full/simplified/{name.replace(' ', '%20')}.ndjson"] = File(file.read_bytes())
        shutil.rmtree(tmp_path / "files")
    with misbehaving_server() as server:
        server.files = bucket
        address = f"--base-url {server.address}"

        def change(block: str) -> str:
            """Fetch from here; leave the results out, as nobody has voted."""
            block = re.sub(r"^sketch-pix2seq turing results.*$", "", block, flags=re.MULTILINE)
            return block.replace("--dest drawings", f"--dest drawings {address}")

        run_page(DOCS / "start" / "teacher.md", tmp_path, change)
    assert (tmp_path / "class-studio" / "index.html").is_file()
    assert (tmp_path / "class-study" / "study.json").is_file()
