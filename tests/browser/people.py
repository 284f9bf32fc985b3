"""People who use the editor, each with a browser profile of their own."""

import json
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, Response, expect

EXPECTED_CONSOLE = ("Failed to load resource", "WebSocket connection to")
"""What Chromium itself says about a request that failed; whether the page copes is what the tests look at."""

_BLOCKS = """
() => [...document.querySelectorAll('.bn-editor .bn-block-content')].map((block) => {
  const copy = block.cloneNode(true);
  for (const cursor of copy.querySelectorAll('[data-cursor]')) cursor.remove();
  const cells = [...copy.querySelectorAll('td, th')].map((cell) => cell.textContent);
  return [block.dataset.contentType, cells.length > 0 ? cells.join(' | ') : copy.textContent];
})
"""

_STATES_SEEN = """
(milliseconds) => new Promise((resolve) => {
  const seen = [];
  const look = () => {
    const state = document.querySelector('[data-save-state]').dataset.saveState;
    if (seen.at(-1) !== state) seen.push(state);
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  setTimeout(() => resolve(seen), milliseconds);
})
"""

_AT_END = """
() => [...document.querySelectorAll('.bn-editor .bn-block-content')].at(-1)?.contains(getSelection()?.anchorNode)
"""


class Person:
    """Somebody with one window."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.failures: list[str] = []
        self.url = url
        self.page.on("pageerror", self._note_error)
        self.page.on("console", self._note_console)
        self.page.on("response", self._note_response)

    def _note_error(self, error: Error) -> None:
        self.failures.append(str(error))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED_CONSOLE):
            self.failures.append(message.text)

    def _note_response(self, response: Response) -> None:
        if response.status >= 500:
            self.failures.append(f"{response.status} for {response.url}")

    def go(self, path: str) -> None:
        """Open a page of the editor."""
        self.page.goto(self.url + path)

    def open(self, document: str, fragment: str = "") -> None:
        """Open a document and wait until it can be written in."""
        self.go(f"/d/{quote(document)}{fragment}")
        expect(self.editor).to_be_editable()

    @property
    def editor(self) -> Locator:
        """The text of the document."""
        return self.page.get_by_label("Document content")

    @property
    def title(self) -> Locator:
        """The document's title."""
        return self.page.get_by_role("textbox", name="Title", exact=True)

    @property
    def save_state(self) -> Locator:
        """What the editor says about the safety of what was written."""
        return self.page.locator("[data-save-state]")

    def sees_state(self, state: str) -> None:
        """Wait until the editor shows this save state."""
        expect(self.save_state).to_have_attribute("data-save-state", state, timeout=20_000)

    def states_seen(self, seconds: float) -> list[str]:
        """Look at the save state for so long, and return what it was, one after the other."""
        seen: list[str] = self.page.evaluate(_STATES_SEEN, seconds * 1000)
        return seen

    def write(self, text: str) -> None:
        """Put the text cursor at the end of the document and write."""
        self.editor.focus()
        self.page.keyboard.press("Control+End")
        self.page.wait_for_function(_AT_END)
        self.type(text)

    def type(self, text: str) -> None:
        """Write where the text cursor is; a line break is the Enter key."""
        for number, line in enumerate(text.split("\n")):
            if number:
                self.page.keyboard.press("Enter")
            self.page.keyboard.type(line)

    def insert_table(self) -> None:
        """Take the table from the slash menu."""
        self.type("/table")
        self.page.get_by_role("option", name="Table").click()
        expect(self.editor.locator("table")).to_be_visible()

    def blocks(self) -> list[list[str]]:
        """Return type and text of every block, without the others' cursors."""
        found: list[list[str]] = self.page.evaluate(_BLOCKS)
        return found

    def sees_blocks(self, expected: list[list[str]]) -> None:
        """Wait until the document reads so."""
        self.page.wait_for_function(f"(expected) => JSON.stringify(({_BLOCKS})()) === expected", arg=_compact(expected))

    def sees_text(self, text: str) -> None:
        """Wait until the document holds this text in one of its blocks."""
        self.page.wait_for_function(f"(text) => ({_BLOCKS})().some(([, content]) => content.includes(text))", arg=text)


class People:
    """Everybody who takes part in a test."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._persons: list[Person] = []

    def join(self, url: str, name: str | None = None, color: str = "#0c7a6f", **options: Any) -> Person:
        """Open a window; without a name, as somebody who was never here before."""
        context = self._browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        if name is not None:
            guest = json.dumps({"id": f"guest-{name}", "name": name, "color": color})
            script = (
                f"localStorage.getItem('collab.guest') ?? localStorage.setItem('collab.guest', {json.dumps(guest)})"
            )
            context.add_init_script(script)
        person = Person(context, url)
        self._persons.append(person)
        return person

    def leave(self) -> None:
        """Close every window, and fail if a page reported an error."""
        failures = [failure for person in self._persons for failure in person.failures]
        for person in self._persons:
            person.context.close()
        if failures:
            raise AssertionError("a page reported:\n" + "\n".join(failures))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
