"""Takes the picture of the README: `python -m tests.browser.screenshot`."""

import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import chromium_path
from tests.browser.documents import Documents
from tests.browser.people import People, Person
from tests.support.server import RunningServer

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "editor.png"
WINDOW = {"width": 1280, "height": 640}
TITLE = "Release plan for spring"
INTRODUCTION = "We ship the new editor to everybody in March. What is left to do, who does it, and by when:"
MILESTONES = ("Milestone", "Date", "Who", "Public beta", "3 March", "Amelie")


def write(author: Person) -> None:
    """Fill the document."""
    author.write(f"{INTRODUCTION}\n## Before the release\n[] Load test with two hundred readers\n")
    author.type("Write the migration guide\nTell the support team\n\n## Milestones\n")
    author.insert_table()
    for number, cell in enumerate(MILESTONES):
        if number:
            author.page.keyboard.press("Tab")
        author.type(cell)
    author.editor.get_by_role("checkbox").first.check()


def take() -> None:
    """Let two people write in one document, and keep what one of them sees."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = RunningServer.start(Path(data))
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        people = People(browser)
        try:
            with httpx.Client(base_url=server.url) as client:
                name = Documents(client).create("release-plan", TITLE)
            amelie = people.join(server.url, "Amelie Roth", viewport=WINDOW, device_scale_factor=2)
            jonas = people.join(server.url, "Jonas Weber", "#c02d74")
            noor = people.join(server.url, "Noor Haddad", "#6e56cf")
            for person in (amelie, jonas, noor):
                person.open(name)
            write(amelie)
            noor.editor.get_by_text("We ship").click()
            noor.page.keyboard.press("End")
            jonas.editor.get_by_text("Write the migration guide").click()
            jonas.page.keyboard.press("End")
            jonas.type(", with examples")
            amelie.sees_text("with examples")
            expect(amelie.editor.locator("[data-cursor]")).to_have_count(2)
            amelie.sees_state("saved")
            noor.page.keyboard.press("ArrowLeft")
            amelie.page.wait_for_function("document.querySelectorAll('[data-cursor][data-active]').length === 2")
            PICTURE.parent.mkdir(parents=True, exist_ok=True)
            amelie.page.mouse.move(0, 0)
            amelie.page.screenshot(path=PICTURE, animations="disabled")
        finally:
            people.leave()
            browser.close()
            server.kill()


if __name__ == "__main__":
    take()
