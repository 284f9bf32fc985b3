"""The list of documents."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.documents import Documents
from tests.browser.people import People
from tests.support.server import RunningServer


def row(page: Page, title: str) -> Locator:
    return page.get_by_role("list", name="Documents").get_by_role("listitem").filter(has_text=title)


def choose(page: Page, title: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions for {title}").click()
    page.get_by_role("menuitem", name=action).click()


def test_a_newcomer_is_led_to_the_first_document(own_server: RunningServer, people: People) -> None:
    ada = people.join(own_server.url)
    ada.go("/")
    expect(ada.page.get_by_role("heading", name="Write your first document")).to_be_visible()

    ada.page.get_by_role("button", name="New document").click()

    expect(ada.page).to_have_url(re.compile(r"/d/.+"))
    expect(ada.title).to_be_focused()
    ada.type("My first\nHello")
    ada.sees_state("saved")
    ada.page.get_by_role("link", name="Collab: all documents").click()
    expect(row(ada.page, "My first")).to_contain_text("Edited just now")


def test_a_document_opens_from_the_list(server: RunningServer, documents: Documents, people: People) -> None:
    documents.create("from the/list", "Opened from the list")
    ada = people.join(server.url)
    ada.go("/")

    ada.page.get_by_role("link", name="Opened from the list").click()

    expect(ada.page).to_have_url(f"{server.url}/d/from%20the/list")
    expect(ada.title).to_have_value("Opened from the list")
    expect(ada.editor).to_be_editable()


def test_a_document_is_renamed_from_the_list(server: RunningServer, documents: Documents, people: People) -> None:
    name = documents.create("renamed", "Before")
    ada = people.join(server.url)
    ada.go("/")

    choose(ada.page, "Before", "Rename")
    ada.page.get_by_role("dialog").get_by_label("Title").fill("Afterwards")
    ada.page.keyboard.press("Enter")

    expect(row(ada.page, "Afterwards")).to_be_visible()
    expect(ada.page.get_by_role("dialog")).to_have_count(0)
    assert documents.title(name) == "Afterwards"


def test_a_new_title_reaches_an_open_editor_when_its_window_gets_the_focus(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("renamed-open", "Before")
    ada = people.join(server.url)
    ada.open(name)
    documents.rename(name, "Afterwards")

    ada.page.evaluate("dispatchEvent(new Event('focus'))")

    expect(ada.title).to_have_value("Afterwards")


def test_a_deleted_document_comes_back_with_undo(server: RunningServer, documents: Documents, people: People) -> None:
    name = documents.create("undone", "Deleted by mistake")
    ada = people.join(server.url)
    ada.go("/")

    choose(ada.page, "Deleted by mistake", "Delete")
    expect(row(ada.page, "Deleted by mistake")).to_have_count(0)
    assert not documents.exists(name)

    ada.page.get_by_role("button", name="Undo").click()
    expect(row(ada.page, "Deleted by mistake")).to_be_visible()
    assert documents.exists(name)


def test_a_search_shows_what_matches(server: RunningServer, documents: Documents, people: People) -> None:
    documents.create("needle-1", "A needle in a haystack")
    documents.create("straw", "Nothing but straw")
    ada = people.join(server.url)
    ada.go("/")

    search = ada.page.get_by_role("searchbox", name="Search documents")
    search.fill("NEEDLE")
    expect(ada.page.get_by_role("list", name="Documents").get_by_role("listitem")).to_have_count(1)
    expect(row(ada.page, "A needle in a haystack")).to_be_visible()

    search.fill("nothing has this title")
    expect(ada.page.get_by_text("No document matches “nothing has this title”.")).to_be_visible()


def test_a_long_list_comes_page_by_page(server: RunningServer, documents: Documents, people: People) -> None:
    for number in range(45):
        documents.create(f"page-{number}", f"Paged document {number}")
    ada = people.join(server.url)
    ada.go("/")
    with ada.page.expect_response("**/documents?*q=Paged*"):
        ada.page.get_by_role("searchbox", name="Search documents").fill("Paged document")
    rows = ada.page.get_by_role("list", name="Documents").get_by_role("listitem")
    expect(rows).to_have_count(30)

    ada.page.get_by_role("button", name="Load more").click()

    expect(rows).to_have_count(45)
    expect(ada.page.get_by_role("button", name="Load more")).to_have_count(0)


def test_a_list_without_its_server_says_so_and_comes_back_by_itself(
    server: RunningServer, documents: Documents, people: People
) -> None:
    documents.create("away", "Here again")
    ada = people.join(server.url)
    ada.page.route("**/api/v1/documents?*", lambda route: route.abort())
    ada.go("/")
    expect(ada.page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()

    expect(ada.page.get_by_role("button", name="Try again")).to_be_visible()
    ada.page.unroute("**/api/v1/documents?*")

    expect(row(ada.page, "Here again")).to_be_visible()
