"""Whether the pages fit a phone, and whether everybody can use them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.documents import Documents
from tests.browser.people import People, Person
from tests.support.server import RunningServer

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SMALLEST_TARGET = 24
"""CSS pixels, WCAG 2.2 success criterion 2.5.8."""


def serious_violations(person: Person) -> list[str]:
    """Return what axe-core finds serious or critical."""
    person.page.evaluate(AXE.read_text())  # not as a script element, which the content security policy refuses
    found: list[dict[str, Any]] = person.page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def see_list(person: Person, _: str) -> None:
    person.go("/")
    expect(person.page.get_by_role("list", name="Documents")).to_be_visible()


def see_row_menu(person: Person, name: str) -> None:
    see_list(person, name)
    person.page.get_by_role("button", name="Actions for").first.click()
    expect(person.page.get_by_role("menuitem", name="Rename")).to_be_visible()


def see_editor(person: Person, name: str) -> None:
    person.open(name)
    person.sees_state("saved")


def see_profile(person: Person, name: str) -> None:
    see_editor(person, name)
    person.page.get_by_role("button", name="Profile").click()
    expect(person.page.get_by_label("Your name")).to_be_focused()


def see_missing(person: Person, _: str) -> None:
    person.go("/d/never written")
    expect(person.page.get_by_role("button", name="Create it")).to_be_visible()


SCREENS = [see_list, see_row_menu, see_editor, see_profile, see_missing]


@pytest.fixture(scope="module")
def filled(server: RunningServer, chromium: Browser) -> Iterator[str]:
    """A document with a bit of everything, and somebody else in it."""
    with httpx.Client(base_url=server.url) as client:
        name = Documents(client).create("filled", "A title that is long enough to take a second line on a phone")
    others = People(chromium)
    writer = others.join(server.url, "A writer with quite a long name")
    writer.open(name)
    writer.write("# Heading\nA paragraph with averylongwordthatnobodywouldeverwritebutsomebodypastesintoadocument\n")
    writer.write("[] to do\n\n")
    writer.insert_table()
    writer.type("cell")
    writer.sees_state("saved")
    yield name
    others.leave()


@pytest.mark.parametrize("see", SCREENS)
def test_a_phone_needs_no_scrolling_sideways(
    server: RunningServer, people: People, filled: str, see: Callable[[Person, str], None]
) -> None:
    ada = people.join(server.url, "Ada", **PHONE)
    see(ada, filled)
    assert ada.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("see", [see_list, see_editor, see_profile])
def test_a_finger_finds_every_control(
    server: RunningServer, people: People, filled: str, see: Callable[[Person, str], None]
) -> None:
    ada = people.join(server.url, "Ada", **PHONE)
    see(ada, filled)
    sizes: dict[str, list[float]] = ada.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('button, label:has(input), [role=menuitem]')]
          .map((element) => [element.outerHTML.slice(0, 120), element.getBoundingClientRect()])
          .filter(([, { width }]) => width > 0)
          .map(([html, { width, height }]) => [html, [width, height]]))"""
    )
    assert sizes
    assert {html: size for html, size in sizes.items() if min(size) < SMALLEST_TARGET} == {}


@pytest.mark.parametrize("see", SCREENS)
def test_axe_finds_nothing_serious_in_either_theme(
    server: RunningServer, people: People, filled: str, see: Callable[[Person, str], None]
) -> None:
    ada = people.join(server.url, "Ada", color_scheme="light", reduced_motion="reduce")
    see(ada, filled)
    assert serious_violations(ada) == []

    ada.page.emulate_media(color_scheme="dark")
    expect(ada.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert serious_violations(ada) == []


def test_the_list_works_with_the_keyboard_alone(server: RunningServer, documents: Documents, people: People) -> None:
    documents.create("keyboard", "Reached by keyboard")
    ada = people.join(server.url)
    ada.go("/")
    search = ada.page.get_by_role("searchbox", name="Search documents")
    search.focus()
    ada.type("Reached by keyboard")
    rows = ada.page.get_by_role("list", name="Documents").get_by_role("listitem")
    expect(rows).to_have_count(1)

    ada.page.keyboard.press("Tab")
    expect(ada.page.get_by_role("link", name="Reached by keyboard")).to_be_focused()
    ada.page.keyboard.press("Enter")

    expect(ada.editor).to_be_editable()
