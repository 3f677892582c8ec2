"""What is done amid something else, or soon after it: no drawing is lost."""

from __future__ import annotations

from playwright.sync_api import Browser, FilePayload, Page, expect

from studio_pages import all_drawn, copied_link, draw_circle, four_lines, open_pad

ARROW = FilePayload(
    name="arrow.svg",
    mimeType="image/svg+xml",
    buffer=b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99"><path fill="none" '
    b'stroke="#000" d="M9 50H90M70 30L90 50L70 70"/></svg>',
)
LATE_TRACES = """Worker.prototype.post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message) {
  setTimeout(() => this.post(message), message.method === "trace" ? 500 : 0);
};"""
HELD_BLENDS = """Worker.prototype.post = Worker.prototype.postMessage;
window.held = [];
Worker.prototype.postMessage = function (message) {
  if (window.holds && message.method === "mix") held.push(() => this.post(message));
  else this.post(message);
};"""
LATE_BITMAPS = """const decode = createImageBitmap;
globalThis.createImageBitmap = async (image, ...how) => {
  if (image.name === "late.png") await new Promise((done) => setTimeout(done, 800));
  return decode(image, ...how);
};"""


def press_on(page: Page, selector: str) -> None:
    """Begin a stroke with the mouse, and do not end it."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 100, steps=4)


def test_a_space_bar_that_is_held_draws_one_stroke(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    sheet.locator("#pad").focus()
    for _ in range(6):
        sheet.keyboard.down(" ")
    sheet.keyboard.press("ArrowRight")
    sheet.keyboard.up(" ")
    expect(sheet.locator("#pad path")).to_have_count(1)


def test_a_file_that_comes_amid_a_stroke_can_be_gone_back_from(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    sheet.get_by_role("button", name="Clear").click()
    press_on(sheet, "#pad")
    sheet.locator("#file").set_input_files(ARROW)
    expect(sheet.locator("#pad path")).to_have_count(2)
    sheet.mouse.up()
    sheet.get_by_role("button", name="Undo").click()
    expect(sheet.locator("#pad path")).to_have_count(1)


def test_of_two_files_the_last_one_is_read(studio: str, sheet: Page) -> None:
    sheet.add_init_script(LATE_TRACES)
    open_pad(sheet, studio)
    sheet.locator("#file").set_input_files(four_lines(300, 200, "late.png"))
    sheet.locator("#file").set_input_files(ARROW)
    expect(sheet.locator("#pad path")).to_have_count(2)
    sheet.wait_for_timeout(2000)
    expect(sheet.locator("#pad path")).to_have_count(2)


def test_of_two_pictures_the_last_one_is_traced(studio: str, sheet: Page) -> None:
    sheet.add_init_script(LATE_BITMAPS)
    sheet.goto(f"{studio}/trace")
    expect(sheet.locator("#found")).to_contain_text("13 strokes")
    sheet.locator("#file").set_input_files(four_lines(400, 200, "late.png"))
    sheet.locator("#file").set_input_files(four_lines(200, 400, "soon.png"))
    expect(sheet.locator("#found")).to_contain_text("4 strokes")
    sheet.wait_for_timeout(1000)
    expect(sheet.locator("#lines")).to_have_attribute("viewBox", "0 0 200 400")


def test_it_says_that_it_reads_until_it_has_read(studio: str, browser: Browser) -> None:
    with browser.new_context() as visitor:  # a clock is that of all pages
        page = visitor.new_page()
        page.clock.install()
        page.add_init_script(LATE_TRACES.replace("500", "60_000"))
        open_pad(page, studio)
        page.locator("#file").set_input_files(four_lines(300, 200, "late.png"))
        expect(page.locator("#note")).to_have_text("Reading the image …")
        page.clock.run_for(10_000)
        expect(page.locator("#notice")).to_have_class("notice shown note")


def test_the_drawing_under_the_viewer_stays(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    all_drawn(sheet)
    sheet.locator("[data-do=share]").click()
    sheet.keyboard.press("Control+z")
    sheet.evaluate(
        """text => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        ARROW["buffer"].decode(),
    )
    sheet.get_by_role("button", name="Close").click()
    expect(sheet.locator("#note")).to_have_text("")
    expect(sheet.locator("#pad path")).to_have_count(1)


def test_a_link_over_an_example_leaves_what_was_drawn_before(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    shared = copied_link(sheet)
    draw_circle(sheet)
    sheet.locator(".example").nth(1).click()
    expect(sheet.locator("#yours")).to_have_text("Example")
    sheet.evaluate("address => { location.href = address }", shared)
    expect(sheet.locator("#yours")).to_have_text("Your drawing")
    for _ in range(2):
        sheet.get_by_role("button", name="Undo").click()
    expect(sheet.locator("#pad path")).to_have_count(2)


def test_a_stroke_ends_the_blend_of_what_was_there_before(studio: str, sheet: Page) -> None:
    sheet.add_init_script(HELD_BLENDS)
    sheet.goto(f"{studio}/mix")
    workspace = sheet.locator("#workspace")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    sheet.evaluate("() => (window.holds = true)")
    draw_circle(sheet, "#first")
    sheet.wait_for_function("() => held.length === 1")
    press_on(sheet, "#first")
    sheet.evaluate("() => ((window.holds = false), held[0]())")
    sheet.wait_for_timeout(2500)
    expect(workspace).to_have_attribute("aria-busy", "true")
    sheet.mouse.up()
    expect(workspace).not_to_have_attribute("aria-busy", "true")


DROP = """(page, [selector, names, bytes]) => {
  const dataTransfer = new DataTransfer(), content = Uint8Array.from(bytes);
  for (const name of names) dataTransfer.items.add(new File([content], name));
  document.querySelector(selector).dispatchEvent(new DragEvent("drop", { dataTransfer }));
}"""


def test_of_several_dropped_files_it_is_said_which_was_read(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    note, page = sheet.locator("#note"), sheet.locator("html")
    arrow = list(ARROW["buffer"])
    page.evaluate(DROP, ["#pad-card", ["one.svg", "two.svg", "three.svg"], arrow])
    expect(note).to_contain_text("Lines found")
    expect(note).to_contain_text("Only “one.svg” was read; files left out: 2.")
    page.evaluate(DROP, ["#pad-card", ["one.svg"], arrow])
    expect(note).to_have_text("Lines found. Draw on, or clear them.")
    sheet.goto(f"{studio}/trace")
    expect(sheet.locator("#found")).to_contain_text("13 strokes")
    picture = list(four_lines(300, 200, "one.png")["buffer"])
    page.evaluate(DROP, ["#trace-card", ["one.png", "two.png"], picture])
    expect(note).to_have_text("Only “one.png” was read; files left out: 1.")
