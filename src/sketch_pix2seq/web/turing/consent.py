"""A study's own consent text: Markdown in which nothing runs and nothing is loaded."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_FIRST_HEADING = 3  # the page has the ones above


def consent_html(text: str) -> Markup:
    r"""Lay out a text in Markdown as HTML.

    HTML in it is shown as it is written, addresses of scripts are no links, pictures are left out.

    Example:
        >>> consent_html("# Who we are\n<b>")
        Markup('<h3>Who we are</h3>\n<p>&lt;b&gt;</p>\n')
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _FIRST_HEADING - 1)}"
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # escaped by the renderer
