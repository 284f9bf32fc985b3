"""Sharing a document in the editor: people, links, and what those who come may do."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import People, Person
from tests.browser.test_accounts import PASSWORD, sign_in
from tests.clients.tokens import SECRET, token
from tests.support.server import RunningServer

LINK_PASSWORD = "open sesame please"


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the admin Ada and the user Bob, that takes the tokens of a host application too."""
    running = RunningServer.start(
        tmp_path_factory.mktemp("sharing"), environment={"COLLAB_ACCOUNTS": "true", "COLLAB_SECRET": SECRET}
    )
    for email, name, *options in (("ada@example.org", "Ada", "--admin"), ("bob@example.org", "Bob")):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "collab",
                "user",
                "add",
                email,
                "--name",
                name,
                *options,
                "--data-dir",
                running.data_dir,
            ],
            input=f"{PASSWORD}\n",
            text=True,
            timeout=60,
            check=True,
        )
    yield running
    running.kill()


def owner_of_a_document(server: RunningServer, people: People, text: str) -> Person:
    """Ada, who has written something into a new document."""
    ada = people.join(server.url)
    ada.go("/")
    sign_in(ada)
    ada.page.get_by_role("button", name="New document").first.click()
    expect(ada.editor).to_be_editable()
    ada.write(text)
    ada.sees_state("saved")
    return ada


def open_dialog(person: Person) -> None:
    person.page.get_by_role("button", name="Share").click()
    expect(person.page.get_by_role("heading", name="People")).to_be_visible()


def make_link(page: Page, role: str, *, guests: bool = True, password: str = "") -> str:
    """Make a link in the open dialog, and return its address as it is copied."""
    page.get_by_label("Whoever has the link").select_option(role)
    page.get_by_label("Also for people who have not signed in").set_checked(guests)
    if password:
        page.get_by_role("textbox", name="Password").fill(password)
    revokes = page.get_by_role("button", name="Revoke link")
    before = revokes.count()
    page.get_by_role("button", name="Make a link").click()
    expect(revokes).to_have_count(before + 1)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").last.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_somebody_added_by_email_writes_until_their_role_is_taken(shared_server: RunningServer, people: People) -> None:
    ada = owner_of_a_document(shared_server, people, "For both of us")
    bob = people.join(shared_server.url)
    bob.go("/")
    sign_in(bob, "bob@example.org")
    expect(bob.page.get_by_role("button", name="New document").first).to_be_visible()
    bob.page.goto(ada.page.url)
    expect(bob.page.get_by_role("heading", name="You have no access to this")).to_be_visible()

    open_dialog(ada)
    ada.page.get_by_label("Add somebody by their e-mail").fill("bob@example.org")
    ada.page.get_by_role("button", name="Add", exact=True).click()
    role = ada.page.get_by_label("Role of Bob")
    expect(role).to_have_value("editor")
    bob.page.reload()
    expect(bob.editor).to_contain_text("For both of us")
    bob.write("Bob was here")
    bob.sees_state("saved")

    role.select_option("reader")
    expect(bob.page.get_by_text("You can read this document, but not change it.")).to_be_visible()
    expect(bob.editor).to_have_attribute("contenteditable", "false")
    ada.page.get_by_role("button", name="Remove Bob").click()
    expect(bob.page.get_by_text("You have no access to this document any more.")).to_be_visible()


def test_every_other_role_is_seen_in_the_open_page_at_once(shared_server: RunningServer, people: People) -> None:
    ada = owner_of_a_document(shared_server, people, "In every role")
    bob = people.join(shared_server.url)
    bob.go("/")
    sign_in(bob, "bob@example.org")
    expect(bob.page.get_by_role("button", name="New document").first).to_be_visible()
    open_dialog(ada)
    ada.page.get_by_label("Add somebody by their e-mail").fill("bob@example.org")
    ada.page.get_by_role("button", name="Add", exact=True).click()
    role = ada.page.get_by_label("Role of Bob")
    expect(role).to_have_value("editor")
    bob.page.goto(ada.page.url)
    expect(bob.editor).to_be_editable()
    share = bob.page.get_by_role("button", name="Share")
    reader = bob.page.get_by_text("You can read this document, but not change it.")
    commenter = bob.page.get_by_text("You are a commenter of this document")

    def give(called: str, seen: Locator) -> None:
        role.select_option(called)
        expect(seen).to_be_visible()

    give("owner", share)
    give("commenter", commenter)
    expect(share).to_have_count(0)
    expect(bob.editor).to_have_attribute("contenteditable", "false")
    give("reader", reader)
    give("commenter", commenter)
    give("editor", bob.title)
    expect(commenter).to_have_count(0)
    bob.write("Bob may again")
    bob.sees_state("saved")


def test_nobody_is_added_whose_email_is_unknown(shared_server: RunningServer, people: People) -> None:
    ada = owner_of_a_document(shared_server, people, "Alone")
    open_dialog(ada)
    ada.page.get_by_label("Add somebody by their e-mail").fill("nobody@example.org")
    ada.page.get_by_role("button", name="Add", exact=True).click()

    expect(ada.page.get_by_role("alert").filter(has_text="nobody here has this e-mail")).to_be_visible()


def test_guest_comes_by_a_link_writes_and_is_out_when_it_is_revoked(
    shared_server: RunningServer, people: People
) -> None:
    ada = owner_of_a_document(shared_server, people, "For guests")
    open_dialog(ada)
    link = make_link(ada.page, "editor")

    guest = people.join(shared_server.url)
    guest.page.goto(link)
    expect(guest.editor).to_contain_text("For guests")
    assert "cl_" not in guest.page.url
    guest.write("A guest wrote this")
    guest.sees_state("saved")
    expect(ada.editor).to_contain_text("A guest wrote this")

    ada.page.get_by_role("button", name="Revoke link").click()
    expect(guest.page.get_by_text("The link by which you came is not valid any more.")).to_be_visible()
    guest.page.reload()
    expect(guest.page.get_by_role("heading", name="This link is not valid any more")).to_be_visible()
    guest.page.get_by_role("button", name="Go on without it").click()
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_link_with_a_password_asks_for_it(shared_server: RunningServer, people: People) -> None:
    ada = owner_of_a_document(shared_server, people, "Behind a password")
    open_dialog(ada)
    link = make_link(ada.page, "reader", password=LINK_PASSWORD)

    guest = people.join(shared_server.url)
    guest.page.goto(link)
    password = guest.page.get_by_role("textbox", name="Password")
    password.fill("something else")
    guest.page.get_by_role("button", name="Open the document").click()
    expect(guest.page.get_by_text("The link's password is another.")).to_be_visible()
    password.fill(LINK_PASSWORD)
    guest.page.get_by_role("button", name="Open the document").click()

    expect(guest.editor).to_contain_text("Behind a password")
    expect(guest.page.get_by_text("You can read this document, but not change it.")).to_be_visible()


def test_link_for_people_with_accounts_asks_to_sign_in(shared_server: RunningServer, people: People) -> None:
    ada = owner_of_a_document(shared_server, people, "For people with accounts")
    open_dialog(ada)
    link = make_link(ada.page, "editor", guests=False, password=LINK_PASSWORD)

    bob = people.join(shared_server.url)
    bob.page.goto(link)
    bob.page.get_by_role("textbox", name="Password").fill(LINK_PASSWORD)
    bob.page.get_by_role("button", name="Open the document").click()
    expect(bob.page.get_by_text("The document is shared with people who have an account here.")).to_be_visible()
    sign_in(bob, "bob@example.org")

    expect(bob.editor).to_contain_text("For people with accounts")
    bob.write("Bob by a link")
    bob.sees_state("saved")


_ADDRESSES_IN_HISTORY = "navigation.entries().map((entry) => entry.url)"


def test_the_secret_of_a_link_leaves_the_address_at_once_and_outlives_a_reload(
    shared_server: RunningServer, people: People
) -> None:
    ada = owner_of_a_document(shared_server, people, "Behind a sign-in")
    open_dialog(ada)
    link = make_link(ada.page, "editor", guests=False, password=LINK_PASSWORD)
    secret = link.partition("#")[2]

    bob = people.join(shared_server.url)
    bob.page.goto(link)
    for _ in range(2):
        expect(bob.page.get_by_role("heading", name="This link has a password")).to_be_visible()
        assert bob.page.url == f"{shared_server.url}/share"
        bob.page.reload()
    bob.page.get_by_role("textbox", name="Password").fill(LINK_PASSWORD)
    bob.page.get_by_role("button", name="Open the document").click()
    for _ in range(2):
        expect(bob.page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert bob.page.url == f"{shared_server.url}/share"
        bob.page.reload()
    sign_in(bob, "bob@example.org")

    expect(bob.editor).to_contain_text("Behind a sign-in")
    addresses = bob.page.evaluate(_ADDRESSES_IN_HISTORY)
    assert addresses
    assert not any("cl_" in address for address in addresses)
    assert secret not in "".join(shared_server.output)


def test_a_link_that_is_followed_in_the_tab_of_another_takes_its_place(
    shared_server: RunningServer, people: People
) -> None:
    ada = owner_of_a_document(shared_server, people, "The second document")
    open_dialog(ada)
    link = make_link(ada.page, "reader")

    guest = people.join(shared_server.url)
    guest.go(f"/share#cl_{'x' * 43}")
    expect(guest.page.get_by_role("heading", name="This link is not valid any more")).to_be_visible()
    guest.page.goto(link)

    expect(guest.editor).to_contain_text("The second document")


def eve_by_a_host_application(server: RunningServer, people: People, document: str) -> Person:
    """Eve, who has no account, and whom a host application led to a document of hers by a token."""
    eve = people.join(server.url)
    eve.go(f"/d/{document}#token={token(document, name='Eve')}")
    eve.page.get_by_role("button", name="Create it").click()
    expect(eve.editor).to_be_editable()
    return eve


def test_a_link_takes_no_host_applications_token_from_the_tab(shared_server: RunningServer, people: People) -> None:
    ada = owner_of_a_document(shared_server, people, "By a link")
    open_dialog(ada)
    link = make_link(ada.page, "reader")
    eve = eve_by_a_host_application(shared_server, people, "hosted")

    eve.page.goto(link)
    expect(eve.editor).to_contain_text("By a link")
    ada.page.get_by_role("button", name="Revoke link").click()
    expect(eve.page.get_by_text("The link by which you came is not valid any more.")).to_be_visible()
    eve.page.reload()
    eve.page.get_by_role("button", name="Go on without it").click()

    expect(eve.page.get_by_role("button", name="You are Eve. Profile")).to_be_visible()
    eve.open("hosted")


def test_whoever_turns_back_at_the_sign_in_of_a_link_has_their_token_still(
    shared_server: RunningServer, people: People
) -> None:
    ada = owner_of_a_document(shared_server, people, "For people with accounts")
    open_dialog(ada)
    link = make_link(ada.page, "reader", guests=False)
    eve = eve_by_a_host_application(shared_server, people, "turned-back")

    eve.page.goto(link)
    expect(eve.page.get_by_role("heading", name="Sign in")).to_be_visible()

    eve.open("turned-back")
    expect(eve.page.get_by_role("button", name="You are Eve. Profile")).to_be_visible()


def test_spent_link_says_so(shared_server: RunningServer, people: People) -> None:
    guest = people.join(shared_server.url)
    guest.go(f"/share#cl_{'x' * 43}")

    expect(guest.page.get_by_role("heading", name="This link is not valid any more")).to_be_visible()
