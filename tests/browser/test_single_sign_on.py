"""Single sign-on in a real browser: from the provider, at another site, no `SameSite=Strict` cookie comes back with it."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.people import People, Person
from tests.oidc.conftest import provider
from tests.support.server import RunningServer

__all__ = ["provider"]

PASSWORD = "correct horse battery"
LINK_PASSWORD = "open sesame please"


@pytest.fixture(scope="module")
def single_server(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server at 127.0.0.1 with accounts of Ada and Bob; the provider is at localhost."""
    running = RunningServer.start(
        tmp_path_factory.mktemp("single"),
        environment={
            "COLLAB_ACCOUNTS": "true",
            "COLLAB_OIDC_ISSUER": provider,
            "COLLAB_OIDC_CLIENT_ID": "public",
            "COLLAB_OIDC_NAME": "Example ID",
        },
    )
    for name in ("Ada", "Bob"):
        command = [sys.executable, "-m", "collab", "user", "add", f"{name.lower()}@example.org", "--name", name]
        subprocess.run(
            [*command, "--data-dir", str(running.data_dir)], input=f"{PASSWORD}\n", text=True, check=True, timeout=60
        )
    yield running
    running.kill()


def log_in_at_the_provider(person: Person, name: str) -> None:
    """Fill in its forms; it is at another site than the server."""
    person.page.get_by_placeholder("Enter any login").fill(name)
    person.page.get_by_placeholder("and password").fill("any")
    person.page.get_by_role("button", name="Sign-in").click()
    person.page.get_by_role("button", name="Continue").click()


def test_somebody_comes_back_from_the_provider_signed_in_to_where_they_wanted(
    single_server: RunningServer, people: People
) -> None:
    bob = people.join(single_server.url)
    bob.go("/account?from=mail")
    bob.page.get_by_role("link", name="Continue with Example ID").click()
    log_in_at_the_provider(bob, "bob")

    expect(bob.page.get_by_role("heading", name="Your account")).to_be_visible()
    assert bob.page.url == f"{single_server.url}/account?from=mail"
    expect(bob.page.get_by_role("region", name="Single sign-on")).to_contain_text("bob@example.org")
    bob.page.reload()
    expect(bob.page.get_by_role("heading", name="Your account")).to_be_visible()


def test_whoever_has_no_account_is_told_so_once(single_server: RunningServer, people: People) -> None:
    stranger = people.join(single_server.url)
    stranger.go("/")
    stranger.page.get_by_role("link", name="Continue with Example ID").click()
    log_in_at_the_provider(stranger, "new")

    expect(stranger.page.get_by_role("alert")).to_have_text(
        "No account here goes with who you are at Example ID. Ask whoever runs this server for an invitation."
    )
    assert stranger.page.url == f"{single_server.url}/"
    stranger.page.reload()
    expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(stranger.page.get_by_role("alert")).to_have_count(0)


def test_an_identity_is_linked_and_unlinked_on_the_account_page(single_server: RunningServer, people: People) -> None:
    ada = people.join(single_server.url)
    ada.go("/account")
    ada.page.get_by_role("textbox", name="E-mail", exact=True).fill("ada@example.org")
    ada.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    ada.page.get_by_role("button", name="Sign in").click()
    ada.page.get_by_role("link", name="Link Example ID").click()
    log_in_at_the_provider(ada, "mailless")

    identities = ada.page.get_by_role("region", name="Single sign-on")
    expect(identities).to_contain_text("mailless")
    identities.get_by_role("button", name="Unlink mailless").click()
    expect(identities).not_to_contain_text("mailless")


def shared_by_ada(server: RunningServer, people: People, **link: str) -> tuple[str, str]:
    """Return the path of a new document, and that of a link for people with accounts by which they may edit it."""
    own = {"Origin": server.url}
    ada = people.join(server.url).page.request
    credentials = {"email": "ada@example.org", "password": PASSWORD}
    ada.post(f"{server.url}/api/v1/session", data=credentials, headers=own)
    name = ada.post(f"{server.url}/api/v1/documents", data={"title": "Plan"}, headers=own).json()["name"]
    links = f"{server.url}/api/v1/documents/{quote(name, safe='')}/links"
    made = ada.post(links, data={"role": "editor", **link}, headers=own).json()
    return f"/d/{quote(name, safe='')}", made["path"]


def open_with_password(person: Person, link: str) -> None:
    person.go(link)
    person.page.get_by_role("textbox", name="Password").fill(LINK_PASSWORD)
    person.page.get_by_role("button", name="Open the document").click()


def test_whoever_comes_by_a_share_link_for_people_signed_in_goes_on_to_its_document(
    single_server: RunningServer, people: People
) -> None:
    document, link = shared_by_ada(single_server, people)
    bob = people.join(single_server.url)
    bob.go(link)
    bob.page.get_by_role("link", name="Continue with Example ID").click()
    log_in_at_the_provider(bob, "bob")

    expect(bob.editor).to_be_editable()
    assert bob.page.url == single_server.url + document


def test_the_password_of_a_share_link_is_asked_for_once_however_far_the_sign_in_is(
    single_server: RunningServer, people: People
) -> None:
    document, link = shared_by_ada(single_server, people, password=LINK_PASSWORD)
    bob = people.join(single_server.url)
    asked: list[str] = []
    bob.page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer')}"))
    open_with_password(bob, link)
    bob.page.get_by_role("link", name="Continue with Example ID").click()
    log_in_at_the_provider(bob, "bob")

    expect(bob.editor).to_be_editable()
    assert bob.page.url == single_server.url + document
    bob.write("Bob by a link")
    bob.sees_state("saved")
    secret = link.partition("#")[2]
    assert any(address.startswith("http://localhost") for address in asked)
    assert not any(secret in address for address in asked if not address.startswith(f"{single_server.url}/share#"))


def test_whom_the_provider_turns_away_may_sign_in_by_password_and_go_on_by_the_link(
    single_server: RunningServer, people: People
) -> None:
    document, link = shared_by_ada(single_server, people, password=LINK_PASSWORD)
    bob = people.join(single_server.url)
    open_with_password(bob, link)
    bob.page.get_by_role("link", name="Continue with Example ID").click()
    log_in_at_the_provider(bob, "new")

    expect(bob.page.get_by_role("alert")).to_contain_text("No account here goes with who you are at Example ID.")
    bob.page.get_by_role("textbox", name="E-mail", exact=True).fill("bob@example.org")
    bob.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    bob.page.get_by_role("button", name="Sign in").click()
    expect(bob.editor).to_be_editable()
    assert bob.page.url == single_server.url + document
