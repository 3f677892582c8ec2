"""Inkscape extension: the lines of pictures become strokes where the pictures lie.

Inkscape calls it with `--id` of each selected object and the document's path, and reads the new
document from standard output. Needs Python's own library and the command `sketch-pix2seq`.
"""

from __future__ import annotations

import argparse
import base64
import copy
import subprocess
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
NAMES = {
    "": SVG,
    "xlink": XLINK,
    "inkscape": "http://www.inkscape.org/namespaces/inkscape",
    "sodipodi": "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
}


def main() -> None:
    """Add the strokes of the selected pictures, or of all, behind each of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--id", action="append", default=[])
    parser.add_argument("--command", default="sketch-pix2seq")
    parser.add_argument("document", type=Path)
    options, _ = parser.parse_known_args()
    for prefix, name in NAMES.items():
        ET.register_namespace(prefix, name)
    tree = ET.parse(options.document)
    parents = {child: parent for parent in tree.iter() for child in parent}
    images = [one for one in parents if one.tag == f"{{{SVG}}}image"]
    chosen = [one for one in images if not options.id or one.get("id") in options.id]
    if not chosen:
        sys.exit("Select a picture, or put one into the document.")
    for image in chosen:
        group = placed(image, traced(picture_of(image, options.document), options.command))
        parent = parents[image]
        parent.insert(list(parent).index(image) + 1, group)
    tree.write(sys.stdout.buffer, encoding="UTF-8", xml_declaration=True)


def picture_of(image: ET.Element, document: Path) -> bytes:
    """The content of the picture file, which stands in the document or beside it."""
    link = image.get(f"{{{XLINK}}}href") or image.get("href") or ""
    if link.startswith("data:"):
        return base64.b64decode(link.partition(",")[2])
    parts = urllib.parse.urlsplit(link)
    if parts.scheme not in ("", "file"):
        sys.exit("A picture must be a file, or be embedded.")
    return (document.parent / urllib.request.url2pathname(parts.path)).read_bytes()


def traced(picture: bytes, command: str) -> ET.Element:
    """The strokes of a picture, as an SVG."""
    try:
        done = subprocess.run(
            [command, "trace", "-", "--no-straighten", "--out", "-"],
            input=picture,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        sys.exit(f"There is no command `{command}`. Give its whole path.")
    if done.returncode:
        sys.exit(done.stderr.decode(errors="replace"))
    return ET.fromstring(done.stdout)


def placed(image: ET.Element, strokes: ET.Element) -> ET.Element:
    """The groups of an SVG, moved and scaled to where the picture lies."""
    _, _, width, height = map(float, strokes.get("viewBox", "0 0 1 1").split())
    x, y = (number(image.get(name, "0")) for name in ("x", "y"))
    across = number(image.get("width", "0")) / width or 1.0
    down = number(image.get("height", "0")) / height or 1.0
    if not image.get("preserveAspectRatio", "").startswith("none"):  # in the middle of its box
        scale = min(across, down)
        x += (across - scale) * width / 2
        y += (down - scale) * height / 2
        across = down = scale
    group = ET.Element(f"{{{SVG}}}g")
    own = image.get("transform", "")
    group.set("transform", f"{own} translate({x:g} {y:g}) scale({across:g} {down:g})".strip())
    group.extend(copy.deepcopy(child) for child in strokes if child.tag == f"{{{SVG}}}g")
    return group


def number(text: str) -> float:
    """A length in the document's units; Inkscape writes pictures' sizes without a unit."""
    return float(text.removesuffix("px") or 0)


if __name__ == "__main__":
    main()
