"""How Sphinx makes the site; `website.build` runs it over the pages that it has laid out."""

from sketch_pix2seq import __version__

project = "sketch-pix2seq"
author = "the sketch-pix2seq contributors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx wants this name
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
myst_heading_anchors = 4
default_role = "code"
smartquotes = False
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_rtype = False
nitpicky = False

html_theme = "furo"
pygments_style = "friendly"
pygments_dark_style = "monokai"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "../src/sketch_pix2seq/web/static/icon.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#a3350f", "color-brand-content": "#a3350f"},
    "dark_css_variables": {"color-brand-primary": "#ff9d73", "color-brand-content": "#ff9d73"},
    "navigation_with_keys": False,
}
