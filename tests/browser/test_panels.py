"""The pages that look after people, on a phone and in both themes: the account's, the admins', the workspaces', and the sharing dialog."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, StorageState, expect

from tests.browser.people import People, Person
from tests.browser.test_accounts import sign_in, user
from tests.browser.test_layout import PHONE, serious_violations
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def busy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the admin Ada, Bob, and Eve, who may not sign in."""
    running = RunningServer.start(tmp_path_factory.mktemp("panels"), environment={"COLLAB_ACCOUNTS": "true"})
    user(running, "add", "ada@example.org", "--admin", "--name", "Ada")
    for name in ("Bob", "Eve"):
        user(running, "add", f"{name.lower()}@example.org", "--name", name)
    user(running, "disable", "eve@example.org")
    yield running
    running.kill()


@pytest.fixture(scope="module")
def signed_in(busy_server: RunningServer, chromium: Browser) -> StorageState:
    """The cookies of Ada, who shares a document and a workspace with Bob and has an API key."""
    everybody = People(chromium)
    ada = everybody.join(busy_server.url)
    ada.go("/")
    sign_in(ada)
    expect(ada.page.get_by_role("button", name="New document").first).to_be_visible()

    def send(method: str, path: str, body: object) -> dict[str, str]:
        answer = ada.page.request.fetch(
            f"{busy_server.url}/api/v1{path}", method=method, data=body, headers={"Origin": busy_server.url}
        )
        assert answer.ok, answer.text()
        return dict(answer.json())

    bob = send("POST", "/people", {"email": "bob@example.org"})["user_id"]
    send("POST", "/documents", {"name": "plan", "title": "Release plan"})
    send("PUT", f"/documents/plan/members/{bob}", {"role": "editor"})
    send("POST", "/documents/plan/links", {"role": "reader", "guests": True})
    send("POST", "/workspaces", {"name": "team", "title": "The team"})
    send("PUT", f"/workspaces/team/members/{bob}", {})
    send("POST", "/keys", {"name": "Nightly export", "documents": {"notes/*": "reader"}})
    state = ada.context.storage_state()
    everybody.leave()
    return state


def see_account(ada: Person) -> list[Locator]:
    ada.go("/account")
    return [ada.page.get_by_text("Nightly export"), ada.page.get_by_role("button", name="Revoke Nightly export")]


def see_admin(ada: Person) -> list[Locator]:
    ada.go("/admin")
    return [ada.page.get_by_text("Disabled", exact=True), ada.page.get_by_role("button", name="What to do about Eve")]


def see_workspaces(ada: Person) -> list[Locator]:
    ada.go("/workspaces")
    return [ada.page.get_by_label("Role of Bob"), ada.page.get_by_role("button", name="Remove Bob")]


def see_sharing(ada: Person) -> list[Locator]:
    ada.go("/d/plan")
    ada.page.get_by_role("button", name="Share").click()
    return [ada.page.get_by_label("Role of Bob"), ada.page.get_by_role("button", name="Remove Bob")]


PAGES = [see_account, see_admin, see_workspaces, see_sharing]


def middle(shown: Locator) -> float:
    expect(shown).to_be_visible()
    box = shown.bounding_box()
    assert box is not None
    return box["y"] + box["height"] / 2


@pytest.mark.parametrize("see", PAGES)
def test_what_is_in_one_row_stays_beside_each_other_on_a_phone(
    busy_server: RunningServer, people: People, signed_in: StorageState, see: Callable[[Person], list[Locator]]
) -> None:
    ada = people.join(busy_server.url, storage_state=signed_in, **PHONE)
    first, last = see(ada)

    assert abs(middle(first) - middle(last)) < 16
    assert ada.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("see", PAGES)
def test_axe_finds_nothing_serious_in_either_theme(
    busy_server: RunningServer, people: People, signed_in: StorageState, see: Callable[[Person], list[Locator]]
) -> None:
    ada = people.join(busy_server.url, storage_state=signed_in, color_scheme="light", reduced_motion="reduce")
    for shown in see(ada):
        expect(shown).to_be_visible()
    assert serious_violations(ada) == []

    ada.page.emulate_media(color_scheme="dark")
    expect(ada.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert serious_violations(ada) == []
