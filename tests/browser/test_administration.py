"""What admins look after in the browser, workspaces, and API keys."""

import json
import re
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.people import People, Person
from tests.browser.test_accounts import account_of, sign_in, user
from tests.browser.test_layout import PHONE, serious_violations
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def managed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the admin Ada and the user Bob."""
    running = RunningServer.start(tmp_path_factory.mktemp("managed"), environment={"COLLAB_ACCOUNTS": "true"})
    user(running, "add", "ada@example.org", "--admin", "--name", "Ada")
    user(running, "add", "bob@example.org", "--name", "Bob")
    yield running
    running.kill()


def signed_in(server: RunningServer, people: People, email: str) -> Person:
    person = people.join(server.url)
    person.go("/")
    sign_in(person, email)
    expect(person.page.get_by_role("button", name="New document").first).to_be_visible()
    return person


def test_admin_invites_and_disables_and_the_log_tells(managed_server: RunningServer, people: People) -> None:
    ada = signed_in(managed_server, people, "ada@example.org")
    bob = signed_in(managed_server, people, "bob@example.org")
    ada.page.get_by_role("button", name="You are Ada. Profile").click()
    ada.page.get_by_role("link", name="Administration").click()

    ada.page.get_by_label("Invite somebody").fill("eve@example.org")
    ada.page.get_by_role("button", name="Make an invitation").click()
    handed = ada.page.get_by_label("For eve@example.org, to make an account within two weeks")
    expect(handed).to_have_value(re.compile(r"/join#ct_"))
    eve = people.join(managed_server.url)
    eve.page.goto(handed.input_value())
    expect(eve.page.get_by_role("heading", name="Join Collab")).to_be_visible()

    ada.page.get_by_role("button", name="What to do about Bob").click()
    ada.page.get_by_role("menuitem", name="Keep from signing in").click()
    expect(ada.page.get_by_text("Disabled")).to_be_visible()
    bob.page.reload()
    expect(bob.page.get_by_role("heading", name="Sign in")).to_be_visible()
    ada.page.get_by_role("button", name="What to do about Bob").click()
    ada.page.get_by_role("menuitem", name="Let sign in again").click()
    expect(ada.page.get_by_text("Disabled")).to_have_count(0)

    ada.page.get_by_label("What was done").select_option("invited")
    expect(ada.page.get_by_role("row")).to_have_count(2)
    expect(ada.page.get_by_role("row").last).to_contain_text("eve@example.org")


def entered(server: RunningServer, count: int, document: str) -> None:
    """Add entries about a document to the audit log."""
    entry = (
        "INSERT INTO audit_log (at, action, actor, address, document, subject, details) "
        "SELECT at, 'link-opened', 'guest', '192.0.2.7', ?, 'link:9', '{}' FROM audit_log LIMIT 1"
    )
    with closing(sqlite3.connect(server.data_dir / "collab.db")) as database, database:
        database.executemany(entry, [(document,)] * count)


def test_log_is_filtered_by_each_of_what_it_tells(managed_server: RunningServer, people: People) -> None:
    ada = signed_in(managed_server, people, "ada@example.org")
    entered(managed_server, 2, "plan")
    ada.go("/admin")
    rows, nothing = ada.page.get_by_role("row"), ada.page.get_by_text("Nothing of this kind was done.")
    for label, wanted in (
        ("By the user", "guest"),
        ("From the address", "::ffff:192.0.2.7"),
        ("To the document", "plan"),
        ("To the user, link or key", "link:9"),
    ):
        ada.page.get_by_label(label).fill(wanted)
        expect(rows).to_have_count(3)
        ada.page.get_by_label(label).fill("")
        expect(rows).not_to_have_count(3)
    for label, moment in (("Since", "2999-01-01T00:00"), ("Until", "2001-01-01T00:00")):
        ada.page.get_by_label(label).fill(moment)
        expect(nothing).to_be_visible()
        ada.page.get_by_label(label).fill("")
        expect(nothing).to_have_count(0)
    ada.page.get_by_label("From the address").fill("192.0.2")
    expect(ada.page.get_by_role("alert").filter(has_text="Not read")).to_be_visible()
    expect(rows).to_have_count(1)


def test_more_of_a_filter_that_was_changed_meanwhile_is_not_shown(
    managed_server: RunningServer, people: People
) -> None:
    ada = signed_in(managed_server, people, "ada@example.org")
    entered(managed_server, 60, "crowded")
    entered(managed_server, 2, "quiet")
    ada.go("/admin")
    rows, document = ada.page.get_by_role("row"), ada.page.get_by_label("To the document")
    document.fill("crowded")
    expect(rows.filter(has_text="“crowded”")).to_have_count(50)
    ada.page.get_by_role("button", name="Show more entries").click()
    expect(rows).to_have_count(61)

    ada.page.reload()
    document.fill("crowded")
    expect(rows.filter(has_text="“crowded”")).to_have_count(50)
    ada.page.route("**/api/v1/audit?*before=*", lambda _: None)  # its answer does not come
    ada.page.get_by_role("button", name="Show more entries").click()
    with ada.page.expect_event("requestfailed", lambda request: "before=" in request.url):
        document.fill("quiet")
    expect(rows.filter(has_text="“quiet”")).to_have_count(2)
    expect(rows).to_have_count(3)


def test_administration_fits_a_phone_and_everybody_can_use_it(managed_server: RunningServer, people: People) -> None:
    ada = people.join(managed_server.url, **PHONE)
    ada.go("/")
    sign_in(ada, "ada@example.org")
    expect(ada.page.get_by_role("button", name="New document").first).to_be_visible()
    ada.go("/admin")
    expect(ada.page.get_by_role("row").last).to_be_visible()

    assert ada.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious_violations(ada) == []


def test_administration_is_for_admins(managed_server: RunningServer, people: People) -> None:
    bob = signed_in(managed_server, people, "bob@example.org")
    bob.go("/admin")

    expect(bob.page.get_by_role("heading", name="This is for admins")).to_be_visible()
    bob.page.get_by_role("button", name="You are Bob. Profile").click()
    expect(bob.page.get_by_role("link", name="Your account")).to_be_visible()
    expect(bob.page.get_by_role("link", name="Administration")).to_have_count(0)


def test_members_of_a_workspace_have_its_documents(managed_server: RunningServer, people: People) -> None:
    ada = signed_in(managed_server, people, "ada@example.org")
    bob = signed_in(managed_server, people, "bob@example.org")
    ada.go("/workspaces")
    ada.page.get_by_label("Name", exact=True).fill("team")
    ada.page.get_by_label("Title").fill("The team")
    ada.page.get_by_role("button", name="Make a workspace").click()
    expect(ada.page.get_by_role("heading", name="The team")).to_be_visible()
    ada.page.get_by_label("Add somebody by their e-mail").fill("bob@example.org")
    ada.page.get_by_role("button", name="Add", exact=True).click()
    expect(ada.page.get_by_label("Role of Bob")).to_have_value("")

    bob.go("/d/team/plan")
    bob.page.get_by_role("button", name="Create it").click()
    bob.write("A plan of the team")
    bob.sees_state("saved")
    bob.go("/workspaces")
    expect(bob.page.get_by_role("heading", name="The team")).to_be_visible()
    expect(bob.page.get_by_label("Add somebody by their e-mail")).to_have_count(0)

    bob.go("/d/team/plan")
    expect(bob.editor).to_be_editable()
    ada.page.get_by_label("Members of team are").select_option("reader")
    expect(bob.page.get_by_text("You can read this document, but not change it.")).to_be_visible()


def test_key_made_on_the_account_page_lets_a_program_in_until_revoked(
    managed_server: RunningServer, people: People
) -> None:
    ada = signed_in(managed_server, people, "ada@example.org")
    account_of(ada, "Ada")
    ada.page.get_by_label("What it is for").fill("Nightly export")
    ada.page.get_by_role("textbox", name="Documents").fill("*")
    ada.page.get_by_role("button", name="Make a key").click()
    secret = ada.page.get_by_label("Your new key, shown this once").input_value()

    assert json.loads(ask(managed_server, secret))["user"]["name"] == "Ada"
    ada.page.get_by_role("button", name="Revoke Nightly export").click()
    expect(ada.page.get_by_role("button", name="Revoke Nightly export")).to_have_count(0)
    with pytest.raises(urllib.request.HTTPError, match="401"):
        ask(managed_server, secret)


def ask(server: RunningServer, secret: str) -> bytes:
    request = urllib.request.Request(f"{server.url}/api/v1/session", headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        body: bytes = answer.read()
        return body
