"""Pages: templates of the package filled in, everything escaped.

Templates hold no script and no style: those are files under `static/`, as the sites'
Content-Security-Policy asks for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from sketch_pix2seq import __version__

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Fill in a template.

    Args:
        request: Who asks; templates see it as `request`.
        template: Its name below `templates/`.
        status: Of HTTP.
        **values: What the template shows.
    """
    site = request.app.title
    text = _environment().get_template(template)
    return HTMLResponse(
        text.render(request=request, site=site, version=__version__, **values), status
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
