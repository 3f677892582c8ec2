"""The references, made of the sources: commands, Python, JavaScript, HTTP."""

from __future__ import annotations

import re

import sketch_pix2seq
from sketch_pix2seq import Sketcher
from sketch_pix2seq.cli.app import build_app
from website.http_reference import http_reference
from website.js_reference import javascript_reference

_PYTHON = {
    "Sketch": "sketch_pix2seq.sketch.sketch",
    "Sketcher": "sketch_pix2seq.inference.sketcher",
    "Classifier": "sketch_pix2seq.inference.classifier",
    "Prediction": "sketch_pix2seq.inference.sketcher",
}


def references() -> dict[str, str]:
    """Return the pages of `reference/`: place in the site and text."""
    return {
        "reference/command-line.md": command_reference(),
        "reference/python.md": python_reference(),
        "reference/javascript.md": javascript_reference(),
        "reference/http.md": http_reference(Sketcher.load(num_threads=1)),
    }


def command_reference() -> str:
    """What `--help` says of every verb."""
    text = build_app().generate_docs(output_format="markdown", recursive=True)
    body = text[text.index("## sketch-pix2seq draw") :]
    body = re.sub(r"^## sketch-pix2seq --install-completion.*", "", body, flags=re.DOTALL | re.M)
    return (
        "# Command line\n\n"
        "What `--help` says, made of the sources. [Every command and flag](../commands.md) says"
        f" more of each.\n\n{_with_plain_headings(body)}"
    )


def _with_plain_headings(text: str) -> str:
    """Headings of one level, without the command's name."""
    return re.sub(r"^#+ sketch-pix2seq ", "## ", text, flags=re.MULTILINE)


def python_reference() -> str:
    """The public names and what their docstrings say."""
    classes = "\n".join(
        f"## {name}\n\n```{{eval-rst}}\n.. autoclass:: {module}.{name}\n   :members:\n"
        f"   :inherited-members: object\n```\n"
        for name, module in _PYTHON.items()
    )
    errors = "\n".join(
        f".. autoexception:: sketch_pix2seq.errors.{name}\n   :show-inheritance:\n"
        for name in sketch_pix2seq.__all__
        if name.endswith("Error")
    )
    return (
        "# Python\n\n"
        "`from sketch_pix2seq import Sketch, Sketcher, Classifier, read_sketches` and the errors."
        " Shapes have letters: B drawings, T steps, Z the length of a latent code.\n\n"
        "## read_sketches\n\n"
        "```{eval-rst}\n.. autofunction:: sketch_pix2seq.io.reading.read_sketches\n```\n\n"
        f"{classes}\n## Errors\n\n```{{eval-rst}}\n{errors}```\n"
    )
