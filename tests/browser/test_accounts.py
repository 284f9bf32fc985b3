"""The editor on a server where people have accounts."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.people import People, Person
from tests.support.server import RunningServer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def accounts_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the admin Ada."""
    running = RunningServer.start(tmp_path_factory.mktemp("accounts"), environment={"COLLAB_ACCOUNTS": "true"})
    user(running, "add", "ada@example.org", "--admin", "--name", "Ada")
    yield running
    running.kill()


def user(server: RunningServer, *arguments: str) -> str:
    """Run `collab user` on the server's database, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "collab", "user", *arguments, "--data-dir", str(server.data_dir)],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def link_in(said: str) -> str:
    return said.rstrip("\n").rpartition(" ")[2]


def sign_in(person: Person, email: str = "ada@example.org", password: str = PASSWORD) -> None:
    person.page.get_by_role("textbox", name="E-mail", exact=True).fill(email)
    person.page.get_by_role("textbox", name="Password", exact=True).fill(password)
    person.page.get_by_role("button", name="Sign in").click()


def account_of(person: Person, name: str) -> None:
    """Open the account's page by way of the profile."""
    person.page.get_by_role("button", name=f"You are {name}. Profile").click()
    person.page.get_by_role("link", name="Your account").click()
    expect(person.page.get_by_role("heading", name="Your account")).to_be_visible()


def test_whoever_signs_in_gets_where_they_wanted_writes_and_leaves(
    accounts_server: RunningServer, people: People
) -> None:
    ada = people.join(accounts_server.url)
    ada.go("/")
    expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(ada)
    ada.page.get_by_role("button", name="New document").first.click()
    expect(ada.editor).to_be_editable()
    ada.write("Hello")
    ada.sees_state("saved")
    address = ada.page.url

    ada.page.get_by_role("button", name="You are Ada. Profile").click()
    ada.page.get_by_role("button", name="Sign out").click()
    expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()

    ada.page.goto(address)
    sign_in(ada)
    expect(ada.editor).to_contain_text("Hello")
    assert ada.page.url == address


def test_a_wrong_password_is_said_and_can_be_mended(accounts_server: RunningServer, people: People) -> None:
    ada = people.join(accounts_server.url)
    ada.go("/")
    sign_in(ada, password="wrong horse battery")
    expect(ada.page.get_by_role("alert")).to_have_text("The e-mail or the password is wrong.")

    ada.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    ada.page.get_by_role("button", name="Sign in").click()
    expect(ada.page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()


def test_whoever_was_invited_makes_an_account_and_owns_what_they_make(
    accounts_server: RunningServer, people: People
) -> None:
    link = link_in(user(accounts_server, "add", "sam@example.org", "--invite"))
    sam = people.join(accounts_server.url)
    sam.go(link)
    for _ in range(2):
        expect(sam.page.get_by_role("textbox", name="E-mail", exact=True)).to_have_value("sam@example.org")
        assert sam.page.url == f"{accounts_server.url}/join"
        sam.page.reload()
    sam.page.get_by_role("textbox", name="Your name", exact=True).fill("Sam")
    sam.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    sam.page.get_by_role("button", name="Make my account").click()

    expect(sam.page.get_by_role("button", name="You are Sam. Profile")).to_be_visible()
    sam.page.get_by_role("button", name="New document").first.click()
    expect(sam.editor).to_be_editable()
    sam.write("Mine")
    sam.sees_state("saved")

    sam.go(link)
    expect(sam.page.get_by_role("heading", name="This link is good no more")).to_be_visible()


def test_a_forgotten_password_is_set_anew(accounts_server: RunningServer, people: People) -> None:
    user(accounts_server, "add", "eve@example.org", "--name", "Eve")
    eve = people.join(accounts_server.url)
    eve.go(link_in(user(accounts_server, "reset", "eve@example.org")))
    expect(eve.page).to_have_url(f"{accounts_server.url}/reset")
    eve.page.get_by_role("textbox", name="New password", exact=True).fill("another horse battery")
    eve.page.get_by_role("button", name="Set the password").click()

    expect(eve.page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(eve, "eve@example.org", "another horse battery")
    expect(eve.page.get_by_role("button", name="You are Eve. Profile")).to_be_visible()


def test_name_password_and_other_browsers_are_looked_after(accounts_server: RunningServer, people: People) -> None:
    user(accounts_server, "add", "bob@example.org", "--name", "Bob")
    here, phone = people.join(accounts_server.url), people.join(accounts_server.url)
    for window in (here, phone):
        window.go("/")
        sign_in(window, "bob@example.org")
        expect(window.page.get_by_role("button", name="You are Bob. Profile")).to_be_visible()
    phone.page.get_by_role("button", name="New document").first.click()
    expect(phone.editor).to_be_editable()

    account_of(here, "Bob")
    here.page.get_by_role("textbox", name="Your name", exact=True).fill("Robert")
    here.page.get_by_role("button", name="Save profile").click()
    expect(here.page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    here.page.get_by_role("button", name="Sign out").click()
    expect(here.page.get_by_text("This browser")).to_be_visible()
    expect(here.page.get_by_role("button", name="Sign out")).to_have_count(0)
    phone.page.reload()
    expect(phone.page.get_by_role("heading", name="Sign in")).to_be_visible()

    here.page.get_by_role("textbox", name="Current password", exact=True).fill(PASSWORD)
    here.page.get_by_role("textbox", name="New password", exact=True).fill("another horse battery")
    here.page.get_by_role("button", name="Change password").click()
    expect(here.page.get_by_role("status").filter(has_text="Changed.")).to_be_visible()
    here.page.reload()
    expect(here.page.get_by_role("button", name="You are Robert. Profile")).to_be_visible()


def test_the_profile_closes_where_a_link_in_it_leads_on(accounts_server: RunningServer, people: People) -> None:
    ada = people.join(accounts_server.url)
    ada.go("/")
    sign_in(ada)

    account_of(ada, "Ada")

    expect(ada.page.get_by_role("link", name="Your account")).to_have_count(0)


def test_a_right_that_is_lost_while_one_writes_is_said(accounts_server: RunningServer, people: People) -> None:
    user(accounts_server, "add", "kim@example.org", "--name", "Kim")
    kim = people.join(accounts_server.url)
    kim.go("/")
    sign_in(kim, "kim@example.org")
    kim.page.get_by_role("button", name="New document").first.click()
    expect(kim.editor).to_be_editable()
    kim.write("Hello")
    kim.sees_state("saved")

    user(accounts_server, "disable", "kim@example.org")

    expect(kim.page.get_by_role("alert")).to_contain_text("You are not signed in any more.")
    expect(kim.editor).to_have_attribute("contenteditable", "false")
    expect(kim.editor).to_contain_text("Hello")
    kim.page.get_by_role("button", name="Sign in").click()
    expect(kim.page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("path", ["/", "/join#ct_nothing"])
def test_no_width_needs_scrolling_sideways(
    accounts_server: RunningServer, people: People, width: int, path: str
) -> None:
    ada = people.join(accounts_server.url)
    ada.page.set_viewport_size({"width": width, "height": 800})
    ada.go(path)
    expect(ada.page.get_by_role("heading").first).to_be_visible()
    assert ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
