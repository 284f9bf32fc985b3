"""Measures what a person waits for: `python -m tests.browser.measure`."""

import statistics
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from tests.browser.conftest import QUIET, chromium_path
from tests.browser.documents import Documents
from tests.browser.people import People, Person
from tests.support.server import RunningServer

NAVIGATIONS = 9
KEYS = 200

_NOTE_KEYS = """
() => {
  window.sent = [];
  document.querySelector('.bn-editor').addEventListener('beforeinput', () => window.sent.push(
    performance.timeOrigin + performance.now()), true);
}
"""
_NOTE_ARRIVALS = """
() => {
  window.arrived = [];
  new MutationObserver(() => {
    const text = [...document.querySelectorAll('.bn-editor .bn-inline-content')]
      .map((block) => [...block.childNodes].filter((node) => !node.dataset || !('cursor' in node.dataset))
      .map((node) => node.textContent).join('')).join('');
    for (; window.arrived.length < text.length; ) window.arrived.push(performance.timeOrigin + performance.now());
  }).observe(document.querySelector('.bn-editor'), { subtree: true, childList: true, characterData: true });
}
"""


def milliseconds(values: list[float]) -> str:
    """Say the middle and the slow end of a sample."""
    ordered = sorted(values)
    p95 = ordered[max(0, round(len(ordered) * 0.95) - 1)]
    return f"p50 {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, {len(ordered)} samples"


def navigations(person: Person, document: str) -> list[float]:
    """Open a document again and again; from the navigation to an editor that takes keys."""
    waited = []
    for _ in range(NAVIGATIONS):
        person.go("/healthz")
        begin = time.perf_counter()
        person.page.goto(f"{person.url}/d/{document}", wait_until="commit")
        person.page.wait_for_selector(".bn-editor[contenteditable=true]")
        waited.append((time.perf_counter() - begin) * 1000)
    return waited


def keys(writer: Person, reader: Person) -> list[float]:
    """Press keys in one page; from each to the change in the other page."""
    writer.editor.focus()
    writer.page.evaluate(_NOTE_KEYS)
    reader.page.evaluate(_NOTE_ARRIVALS)
    for _ in range(KEYS):
        writer.page.keyboard.press("x")
        writer.page.wait_for_timeout(30)
    reader.page.wait_for_function(f"window.arrived.length === {KEYS}")
    sent: list[float] = writer.page.evaluate("window.sent")
    arrived: list[float] = reader.page.evaluate("window.arrived")
    return [late - early for early, late in zip(sent, arrived, strict=True)]


def measure() -> None:
    """Start a server and two pages, and print what was measured."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = RunningServer.start(Path(data))
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        people = People(browser)
        try:
            with httpx.Client(base_url=server.url) as client:
                name = Documents(client).create("measured")
            ada, ben = people.join(server.url, "Ada"), people.join(server.url, "Ben")
            print("navigation to editable:", milliseconds(navigations(ada, name)))
            ben.open(name)
            print("key to the other page: ", milliseconds(keys(ada, ben)))
        finally:
            people.leave()
            browser.close()
            server.kill()


if __name__ == "__main__":
    measure()
