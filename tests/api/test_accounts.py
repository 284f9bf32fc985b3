"""Accounts over REST: how people come in, and what they do with what is theirs."""

from collections.abc import AsyncIterator

import httpx
import pytest

from collab.access.passwords import Passwords
from collab.ports import AccountChanges
from collab.settings import Settings
from tests.api.conftest import HERE, SECRET, Serve, Server, bearer

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"
ADA = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
async def server(serve: Serve) -> AsyncIterator[Server]:
    """A server with accounts, of the admin Ada and the user Bob."""
    async with serve(Settings.model_validate({"accounts": True, "secret": SECRET})) as running:
        kept = await Passwords().hash(PASSWORD)
        for name in ("Ada", "Bob"):
            await running.storage.accounts.create(
                email=f"{name.lower()}@example.org", name=name, password_hash=kept, admin=name == "Ada"
            )
        yield running


def browser(server: Server) -> httpx.AsyncClient:
    """Another browser, with cookies of its own, at the server's page."""
    transport = httpx.ASGITransport(server.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HERE, headers={"Origin": HERE, "User-Agent": "Browser"})


async def signed_in(server: Server, name: str = "ada", password: str = PASSWORD) -> httpx.AsyncClient:
    client = browser(server)
    answered = await client.post("/api/v1/session", json={"email": f"{name}@example.org", "password": password})
    assert answered.status_code == 200, answered.text
    return client


def problem(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["type"].removeprefix("/api/docs#")


async def test_whoever_knows_the_password_is_signed_in(server: Server) -> None:
    client = browser(server)
    assert (await client.get("/api/v1/session")).status_code == 401

    answered = await client.post("/api/v1/session", json=ADA)

    assert answered.json()["name"] == "Ada"
    cookie = answered.headers["Set-Cookie"]
    assert cookie.startswith("collab_session=cs_")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000")
    session = (await client.get("/api/v1/session")).json()
    assert (session["mode"], session["user"]["name"], session["user"]["admin"]) == ("account", "Ada", True)


async def test_every_sign_in_makes_another_session_and_ends_the_one_before(server: Server) -> None:
    client = await signed_in(server)
    first = client.cookies["collab_session"]
    await client.post("/api/v1/session", json=ADA)

    assert client.cookies["collab_session"] != first
    assert len((await client.get("/api/v1/account/sessions")).json()["sessions"]) == 1
    client.cookies.clear()
    stolen = await client.get("/api/v1/session", headers={"Cookie": f"collab_session={first}"})
    assert stolen.status_code == 401


WRONG = [
    {"email": "ada@example.org", "password": "wrong horse battery"},
    {"email": "nobody@example.org", "password": PASSWORD},
    {"email": "", "password": ""},
    {"email": "ada@example.org\x00", "password": PASSWORD},
    {"email": "ada@example.org", "password": PASSWORD + "\ud800"},
]


async def test_whatever_is_wrong_the_answer_is_the_same(server: Server) -> None:
    bob = (await server.storage.accounts.page(limit=2)).accounts[1]
    await server.storage.accounts.change(bob.user_id, AccountChanges(disabled=True))
    client = browser(server)
    answers = [
        await client.post("/api/v1/session", json=who) for who in [*WRONG[:4], {**ADA, "email": "bob@example.org"}]
    ]

    assert {problem(answered) for answered in answers} == {(403, "sign-in-failed")}
    assert len({answered.text for answered in answers}) == 1
    assert not any("Set-Cookie" in answered.headers for answered in answers)


@pytest.mark.usefixtures("long_delays")
async def test_whoever_fails_too_often_waits_even_with_the_right_password(server: Server) -> None:
    client = browser(server)
    for _ in range(5):
        assert problem(await client.post("/api/v1/session", json=WRONG[0])) == (403, "sign-in-failed")

    refused = await client.post("/api/v1/session", json=ADA)

    assert problem(refused) == (429, "sign-in-delayed")
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert (await client.post("/api/v1/session", json={**ADA, "email": "bob@example.org"})).status_code == 200


async def test_signing_out_ends_the_session_and_takes_the_cookie(server: Server) -> None:
    client = await signed_in(server)
    secret = client.cookies["collab_session"]

    answered = await client.delete("/api/v1/session")

    assert answered.status_code == 204
    assert "Max-Age=0" in answered.headers["Set-Cookie"]
    assert "collab_session" not in client.cookies
    again = await client.get("/api/v1/session", headers={"Cookie": f"collab_session={secret}"})
    assert again.status_code == 401


@pytest.mark.parametrize(
    "origin",
    ["null", "https://127.0.0.1:8000", "http://127.0.0.1:8001", "http://evil.127.0.0.1:8000", "http://evil.org"],
)
async def test_a_page_elsewhere_can_use_nobodys_session(server: Server, origin: str) -> None:
    client = await signed_in(server)

    changed = await client.patch("/api/v1/account", json={"name": "Eve"}, headers={"Origin": origin})
    assert changed.status_code in {401, 403}
    assert problem(await client.post("/api/v1/session", json=ADA, headers={"Origin": origin})) == (403, "forbidden")
    assert (await client.get("/api/v1/account")).json()["name"] == "Ada"


async def test_a_token_counts_before_a_session(server: Server) -> None:
    client = await signed_in(server)

    assert (await client.get("/api/v1/session", headers=bearer({}))).json()["mode"] == "token"
    assert (await client.get("/api/v1/session", headers={"Authorization": "Bearer junk"})).status_code == 401


async def invited(server: Server, **invitation: object) -> str:
    client = await signed_in(server)
    answered = await client.post("/api/v1/invitations", json=invitation)
    assert answered.status_code == 201
    assert answered.json()["path"] == f"/join#{answered.json()['ticket']}"
    return str(answered.json()["ticket"])


async def test_an_invitation_makes_one_account(server: Server) -> None:
    ticket = await invited(server, email="Sam@example.org")
    client = browser(server)
    looked = (await client.post("/api/v1/tickets", json={"ticket": ticket})).json()
    assert (looked["kind"], looked["email"]) == ("invitation", "Sam@example.org")

    new = {"ticket": ticket, "name": "Sam", "password": PASSWORD, "email": "eve@example.org"}
    assert (await client.post("/api/v1/accounts", json=new)).status_code == 201
    account = (await client.get("/api/v1/account")).json()
    assert (account["email"], account["name"], account["admin"]) == ("Sam@example.org", "Sam", False)
    assert problem(await client.post("/api/v1/accounts", json=new)) == (410, "ticket-spent")
    assert problem(await client.post("/api/v1/tickets", json={"ticket": ticket})) == (410, "ticket-spent")


async def test_an_open_invitation_takes_whoever_has_it_with_their_own_email(server: Server) -> None:
    ticket = await invited(server, admin=True)
    client = browser(server)
    new = {"ticket": ticket, "name": "Sam", "password": PASSWORD}

    for email in (None, "", "sam", "sam@", "@x", "sam @x.org", "sam@x\n.org", "x" * 250 + "@x.org"):
        assert problem(await client.post("/api/v1/accounts", json={**new, "email": email})) == (422, "invalid-email")
    taken = await client.post("/api/v1/accounts", json={**new, "email": "BOB@example.org"})
    assert problem(taken) == (409, "email-taken")
    short = await client.post("/api/v1/accounts", json={**new, "email": "sam@x.org", "password": "short"})
    assert problem(short) == (422, "unfit-password")
    assert (await client.post("/api/v1/accounts", json={**new, "email": " sam@x.org "})).status_code == 201
    assert (await client.get("/api/v1/account")).json()["admin"] is True


@pytest.mark.usefixtures("long_delays")
async def test_an_open_invitation_is_no_list_of_who_has_an_account(server: Server) -> None:
    client = browser(server)
    new = {"ticket": await invited(server), "name": "Sam", "password": PASSWORD, "email": "bob@example.org"}

    answers = [problem(await client.post("/api/v1/accounts", json=new)) for _ in range(6)]

    assert answers == [(409, "email-taken")] * 5 + [(429, "sign-in-delayed")]


@pytest.mark.parametrize("ticket", ["", "ct_", "ct_junk", "x" * 4000, "ü", "cs_" + "x" * 43])
async def test_without_an_invitation_nobody_makes_an_account(server: Server, ticket: str) -> None:
    new = {"ticket": ticket, "name": "Eve", "email": "eve@example.org", "password": PASSWORD}

    assert problem(await browser(server).post("/api/v1/accounts", json=new)) == (410, "ticket-spent")


async def test_another_password_by_a_ticket_ends_every_session(server: Server) -> None:
    admin, bob = await signed_in(server), await signed_in(server, "bob")
    user_id = (await bob.get("/api/v1/account")).json()["user_id"]
    ticket = (await admin.post(f"/api/v1/users/{user_id}/reset")).json()["ticket"]
    reset = {"ticket": ticket, "password": "another horse battery"}

    short = await browser(server).post("/api/v1/password-resets", json={**reset, "password": "short"})
    assert problem(short) == (422, "unfit-password")
    assert (await browser(server).post("/api/v1/password-resets", json=reset)).status_code == 204
    assert (await bob.get("/api/v1/account")).status_code == 401
    assert problem(await browser(server).post("/api/v1/password-resets", json=reset)) == (410, "ticket-spent")
    await signed_in(server, "bob", "another horse battery")


async def test_an_invitation_resets_nothing_and_a_reset_makes_no_account(server: Server) -> None:
    admin = await signed_in(server)
    user_id = (await admin.get("/api/v1/account")).json()["user_id"]
    reset = (await admin.post(f"/api/v1/users/{user_id}/reset")).json()["ticket"]
    invitation = await invited(server)

    wrong = {"ticket": invitation, "password": PASSWORD}
    assert problem(await admin.post("/api/v1/password-resets", json=wrong)) == (410, "ticket-spent")
    new = {"ticket": reset, "name": "Eve", "email": "eve@example.org", "password": PASSWORD}
    assert problem(await admin.post("/api/v1/accounts", json=new)) == (410, "ticket-spent")


async def test_ones_own_password_needs_the_one_before_and_ends_the_other_sessions(server: Server) -> None:
    here, elsewhere = await signed_in(server), await signed_in(server)
    path, new = "/api/v1/account/password", "another horse battery"

    assert problem(await here.put(path, json={"current": "wrong", "new": new})) == (403, "sign-in-failed")
    assert problem(await here.put(path, json={"current": PASSWORD, "new": "short"})) == (422, "unfit-password")
    assert (await here.put(path, json={"current": PASSWORD, "new": new})).status_code == 204
    assert (await here.get("/api/v1/account")).status_code == 200
    assert (await elsewhere.get("/api/v1/account")).status_code == 401
    await signed_in(server, password=new)


async def test_one_sees_where_one_is_signed_in_and_signs_others_out(server: Server) -> None:
    here, phone, bob = await signed_in(server), await signed_in(server), await signed_in(server, "bob")
    sessions = (await here.get("/api/v1/account/sessions")).json()["sessions"]
    assert sorted(session["current"] for session in sessions) == [False, True]
    assert {session["agent"] for session in sessions} == {"Browser"}
    other = next(session["id"] for session in sessions if not session["current"])

    assert (await bob.delete(f"/api/v1/account/sessions/{other}")).status_code == 204
    assert (await phone.get("/api/v1/account")).status_code == 200
    assert (await here.delete(f"/api/v1/account/sessions/{other}")).status_code == 204
    assert (await phone.get("/api/v1/account")).status_code == 401
    assert (await here.get("/api/v1/account")).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "Lovelace", "color": "#a1b2c3", "picture": "https://example.org/a.png"}, 200),
        ({"color": "", "picture": ""}, 200),
        ({"name": ""}, 422),
        ({"name": "x" * 256}, 422),
        ({"name": "a\nb"}, 422),
        ({"color": "red"}, 422),
        ({"color": "#12345g"}, 422),
        ({"picture": "javascript:alert(1)"}, 422),
        ({"picture": "//example.org/a.png"}, 422),
        ({"admin": True}, 422),
        ({"email": "x@y.org"}, 422),
    ],
    ids=str,
)
async def test_a_profile_takes_what_everybody_may_see(server: Server, change: dict[str, str], status: int) -> None:
    client = await signed_in(server)
    before = (await client.get("/api/v1/account")).json()

    assert (await client.patch("/api/v1/account", json=change)).status_code == status
    expected = {**before, **{key: value or None for key, value in change.items()}} if status == 200 else before
    assert (await client.get("/api/v1/account")).json() == expected


async def test_an_admin_disables_an_account_and_it_is_out_at_once(server: Server) -> None:
    admin, bob = await signed_in(server), await signed_in(server, "bob")
    user_id = (await bob.get("/api/v1/account")).json()["user_id"]

    changed = await admin.patch(f"/api/v1/users/{user_id}", json={"disabled": True})

    assert changed.json()["disabled_at"] is not None
    assert (await bob.get("/api/v1/account")).status_code == 401
    listed = (await admin.get("/api/v1/users", params={"q": "bob"})).json()["users"]
    assert listed == [changed.json()]


async def test_the_only_admin_cannot_step_down(server: Server) -> None:
    admin = await signed_in(server)
    user_id = (await admin.get("/api/v1/account")).json()["user_id"]

    for change in ({"admin": False}, {"disabled": True}):
        assert problem(await admin.patch(f"/api/v1/users/{user_id}", json=change)) == (409, "last-admin")


async def test_a_server_says_how_people_come_in(server: Server, serve: Serve) -> None:
    closed = (await server.client.get("/api/v1/sign-in")).json()
    async with serve(Settings()) as open_server:
        ways = (await open_server.client.get("/api/v1/sign-in")).json()
    assert closed == {"open": False, "accounts": True, "tokens": True, "single_sign_on": None}
    assert ways == {"open": True, "accounts": False, "tokens": False, "single_sign_on": None}


async def test_an_account_that_is_a_member_reads_and_nobody_else(server: Server) -> None:
    admin, bob = await signed_in(server), await signed_in(server, "bob")
    user_id = (await bob.get("/api/v1/account")).json()["user_id"]
    await admin.post("/api/v1/documents", json={"name": "plan"})

    assert problem(await bob.get("/api/v1/documents/plan")) == (403, "forbidden")
    await admin.put(f"/api/v1/documents/plan/members/{user_id}", json={"role": "reader"})
    assert (await bob.get("/api/v1/documents/plan")).json()["role"] == "reader"
    assert (await bob.get("/api/v1/documents")).json()["documents"][0]["name"] == "plan"


async def test_an_account_owns_what_it_makes_and_chooses_no_name(server: Server) -> None:
    bob = await signed_in(server, "bob")
    made = await bob.post("/api/v1/documents", json={"title": "Mine"})

    assert (made.status_code, made.json()["role"]) == (201, "owner")
    path = f"/api/v1/documents/{made.json()['name']}"
    assert (await bob.delete(path)).status_code == 204
    eve = bearer({}, user="eve")
    assert problem(await server.client.post(f"{path}/restore", headers=eve)) == (403, "forbidden")
    assert (await bob.post(f"{path}/restore")).json()["role"] == "owner"
    assert problem(await bob.post("/api/v1/documents", json={"name": "chosen"})) == (403, "forbidden")
