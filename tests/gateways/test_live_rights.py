"""Rights that are given and taken while somebody has a document open, at both WebSocket doors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from collab.access.passwords import Passwords
from collab.ports import DocumentName, Role
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.storage import open_storage
from tests.gateways.clients import (
    HocuspocusClient,
    YWebsocketClient,
    hocuspocus,
    joining,
    seated,
    token_for,
    y_websocket,
)
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import Denied, LetIn, Step1, Update
from tests.support.peers import Peer, text_of

pytestmark = pytest.mark.anyio


class Owner:
    """Somebody who shares the document `doc`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def give(self, user: str, role: Role) -> None:
        path = f"/api/v1/documents/doc/members/{user}"
        (await self._client.put(path, json={"role": role.name.lower()})).raise_for_status()

    async def take(self, user: str) -> None:
        (await self._client.delete(f"/api/v1/documents/doc/members/{user}")).raise_for_status()

    async def delete(self) -> None:
        (await self._client.delete("/api/v1/documents/doc")).raise_for_status()


@asynccontextmanager
async def shared(serve: Serve) -> AsyncIterator[tuple[Served, Owner]]:
    """A server that asks for tokens, and the owner of a document on it."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(secret=SECRET))
        headers = {"Authorization": f"Bearer {token_for({'doc': 'owner'}, user='owner')}"}
        client = httpx.AsyncClient(base_url=f"http://{server.address}", headers=headers)
        await stack.enter_async_context(client)
        (await client.post("/api/v1/documents", json={"name": "doc", "kind": "yjs"})).raise_for_status()
        yield server, Owner(client)


def of(user: str) -> str:
    """Return a token that grants nothing by itself."""
    return token_for({}, user=user)


async def test_y_websocket_member_who_was_removed_is_out_for_good(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.EDITOR)
        async with y_websocket(server, token=of("bob")) as bob:
            await owner.take("bob")

            assert await bob.ending() == (4403, "your role in this document has changed; load it again")


async def test_y_websocket_editor_who_may_only_read_now_is_told_by_a_final_close(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.EDITOR)
        async with y_websocket(server, token=of("bob")) as bob:
            await owner.give("bob", Role.READER)
            assert await bob.ending() == (4403, "your role in this document has changed; load it again")

        async with y_websocket(server, token=of("bob")) as bob:
            await bob.update(Peer(1).type("never"))
            assert await bob.sync() == ""


async def test_y_websocket_reader_who_may_write_now_is_asked_for_what_they_have(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.READER)
        async with y_websocket(server, token=of("bob")) as bob:
            peer = Peer(1)
            await bob.update(peer.type("before"))
            assert await bob.sync() == ""

            await owner.give("bob", Role.EDITOR)
            await bob.until(Step1)
            await bob.say(b"".join(bob.dialect.sync_step2(peer.state)))
            await bob.update(peer.type(" now"))
            assert await bob.sync() == "before now"


async def test_hocuspocus_member_who_was_removed_is_denied_and_keeps_the_socket(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.EDITOR)
        async with seated(server, token=of("bob")) as bob:
            await owner.take("bob")
            assert await bob.until(Denied) == Denied("you have no role in this document any more")

            await owner.give("bob", Role.READER)
            await bob.authenticate(token=of("bob"))
            assert await bob.until(LetIn) == LetIn("readonly")


async def test_hocuspocus_member_hears_of_every_new_scope(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.EDITOR)
        async with seated(server, token=of("bob")) as bob:
            await owner.give("bob", Role.COMMENTER)
            assert await bob.until(LetIn) == LetIn("readonly")
            peer = Peer(1)
            await bob.update(peer.type("before"))
            assert await bob.sync() == ""

            await owner.give("bob", Role.OWNER)
            assert await bob.until(LetIn) == LetIn("read-write")
            await bob.until(Step1)
            await bob.say(b"".join(HocuspocusDialect("doc").sync_step2(peer.state)))
            await bob.update(peer.type(" now"))
            assert await bob.sync() == "before now"


async def test_hocuspocus_member_hears_of_a_new_role_of_the_same_scope(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.READER)
        async with seated(server, token=of("bob")) as bob:
            for role, scope in (
                (Role.COMMENTER, "readonly"),
                (Role.READER, "readonly"),
                (Role.EDITOR, "read-write"),
                (Role.OWNER, "read-write"),
            ):
                await owner.give("bob", role)
                assert await bob.until(LetIn) == LetIn(scope)


async def test_y_websocket_member_with_a_new_role_of_the_same_scope_goes_on(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.READER)
        async with y_websocket(server, token=of("bob")) as bob:
            for role in (Role.COMMENTER, Role.EDITOR):
                await owner.give("bob", role)
            await bob.until(Step1)  # as an editor, and so after both
            await bob.update(Peer(1).type("still here"))
            assert await bob.sync() == "still here"


async def test_whoever_was_removed_receives_nothing_that_is_written_afterwards(serve: Serve) -> None:
    async with shared(serve) as (server, owner), y_websocket(server, token=token_for({"doc": "editor"})) as writer:
        await owner.give("bob", Role.READER)
        async with seated(server, token=of("bob")) as bob:
            await owner.take("bob")
            await bob.until(Denied)
            await writer.update(Peer(1).type("secret"))
            await writer.until(Update)

            await bob.authenticate("other", token_for({"other": "reader"}))
            await bob.until(LetIn, "other")  # whatever was said to it before has been heard by now, and was no update
        assert text_of(*writer.content) == "secret"


async def test_a_token_that_grants_it_outlives_the_membership(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.OWNER)
        async with seated(server, token=token_for({"doc": "editor"}, user="bob")) as bob:
            await owner.take("bob")
            await owner.give("bob", Role.READER)
            await bob.update(Peer(1).type("still here"))
            assert await bob.sync() == "still here"


async def test_a_change_by_another_process_is_heard_of_too(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        await owner.give("bob", Role.EDITOR)
        async with (
            seated(server, token=of("bob")) as bob,
            y_websocket(server, token=of("bob")) as on_a_phone,
            open_storage(server.app.settings.database) as storage,
        ):
            document = await storage.documents.get(DocumentName("doc"))
            await storage.shares.remove_member(document.id, "bob")

            assert isinstance(await bob.until(Denied), Denied)
            assert (await on_a_phone.ending())[0] == 4403


async def test_deletion_by_another_process_ends_what_is_open_as_one_here_does(serve: Serve) -> None:
    async with shared(serve) as (server, owner), serve(secret=SECRET) as elsewhere:
        for user in ("bob", "eve"):
            await owner.give(user, Role.EDITOR)
        async with (
            seated(server, token=of("bob")) as here,
            seated(elsewhere, token=of("bob")) as bob,
            y_websocket(elsewhere, token=of("eve")) as eve,
            y_websocket(server, token=of("eve")) as at_home,
        ):
            await owner.delete()
            denied = await here.until(Denied)
            assert denied == Denied("the document 'doc' was deleted")
            assert await bob.until(Denied) == denied
            assert await at_home.ending() == await eve.ending() == (4410, "the document 'doc' was deleted")

            await bob.update(Peer(1).type("late"))
            await bob.authenticate(token=of("bob"))
            assert isinstance(await bob.until(Denied), Denied)
        assert eve.content == []
        assert elsewhere.app._entrance.hub.open_rooms == 0


async def test_others_notice_nothing(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        for user in ("bob", "eve"):
            await owner.give(user, Role.EDITOR)
        async with seated(server, token=of("bob")) as bob, hocuspocus(server) as eve:
            await eve.authenticate(token=of("eve"))
            await eve.until(LetIn)
            await owner.take("bob")
            await bob.until(Denied)
            await eve.update(Peer(1).type("hello"))
            assert await eve.sync() == "hello"


PASSWORD = "correct horse battery"


class Browser:
    """Somebody who is signed in."""

    def __init__(self, client: httpx.AsyncClient, server: Served) -> None:
        self.client = client
        self.headers = {"Cookie": f"collab_session={client.cookies['collab_session']}"}
        self.origin = f"http://{server.address}"


@asynccontextmanager
async def with_accounts(serve: Serve) -> AsyncIterator[tuple[Served, Browser, Browser]]:
    """A server with accounts, and two admins at it, the second of whom has the document `doc`."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(accounts=True))
        storage = await stack.enter_async_context(open_storage(server.app.settings.database))
        kept = await Passwords().hash(PASSWORD)
        browsers = []
        for name in ("ada", "bob"):
            await storage.accounts.create(email=f"{name}@x.org", name=name, password_hash=kept, admin=True)
            client = httpx.AsyncClient(
                base_url=f"http://{server.address}", headers={"Origin": f"http://{server.address}"}
            )
            await stack.enter_async_context(client)
            who = {"email": f"{name}@x.org", "password": PASSWORD}
            (await client.post("/api/v1/session", json=who)).raise_for_status()
            browsers.append(Browser(client, server))
        yield server, browsers[0], browsers[1]


@asynccontextmanager
async def at_y_websocket(server: Served, who: Browser) -> AsyncIterator[YWebsocketClient]:
    async with joining(server.sync + "doc", additional_headers=who.headers, origin=who.origin) as connection:
        client = YWebsocketClient(connection)
        await client.until(Step1)
        yield client


@asynccontextmanager
async def at_hocuspocus(server: Served, who: Browser) -> AsyncIterator[HocuspocusClient]:
    async with joining(server.hocuspocus, additional_headers=who.headers, origin=who.origin) as connection:
        client = HocuspocusClient(connection)
        await client.authenticate()
        await client.until(LetIn)
        yield client


async def test_whoever_has_signed_in_is_let_in_at_both_doors_by_their_cookie(serve: Serve) -> None:
    async with (
        with_accounts(serve) as (server, ada, bob),
        at_y_websocket(server, ada) as first,
        at_hocuspocus(server, bob) as second,
    ):
        await first.update(Peer(1).type("hello"))
        await first.until(Update)
        assert await second.sync() == "hello"


@pytest.mark.parametrize("origin", ["http://evil.org", "http://127.0.0.1:1", "null"])
async def test_a_page_elsewhere_is_not_let_in_by_somebodys_cookie(serve: Serve, origin: str) -> None:
    async with with_accounts(serve) as (server, ada, _):
        with pytest.raises(InvalidStatus) as refusal:
            async with joining(server.sync + "doc", additional_headers=ada.headers, origin=origin):
                pass
    assert refusal.value.response.status_code in {401, 403}


async def ended(server: Served, ada: Browser, bob: Browser, end: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Have bob let in at both doors; then end that, and see that he is out, and nobody else."""
    async with (
        at_y_websocket(server, bob) as first,
        at_hocuspocus(server, bob) as second,
        at_hocuspocus(server, ada) as other,
    ):
        (await end()).raise_for_status()

        assert (await first.ending())[0] == 4403
        await second.until(Denied)
        await other.update(Peer(1).type("hello"))
        assert await other.sync() == "hello"


async def test_signing_out_ends_what_the_browser_has_open(serve: Serve) -> None:
    async with with_accounts(serve) as (server, ada, bob):
        await ended(server, ada, bob, lambda: bob.client.delete("/api/v1/session"))


async def test_an_account_that_is_disabled_is_out_of_every_document(serve: Serve) -> None:
    async with with_accounts(serve) as (server, ada, bob):
        user_id = (await bob.client.get("/api/v1/account")).json()["user_id"]
        path = f"/api/v1/users/{user_id}"
        await ended(server, ada, bob, lambda: ada.client.patch(path, json={"disabled": True}))


async def test_whoever_is_no_admin_any_more_has_what_they_are_a_member_of(serve: Serve) -> None:
    async with with_accounts(serve) as (server, ada, bob):
        user_id = (await bob.client.get("/api/v1/account")).json()["user_id"]
        (await ada.client.post("/api/v1/documents", json={"name": "doc", "kind": "yjs"})).raise_for_status()
        member = f"/api/v1/documents/doc/members/{user_id}"
        (await ada.client.put(member, json={"role": "reader"})).raise_for_status()
        async with at_hocuspocus(server, bob) as there:
            (await ada.client.patch(f"/api/v1/users/{user_id}", json={"admin": False})).raise_for_status()
            assert await there.until(LetIn) == LetIn("readonly")
