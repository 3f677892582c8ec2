"""The page Mine: what was drawn is kept on this device, and can be carried on and deleted."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from accessibility import violations
from studio_pages import all_drawn, draw_circle, saved


def drawn_and_kept(studio: str, page: Page) -> None:
    """Draw something on the page Redraw, and open Mine."""
    page.goto(studio)
    all_drawn(page)
    draw_circle(page)
    all_drawn(page)
    page.get_by_role("link", name="Mine").click()


def test_what_was_drawn_is_kept_newest_first(package_studio: str, sheet: Page) -> None:
    sheet.goto(package_studio)
    all_drawn(sheet)
    sheet.get_by_role("link", name="Mine").click()
    expect(sheet.get_by_text("Nothing yet")).to_be_visible()  # the example was not theirs
    drawn_and_kept(package_studio, sheet)
    entries = sheet.locator(".entry")
    expect(entries).to_have_count(1)
    expect(entries.first.locator(".sheet-card")).to_have_count(7)
    assert violations(sheet) == []
    sheet.get_by_role("link", name="Redraw").click()
    all_drawn(sheet)
    draw_circle(sheet)  # goes on with the same drawing
    all_drawn(sheet)
    sheet.get_by_role("link", name="Mine").click()
    expect(entries).to_have_count(1)
    expect(entries.first.locator(".own path")).to_have_count(2)
    sheet.get_by_role("link", name="Draw by name").click()
    all_drawn(sheet)
    sheet.locator("[data-word=owl]").click()
    expect(sheet.locator("#status")).to_have_text("6 drawings of: owl.")
    sheet.get_by_role("link", name="Mine").click()
    expect(sheet.locator(".entry h2")).to_have_text(["Drawn by name: owl", "Redrawn: circle"])
    entries.first.locator(".sheet-card").nth(3).click()
    expect(sheet.locator("#viewer-title")).to_have_text("Drawing 4")
    assert saved(sheet, "gif").name == "owl-drawing-4-seed-0.gif"
    sheet.get_by_role("button", name="Complete it").click()
    sheet.wait_for_url("**/complete")
    all_drawn(sheet)
    expect(sheet.locator("#yours")).to_have_text("Your drawing")


def test_deleted_drawings_can_be_brought_back(studio: str, sheet: Page) -> None:
    drawn_and_kept(studio, sheet)
    entries = sheet.locator(".entry")
    sheet.get_by_role("button", name="Delete: Redrawn").click()
    expect(entries).to_have_count(0)
    expect(sheet.get_by_label("Keep what I draw")).to_be_focused()  # not nowhere
    sheet.get_by_role("button", name="Bring back").click()
    expect(entries).to_have_count(1)
    sheet.evaluate(
        """async () => {
          const { keep } = await import("/static/studio/keeping.js");
          const drawings = [{ drawn: [[[1, 9], [0, 9]]] }];
          await keep({ task: "drawing", drawings, title: "another", options: {} });
        }"""
    )
    sheet.reload()
    expect(entries).to_have_count(2)
    delete = sheet.get_by_role("button", name="Delete: ").first
    delete.evaluate("(button) => { button.click(); button.click(); }")  # counts once
    expect(entries).to_have_count(1)
    expect(sheet.locator("#note")).to_have_text("Deleted.")
    delete.click()
    expect(entries).to_have_count(0)
    expect(sheet.locator("#note")).to_have_text("Deleted: 2.")
    sheet.get_by_role("button", name="Bring back").click()  # both
    expect(entries).to_have_count(2)
    sheet.get_by_role("button", name="Delete all").click()
    expect(entries).to_have_count(0)
    sheet.reload()
    expect(sheet.get_by_text("Nothing yet")).to_be_visible()


def test_nothing_is_kept_if_that_is_not_wanted(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/mine")
    sheet.get_by_label("Keep what I draw").uncheck()
    drawn_and_kept(studio, sheet)
    expect(sheet.get_by_label("Keep what I draw")).not_to_be_checked()
    expect(sheet.get_by_text("Nothing yet")).to_be_visible()
    sheet.get_by_role("link", name="Redraw").click()
    all_drawn(sheet)
    sheet.locator(".sheet-card").first.click()
    sheet.get_by_role("button", name="Keep in Mine").click()
    expect(sheet.locator("#viewer-status")).to_have_text("It is in Mine now.")
    sheet.goto(f"{studio}/mine")
    expect(sheet.locator(".entry")).to_have_count(1)


def test_the_oldest_make_way(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/mine")
    newest = sheet.evaluate(
        """async () => {
          const { MAX_KEPT, entries, keep } = await import("/static/studio/keeping.js");
          const drawing = (x) => ({ drawn: [[[x, 9], [0, 9.123]]] });
          for (let i = 0; i < MAX_KEPT + 3; i++) {
            await keep({ task: "drawing", drawings: [drawing(i)], title: String(i), options: {} });
          }
          const kept = await entries();
          return [kept.length, kept[0].title, kept.at(-1).title, kept[0].drawings[0].drawn[0][1]];
        }"""
    )
    assert newest == [200, "202", "3", [0, 9.1]]


def test_drawings_are_kept_after_the_browsers_data_were_cleared(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    all_drawn(sheet)
    cleared = {"origin": studio, "storageTypes": "indexeddb"}
    sheet.context.new_cdp_session(sheet).send("Storage.clearDataForOrigin", cleared)
    draw_circle(sheet)
    all_drawn(sheet)
    sheet.get_by_role("link", name="Mine").click()
    expect(sheet.locator(".entry .own path")).to_have_count(2)
