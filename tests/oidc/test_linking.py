"""Linking an account with an identity at a certified provider, and unlinking it."""

from pathlib import Path

import pytest

from tests.oidc.browser import Browser, refusal
from tests.oidc.deployment import PASSWORD, audited, environment
from tests.support.server import RunningServer

pytestmark = pytest.mark.anyio


async def test_somebody_who_is_signed_in_links_and_unlinks(
    browser: Browser, server: RunningServer, provider: str
) -> None:
    await browser.sign_in_with_password("ada@example.org", PASSWORD)
    session = browser.client.cookies["collab_session"]
    answered = await browser.sign_in("mailless", "/account", link=True)

    assert answered.headers["Location"] == "/account"
    assert "collab_session" not in answered.headers["Set-Cookie"]
    browser.client.cookies.set("collab_session", session)
    assert await browser.name() == "Ada"
    assert (await browser.client.get("/api/v1/account")).json()["has_password"] is True
    async with Browser(server.url) as elsewhere:
        await elsewhere.sign_in("mailless")
        assert await elsewhere.name() == "Ada"

    (identity,) = (await browser.client.get("/api/v1/account/identities")).json()["identities"]
    for _ in range(2):
        assert (await browser.delete(f"/api/v1/account/identities/{identity['id']}")).status_code == 204
    async with Browser(server.url) as elsewhere:
        assert refusal(await elsewhere.sign_in("mailless")) == "no-account"
    acts = [(act["action"], act["subject"], act["details"]) for act in await audited(server)]
    assert ("identity-linked", "mailless", {"issuer": provider}) in acts
    assert ("identity-unlinked", "mailless", {"issuer": provider}) in acts


async def test_an_identity_of_another_account_is_not_linked(browser: Browser, server: RunningServer) -> None:
    async with Browser(server.url) as bobs:
        await bobs.sign_in("bob")
    await browser.sign_in_with_password("ada@example.org", PASSWORD)

    assert refusal(await browser.sign_in("bob", "/account", link=True)) == "taken"


async def test_nothing_is_linked_for_whoever_is_not_signed_in(browser: Browser, server: RunningServer) -> None:
    assert refusal(await browser.start("/account", link=True)) == "signed-out"

    (failed,) = [act for act in await audited(server) if act["action"] == "sign-in-failed"]
    assert failed["details"] == {"method": "oidc", "reason": "signed-out"}


async def test_a_page_elsewhere_links_nothing(browser: Browser) -> None:
    await browser.sign_in_with_password("ada@example.org", PASSWORD)
    for site in ("same-site", "cross-site", "none"):
        begun = await browser.client.get("/api/v1/oidc/start?link=true", headers={"Sec-Fetch-Site": site})
        assert refusal(begun) == "signed-out"


async def test_nothing_is_linked_to_a_session_that_ended_meanwhile(browser: Browser) -> None:
    await browser.sign_in_with_password("ada@example.org", PASSWORD)
    address = await browser.log_in(await browser.start("/account", link=True), "mailless")
    assert (await browser.delete("/api/v1/session")).status_code == 204

    assert refusal(await browser.come_back(address)) == "signed-out"


async def test_an_account_without_a_password_keeps_its_last_identity(provider: str, tmp_path: Path) -> None:
    server = RunningServer.start(tmp_path, environment=environment(provider, COLLAB_OIDC_SIGN_UP="true"))
    try:
        async with Browser(server.url) as browser:
            await browser.sign_in("new")
            assert (await browser.client.get("/api/v1/account")).json()["has_password"] is False
            (identity,) = (await browser.client.get("/api/v1/account/identities")).json()["identities"]
            refused = await browser.delete(f"/api/v1/account/identities/{identity['id']}")
            assert (refused.status_code, refused.json()["type"]) == (409, "/api/docs#last-way-in")
    finally:
        server.kill()
