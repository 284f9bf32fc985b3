"""The editor on a server that asks for tokens."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.people import People
from tests.clients.tokens import token
from tests.support.server import RunningServer


@pytest.fixture
def document(closed_server: RunningServer) -> str:
    """A document on that server."""
    headers = {"Authorization": f"Bearer {token('*', 'owner')}"}
    answer = httpx.post(f"{closed_server.url}/api/v1/documents", json={"title": "Guarded"}, headers=headers)
    return str(answer.raise_for_status().json()["name"])


def test_without_a_token_the_page_says_where_to_get_one(closed_server: RunningServer, people: People) -> None:
    ada = people.join(closed_server.url)
    ada.go("/")
    expect(ada.page.get_by_role("heading", name="Access needs a token")).to_be_visible()


def test_an_expired_token_is_told_from_a_missing_one(closed_server: RunningServer, people: People) -> None:
    ada = people.join(closed_server.url)
    ada.go(f"/#token={token('*', expires_in=-60)}")
    expect(ada.page.get_by_role("heading", name="This access token is not valid any more")).to_be_visible()


def test_a_token_leaves_the_address_bar_at_once_and_is_kept_for_the_tab(
    closed_server: RunningServer, people: People, document: str
) -> None:
    ada = people.join(closed_server.url)
    ada.open(document, f"#token={token(document, name='Ada Lovelace')}")
    assert ada.page.url == f"{closed_server.url}/d/{document}"
    ada.write("Hello")
    ada.sees_state("saved")

    ada.page.reload()

    expect(ada.editor).to_contain_text("Hello")
    expect(ada.page.get_by_role("button", name="You are Ada Lovelace. Profile")).to_be_visible()


def test_a_link_with_another_token_opened_in_the_same_tab_takes_its_place(
    closed_server: RunningServer, people: People, document: str
) -> None:
    ada = people.join(closed_server.url)
    ada.open(document, f"#token={token(document, name='Ada')}")

    ada.page.evaluate("(fragment) => { location.hash = fragment }", f"token={token(document, name='Ben')}")

    expect(ada.page.get_by_role("button", name="You are Ben. Profile")).to_be_visible()
    assert ada.page.url == f"{closed_server.url}/d/{document}"


def test_others_see_the_name_of_the_token(closed_server: RunningServer, people: People, document: str) -> None:
    ada, ben = people.join(closed_server.url, "Not Ada"), people.join(closed_server.url)
    ada.open(document, f"#token={token(document, name='Ada')}")
    ben.open(document, f"#token={token(document, name='Ben')}")

    ada.write("Hello")

    expect(ben.editor.locator("[data-cursor]")).to_have_text("\u2060Ada\u2060")


def test_a_reader_is_told_so_and_cannot_write(closed_server: RunningServer, people: People, document: str) -> None:
    ada = people.join(closed_server.url)
    ada.go(f"/d/{document}#token={token(document, 'reader')}")
    expect(ada.page.get_by_text("You can read this document, but not change it.")).to_be_visible()
    expect(ada.editor).to_have_attribute("contenteditable", "false")
    expect(ada.title).not_to_be_editable()
    expect(ada.save_state).to_have_count(0)


def test_a_document_that_is_not_shared_with_us_says_so(
    closed_server: RunningServer, people: People, document: str
) -> None:
    ada = people.join(closed_server.url)
    ada.go(f"/d/{document}#token={token('another')}")
    expect(ada.page.get_by_role("heading", name="You have no access to this")).to_be_visible()


def test_an_access_without_new_documents_is_told_so_in_plain_words(
    closed_server: RunningServer, people: People, document: str
) -> None:
    ada = people.join(closed_server.url)
    ada.go(f"/#token={token(document)}")

    ada.page.get_by_role("button", name="New document").click()

    expect(ada.page.get_by_text("Your access does not allow new documents here.")).to_be_visible()
