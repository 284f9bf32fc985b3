"""Single sign-on from end to end: `collab serve` and a certified provider, each in a process of its own, and a browser between them."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from anyio import to_thread

from tests.oidc.browser import CALLBACK, Browser, parameters, refusal
from tests.oidc.deployment import PASSWORD, audited, environment
from tests.support.server import RunningServer

pytestmark = pytest.mark.anyio


async def test_the_sign_in_page_is_told_of_the_provider(browser: Browser) -> None:
    ways = (await browser.client.get("/api/v1/sign-in")).json()

    assert ways["single_sign_on"] == "Example ID"


async def test_the_browser_is_sent_there_with_pkce_state_and_nonce(browser: Browser, provider: str) -> None:
    begun = await browser.start("/d/x")

    asked = parameters(begun.headers["Location"])
    assert (begun.status_code, begun.headers["Cache-Control"]) == (302, "no-store")
    assert begun.headers["Location"].startswith(f"{provider}/auth?")
    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid email profile", "collab")
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    cookie = begun.headers["Set-Cookie"]
    assert cookie.endswith("; Path=/api/v1/oidc; HttpOnly; SameSite=Lax; Max-Age=600")
    assert asked["state"] not in cookie
    assert parameters((await browser.start()).headers["Location"])["state"] != asked["state"]


async def test_somebody_with_the_verified_email_of_an_account_comes_in_as_that(
    browser: Browser, server: RunningServer, provider: str
) -> None:
    answered = await browser.sign_in("bob", "/d/team%2Fnotes?x=1")

    assert (answered.status_code, answered.headers["Location"]) == (303, "/d/team%2Fnotes?x=1")
    session, visit = answered.headers.get_list("Set-Cookie")
    assert session.startswith("collab_session=cs_")
    assert session.endswith("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000")
    assert visit.startswith("collab_visit=; ")
    assert visit.endswith("Max-Age=0")
    assert await browser.name() == "Bob"
    (identity,) = (await browser.client.get("/api/v1/account/identities")).json()["identities"]
    assert (identity["issuer"], identity["subject"], identity["email"]) == (provider, "bob", "bob@example.org")
    acts = [(act["action"], act["details"]) for act in await audited(server)]
    assert ("identity-linked", {"issuer": provider}) in acts
    assert ("sign-in", {"method": "oidc"}) in acts


async def test_a_known_identity_comes_in_whatever_its_email_is_by_then(browser: Browser, server: RunningServer) -> None:
    await browser.sign_in("bob")
    set_email(server, "robert@example.org", name="Bob")

    async with Browser(server.url) as elsewhere:
        await elsewhere.sign_in("bob")
        assert await elsewhere.name() == "Bob"


def set_email(server: RunningServer, email: str, *, name: str) -> None:
    with closing(sqlite3.connect(server.data_dir / "collab.db")) as database, database:
        database.execute("UPDATE accounts SET email = ?, email_key = ? WHERE name = ?", (email, email, name))


async def test_signing_in_ends_the_session_before(browser: Browser, server: RunningServer) -> None:
    await browser.sign_in_with_password("ada@example.org", PASSWORD)
    before = browser.client.cookies["collab_session"]
    await browser.sign_in("bob")

    assert await browser.name() == "Bob"
    async with httpx.AsyncClient(base_url=server.url, cookies={"collab_session": before}) as stolen:
        assert (await stolen.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("person", ["eve", "new", "mailless"])
async def test_nobody_else_gets_in(browser: Browser, server: RunningServer, person: str) -> None:
    answered = await browser.sign_in(person, "/d/x")

    assert answered.headers["Location"] == "/d/x#sign-in-failed=no-account"
    assert refusal(answered) == "no-account"
    assert await browser.name() is None
    (failed,) = [act for act in await audited(server) if act["action"] == "sign-in-failed"]
    assert failed["details"] == {"method": "oidc", "reason": "no-account"}


async def test_an_account_is_found_by_email_for_one_identity_of_the_provider(
    browser: Browser, server: RunningServer
) -> None:
    await browser.sign_in("bob")

    async with Browser(server.url) as elsewhere:
        assert refusal(await elsewhere.sign_in("bob-again")) == "no-account"


async def test_a_disabled_account_lets_nobody_in(browser: Browser, server: RunningServer) -> None:
    await browser.sign_in("bob")
    async with Browser(server.url) as admin:
        await admin.sign_in_with_password("ada@example.org", PASSWORD)
        user_id = (await browser.client.get("/api/v1/account")).json()["user_id"]
        disabled = await admin.client.patch(
            f"/api/v1/users/{user_id}", json={"disabled": True}, headers={"Origin": server.url}
        )
        assert disabled.status_code == 200

    for person in ("bob", "bob-again"):
        async with Browser(server.url) as elsewhere:
            assert refusal(await elsewhere.sign_in(person)) == "no-account"
            assert await elsewhere.name() is None


async def test_an_invitation_by_email_makes_the_account(browser: Browser, server: RunningServer) -> None:
    async with Browser(server.url) as admin:
        await admin.sign_in_with_password("ada@example.org", PASSWORD)
        invited = await admin.post("/api/v1/invitations", {"email": "New@example.org", "admin": True})
        assert invited.status_code == 201, invited.text

    await browser.sign_in("new")

    account = (await browser.client.get("/api/v1/account")).json()
    assert (account["name"], account["email"], account["admin"]) == ("New One", "new@example.org", True)
    spent = await browser.post("/api/v1/tickets", {"ticket": invited.json()["ticket"]})
    assert spent.status_code == 410


async def test_an_account_made_under_an_email_that_nobody_vouched_for_is_not_found_by_it(
    browser: Browser, server: RunningServer
) -> None:
    """Else whoever makes an account under somebody else's e-mail would wait for them to come and write into it."""
    async with Browser(server.url) as admin, Browser(server.url) as thief:
        await admin.sign_in_with_password("ada@example.org", PASSWORD)
        ticket = (await admin.post("/api/v1/invitations", {})).json()["ticket"]
        claimed = {"ticket": ticket, "email": "new@example.org", "name": "Thief", "password": PASSWORD}
        assert (await thief.post("/api/v1/accounts", claimed)).status_code == 201

    answered = await browser.sign_in("new", "/d/x")

    assert refusal(answered) == "no-account"
    assert await browser.name() is None


async def test_everybody_gets_an_account_where_the_settings_say_so(provider: str, tmp_path: Path) -> None:
    server = RunningServer.start(tmp_path, environment=environment(provider, COLLAB_OIDC_SIGN_UP="true"))
    try:
        async with Browser(server.url) as browser, Browser(server.url) as other:
            await browser.sign_in("nameless")
            assert await browser.name() == "nameless"
            assert refusal(await other.sign_in("mailless")) == "no-account"
    finally:
        server.kill()


def execute(server: RunningServer, statement: str) -> None:
    with closing(sqlite3.connect(server.data_dir / "collab.db")) as database, database:
        database.execute(statement)


def kept_in(server: RunningServer) -> list[tuple[str, str | None]]:
    """Return every account's name, with the identity that is linked to it."""
    with closing(sqlite3.connect(server.data_dir / "collab.db")) as database:
        linked = "SELECT name, subject FROM accounts LEFT JOIN external_identities ON account_id = accounts.id"
        return database.execute(f"{linked} ORDER BY accounts.id").fetchall()


async def test_what_cannot_be_written_down_is_not_made_nor_linked(
    provider: str, database: Path, tmp_path: Path
) -> None:
    shutil.copy(database, tmp_path)
    server = RunningServer.start(tmp_path, environment=environment(provider, COLLAB_OIDC_SIGN_UP="true"))
    try:
        execute(server, "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'full'); END")
        for person in ("new", "bob"):
            async with Browser(server.url) as browser:
                assert (await browser.sign_in(person)).status_code == 503
                assert await browser.name() is None
        assert kept_in(server) == [("Ada", None), ("Bob", None)]
        execute(server, "DROP TRIGGER full")
        for person in ("new", "bob"):
            async with Browser(server.url) as browser:
                await browser.sign_in(person)
        assert kept_in(server) == [("Ada", None), ("Bob", "bob"), ("New One", "new")]
        acts = [act["action"] for act in await audited(server)]
    finally:
        server.kill()

    assert acts[2:] == ["account-made", "identity-linked", "sign-in", "identity-linked", "sign-in", "sign-in"]


async def test_a_public_client_needs_no_secret(provider: str, tmp_path: Path) -> None:
    settings = environment(provider, COLLAB_OIDC_SIGN_UP="true", COLLAB_OIDC_CLIENT_ID="public")
    del settings["COLLAB_OIDC_CLIENT_SECRET"]
    server = RunningServer.start(tmp_path, environment=settings)
    try:
        async with Browser(server.url) as browser:
            await browser.sign_in("new")
            assert await browser.name() == "New One"
    finally:
        server.kill()


async def test_whoever_says_no_at_the_provider_is_told_so(browser: Browser) -> None:
    begun = await browser.start("/d/x")
    asked = await browser.client.get(begun.headers["Location"], follow_redirects=True)
    aborted = await browser.client.get(f"{asked.url}/abort", follow_redirects=False)
    while not (address := str(aborted.url.join(aborted.headers["Location"]))).startswith(str(browser.client.base_url)):
        aborted = await browser.client.get(address)

    assert parameters(address)["error"] == "access_denied"
    assert refusal(await browser.come_back(address)) == "denied"


async def test_a_callback_is_taken_once(browser: Browser) -> None:
    address = await browser.log_in(await browser.start(), "bob")
    visit = browser.client.cookies["collab_visit"]
    assert "#" not in (await browser.come_back(address)).headers["Location"]

    browser.client.cookies.set("collab_visit", visit)
    browser.client.cookies.delete("collab_session")
    assert refusal(await browser.come_back(address)) == "expired"
    assert await browser.name() is None


async def test_a_code_is_taken_once_even_by_a_visit_of_ones_own(browser: Browser, server: RunningServer) -> None:
    address = await browser.log_in(await browser.start(), "bob")
    async with Browser(server.url) as thief:
        own = parameters((await thief.start()).headers["Location"])["state"]
        code = parameters(address)["code"]
        issuer = parameters(address)["iss"]
        replayed = await thief.client.get(CALLBACK, params={"code": code, "state": own, "iss": issuer})
        assert refusal(replayed) == "unverified"
        assert await thief.name() is None


async def test_another_browser_cannot_end_a_visit(browser: Browser, server: RunningServer) -> None:
    address = await browser.log_in(await browser.start(), "bob")
    async with Browser(server.url) as victim, Browser(server.url) as busy:
        await busy.start()
        for other in (victim, busy):
            assert refusal(await other.come_back(address)) == "expired"
            assert await other.name() is None

    await browser.come_back(address)
    assert await browser.name() == "Bob"
    failed = [act for act in await audited(server) if act["action"] == "sign-in-failed"]
    assert [act["details"] for act in failed] == [{"method": "oidc", "reason": "expired"}] * 2


async def test_a_provider_that_does_not_answer_is_noted(database: Path, tmp_path: Path) -> None:
    shutil.copy(database, tmp_path)
    server = await to_thread.run_sync(
        lambda: RunningServer.start(tmp_path, environment=environment("http://127.0.0.1:9"))
    )
    try:
        async with Browser(server.url) as browser:
            assert refusal(await browser.start("/d/x")) == "unavailable"
        (failed,) = [act for act in await audited(server) if act["action"] == "sign-in-failed"]
    finally:
        server.kill()

    assert failed["details"] == {"method": "oidc", "reason": "unavailable"}


@pytest.mark.parametrize("state", ["", "x", "ü" * 43, "A" * 43])
async def test_another_state_ends_nothing(browser: Browser, state: str) -> None:
    address = await browser.log_in(await browser.start(), "bob")
    forged = {**parameters(address), "state": state}

    assert refusal(await browser.client.get(CALLBACK, params=forged)) == "expired"
    await browser.come_back(address)
    assert await browser.name() == "Bob"


async def test_an_answer_of_another_issuer_is_not_believed(browser: Browser) -> None:
    address = await browser.log_in(await browser.start(), "bob")
    for changed in ({"iss": "https://evil.example.org"},):
        forged = {**parameters(address), **changed}
        assert refusal(await browser.client.get(CALLBACK, params=forged)) == "unverified"
    assert await browser.name() is None


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example.org/x",
        "https://evil.example.org",
        "/\\evil.example.org",
        "\\\\evil.example.org",
        "/\t/evil.example.org",
        "javascript:alert(1)",
        "evil.example.org",
        "",
        "/d/x#sign-in-failed=denied",
        "/d/\u00fc",
        "/api/v1/oidc/start",
        "/" + "x" * 4096,
    ],
)
async def test_nobody_is_sent_on_to_another_site(browser: Browser, path: str) -> None:
    answered = await browser.sign_in("bob", path)

    assert answered.headers["Location"] == "/"
    assert await browser.name() == "Bob"


async def test_a_server_without_a_provider_has_none_of_it(tmp_path: Path) -> None:
    server = RunningServer.start(tmp_path, environment={"COLLAB_ACCOUNTS": "true"})
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/api/v1/sign-in")).json()["single_sign_on"] is None
            for path in ("/api/v1/oidc/start", CALLBACK):
                refused = await client.get(path)
                assert (refused.status_code, refused.json()["type"]) == (404, "/api/docs#no-single-sign-on")
    finally:
        server.kill()
