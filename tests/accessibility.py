"""What axe-core finds wrong with a page, light and dark."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


def violations(page: Page) -> list[str]:
    """Check the page as it is shown as soon as its stylesheets have come.

    Returns:
        A line for each rule that is broken.
    """
    page.wait_for_load_state("load")  # its text is there before
    found = []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for one in Axe().run(page, options=RULES).response["violations"]:
            places = "; ".join(node["html"][:120] for node in one["nodes"][:3])
            found.append(f"{scheme}: {one['impact']} {one['id']}, {len(one['nodes'])}x: {places}")
    return found
