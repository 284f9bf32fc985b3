"""What an address shows that leads to no open document."""

import httpx
from playwright.sync_api import expect
from pycrdt import Doc, Map

from tests.browser.documents import Documents
from tests.browser.people import People
from tests.support.server import RunningServer


def test_an_unknown_document_is_offered_for_creation(
    server: RunningServer, documents: Documents, people: People
) -> None:
    ada = people.join(server.url)
    ada.go("/d/not%20here/yet")
    expect(ada.page.get_by_text("Nobody has written “not here/yet” so far.")).to_be_visible()
    assert not documents.exists("not here/yet")

    ada.page.get_by_role("button", name="Create it").click()

    expect(ada.editor).to_be_editable()
    assert documents.exists("not here/yet")


def test_a_deleted_document_is_offered_for_restoring(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("trashed", "In the trash")
    documents.delete(name)
    ada = people.join(server.url)
    ada.go(f"/d/{name}")
    expect(ada.page.get_by_role("heading", name="This document was deleted")).to_be_visible()

    ada.page.get_by_role("button", name="Restore it").click()

    expect(ada.editor).to_be_editable()
    expect(ada.title).to_have_value("In the trash")


def test_a_document_deleted_while_open_keeps_its_text_on_the_page(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("deleted-open")
    ada = people.join(server.url)
    ada.open(name)
    ada.write("Do not lose this")
    ada.sees_state("saved")

    documents.delete(name)

    expect(ada.page.get_by_text("Somebody deleted this document.")).to_be_visible()
    ada.sees_text("Do not lose this")
    ada.page.get_by_role("button", name="Restore it").click()
    expect(ada.editor).to_be_editable()
    ada.write(", please")
    ada.sees_state("saved")


def test_a_document_deleted_while_open_goes_on_by_itself_once_somebody_restores_it(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("restored-open")
    ada = people.join(server.url)
    ada.open(name)
    documents.delete(name)
    expect(ada.page.get_by_text("Somebody deleted this document.")).to_be_visible()

    documents.restore(name)

    expect(ada.page.get_by_text("Somebody deleted this document.")).to_have_count(0)
    ada.write("Here again")
    ada.sees_state("saved")


def test_an_empty_document_of_another_application_is_opened(
    server: RunningServer, documents: Documents, people: People
) -> None:
    ada = people.join(server.url)
    ada.open(documents.create("empty-yjs", kind="yjs"))
    ada.write("Now it is rich text")
    ada.sees_state("saved")


def test_another_applications_content_is_left_alone(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("drawing", "A drawing", kind="yjs")
    shapes: Doc[Map[int]] = Doc()
    shapes["shapes"] = Map({"circle": 1})
    httpx.post(
        f"{server.url}/api/v1/documents/{name}/content",
        content=shapes.get_update(),
        headers={"Content-Type": "application/octet-stream"},
    ).raise_for_status()
    ada = people.join(server.url)

    ada.go(f"/d/{name}")

    expect(ada.page.get_by_role("heading", name="This document belongs to another application")).to_be_visible()
    expect(ada.editor).to_have_count(0)


def test_an_address_that_names_no_document_says_what_one_looks_like(server: RunningServer, people: People) -> None:
    ada = people.join(server.url)
    for path in ("/d/", "/d/%00", f"/d/{'x' * 256}"):
        ada.go(path)
        expect(ada.page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
