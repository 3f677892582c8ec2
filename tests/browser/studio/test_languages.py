"""The studio in the language that its visitor's browser prefers, or that was chosen."""

from __future__ import annotations

import re

import numpy as np
from playwright.sync_api import Browser, Page, expect

from benchmarks.tracing import png
from studio_pages import FIRST_TRY, all_drawn


def test_browsers_that_prefer_german_get_german(studio: str, browser: Browser) -> None:
    with browser.new_context(locale="de-AT", reduced_motion="reduce") as visitor:
        visitor.add_init_script(FIRST_TRY)
        page = visitor.new_page()
        page.goto(f"{studio}/name")
        page.wait_for_url(f"{studio}/de/name")
        all_drawn(page)
        page.get_by_role("combobox", name="Wort").fill("katze")
        page.keyboard.press("Enter")
        expect(page.locator("#status")).to_have_text("6 Zeichnungen von: Katze.")
        page.locator(".sheet-card").first.click()
        expect(page.locator("#viewer-title")).to_have_text("Zeichnung 1")
        page.get_by_role("button", name="Vollenden").click()
        page.wait_for_url(f"{studio}/de/complete")
        all_drawn(page)
        page.get_by_label("Das soll es werden").fill("Hund")
        page.keyboard.press("Tab")
        all_drawn(page)
        expect(page.locator("#notice")).to_have_class("notice")  # it knows the word
        page.get_by_role("link", name="English").click()
        expect(page.locator("h1")).to_have_text("Start a drawing. The model completes it.")
        page.goto(studio)
        expect(page.locator("html")).to_have_attribute("lang", "en")  # as it was chosen


def test_german_has_decimal_commas(studio: str, browser: Browser) -> None:
    with browser.new_context(locale="de", reduced_motion="reduce") as visitor:
        page = visitor.new_page()
        page.goto(f"{studio}/de/mix")
        expect(page.locator("output[for=temperature]")).to_have_text("0,20")
        expect(page.locator("#loading p")).to_have_text(re.compile(r"wird geladen, \d+ MB"))
        page.goto(f"{studio}/de/trace")
        expect(page.locator("output[for=smoothing]")).to_have_text("0,1 × Linienbreite")
        expect(page.locator("output[for=detail]")).to_have_text("auf 0,5 px genau")


def test_others_stay_with_english_until_they_choose(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/mine")
    sheet.get_by_role("link", name="Deutsch").click()
    expect(sheet.locator("h1")).to_have_text("Was du gezeichnet und bekommen hast.")
    expect(sheet.locator("#bound")).to_have_text("Die neuesten 200 werden aufbewahrt.")
    sheet.goto(f"{studio}/mine")
    sheet.wait_for_url(f"{studio}/de/mine")


def test_what_the_library_says_is_said_in_german(studio: str, browser: Browser) -> None:
    line = '<path d="M0 0h9v9" fill="none" stroke="red"/><text>a</text><text>b</text>'
    texts = f'<svg xmlns="http://www.w3.org/2000/svg">{line}</svg>'.encode()
    grey = png(np.full((90, 90), 200, np.uint8))
    with browser.new_context(locale="de", reduced_motion="reduce") as visitor:
        visitor.add_init_script(FIRST_TRY)
        page = visitor.new_page()
        page.goto(f"{studio}/de/")
        all_drawn(page)
        page.locator("#file").set_input_files(
            {"name": "a.svg", "mimeType": "image/svg+xml", "buffer": texts}
        )
        expect(page.locator("#note")).to_contain_text("Weggelassen: 2 x Text.")
        page.locator("#file").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": grey}
        )
        expect(page.locator("#trouble")).to_have_text(
            "Ein Bild muss Linien zeigen; hier eine einzige Farbe."
            " Nimm ein Bild von Linien auf Papier."
        )


def test_german_pages_know_the_models_own_words_too(studio: str, browser: Browser) -> None:
    with browser.new_context(locale="de", reduced_motion="reduce") as visitor:
        visitor.add_init_script(FIRST_TRY)
        page = visitor.new_page()
        page.goto(f"{studio}/de/name")
        field, cards = page.get_by_role("combobox", name="Wort"), page.locator(".word-card:visible")
        for typed in ("octop", "Krak"):
            field.fill(typed)
            expect(cards).to_have_text(["Krake"])
        field.fill("ant")  # which a diamond has in its German name
        expect(cards.filter(has_text="Diamant")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator("#shown-word")).to_have_text("Ameise")
