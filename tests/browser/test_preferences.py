"""What the editor remembers of somebody."""

import re

from playwright.sync_api import Route, expect

from tests.browser.documents import Documents
from tests.browser.people import People
from tests.support.server import RunningServer


def test_a_guest_keeps_name_and_colour_over_a_reload(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("guests")
    ada, ben = people.join(server.url), people.join(server.url, "Ben")
    ada.open(name)
    ben.open(name)
    ada.write("Hello")

    ada.page.get_by_role("button", name="Profile").click()
    ada.page.get_by_label("Your name").fill("Ada Lovelace")
    ada.page.get_by_role("radio", name="Green").check(force=True)

    ada.page.keyboard.press("Escape")
    ada.write(" again")

    cursor = ben.editor.locator("[data-cursor]")
    expect(ben.page.get_by_role("list", name="Also here").get_by_role("listitem")).to_have_text(["AL"])
    expect(cursor).to_have_text("\u2060Ada Lovelace\u2060")
    assert cursor.evaluate("(cursor) => cursor.style.getPropertyValue('--cursor-color')") == "#2b7a3d"

    ada.page.reload()
    expect(ada.editor).to_be_editable()
    ada.page.get_by_role("button", name="You are Ada Lovelace. Profile").click()
    expect(ada.page.get_by_role("radio", name="Green")).to_be_checked()


def test_a_first_visit_gets_a_friendly_name(server: RunningServer, people: People) -> None:
    ada = people.join(server.url)
    ada.go("/")
    expect(ada.page.get_by_role("button", name="Profile")).to_have_accessible_name(
        # "You are Gentle Otter. Profile"
        re.compile(r"^You are [A-Z][a-z]+ [A-Z][a-z]+\. Profile$")
    )


def test_the_system_decides_on_dark_mode_until_somebody_does(server: RunningServer, people: People) -> None:
    ada = people.join(server.url, color_scheme="dark")
    ada.go("/")
    root = ada.page.locator("html")
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")

    ada.page.get_by_role("button", name="Theme").click()
    ada.page.get_by_role("menuitemradio", name="Light").click()
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    expect(ada.page.get_by_role("menu")).to_have_count(0)

    ada.page.reload()
    expect(ada.page.get_by_role("heading", name="Documents")).to_be_visible()
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")


def test_the_theme_is_there_before_the_application(server: RunningServer, people: People) -> None:
    ada = people.join(server.url, color_scheme="dark")
    ada.page.route("**/assets/index-*.js", lambda route: route.abort())
    ada.go("/")
    expect(ada.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_the_profile_stays_open_while_the_document_arrives(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("slow-to-come")
    held: list[Route] = []
    ada = people.join(server.url, "Ada")
    ada.page.route(f"**/api/v1/documents/{name}", lambda route: held.append(route))
    ada.go(f"/d/{name}")
    ada.page.get_by_role("button", name="Profile").click()
    ada.page.get_by_label("Your name").fill("Ada L")
    expect(ada.page.get_by_role("status", name="Loading the document")).to_be_visible()

    for route in held:
        route.continue_()
    ada.page.unroute(f"**/api/v1/documents/{name}")
    expect(ada.editor).to_be_editable()

    expect(ada.page.get_by_label("Your name")).to_be_focused()
    ada.page.keyboard.press("End")
    ada.type("ovelace")
    expect(ada.page.get_by_role("button", name="You are Ada Lovelace. Profile")).to_be_visible()
