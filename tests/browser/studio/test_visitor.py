"""What tests of the studio rely on: nobody who comes has been there before."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

LEAVE = """async () => {
  const left = [document.cookie, localStorage.length, sessionStorage.length];
  left.push((await indexedDB.databases()).length, (await caches.keys()).length);
  const { state } = await navigator.permissions.query({ name: "clipboard-read" });
  document.cookie = "here=yes; max-age=900";
  localStorage.here = sessionStorage.here = "yes";
  await caches.open("here");
  await new Promise((done) => (indexedDB.open("here", 1).onsuccess = done));
  return [...left, state];
}"""


@pytest.mark.parametrize("visit", [1, 2])
def test_a_visitor_has_no_past(studio: str, sheet: Page, visit: int) -> None:
    sheet.goto(f"{studio}/static/nothing")
    sheet.evaluate("sessionStorage.clear()")  # that of `FIRST_TRY`
    before = sheet.evaluate(LEAVE)
    sheet.context.grant_permissions(["clipboard-read"])
    assert before == ["", 0, 0, 0, 0, "prompt"]
