"""The Hocuspocus door: seats at many addresses of one socket, and how each is had, kept and lost."""

import anyio
import pytest

from collab.access import TokenAccess
from collab.gateways import hocuspocus as gateway
from collab.ports import Identity
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.lib0 import var_string
from collab.settings import KIB, MIB
from tests.gateways.clients import hocuspocus, seated, token_for, y_websocket
from tests.gateways.raw import RawClient
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import (
    KEEP_ALIVE,
    AskedForToken,
    Denied,
    LetIn,
    Message,
    Pong,
    States,
    Status,
    Step1,
    Step2,
    Update,
)
from tests.support.peers import Peer, text_of


async def test_handshake_of_version_4_lets_in_asks_and_answers(server: Served) -> None:
    async with hocuspocus(server) as client:
        await client.authenticate()
        await client.ask()

        assert [await client.hear() for _ in range(3)] == [
            ("doc", LetIn("read-write")),
            ("doc", Step1(b"\x00")),
            ("doc", Step2(b"\x00\x00")),
        ]


async def test_handshake_of_version_3_sends_no_version(server: Served) -> None:
    async with hocuspocus(server) as client:
        await client.authenticate(version=None)

        assert await client.hear() == ("doc", LetIn("read-write"))


async def test_version_2_without_a_token_is_anonymous_in_open_mode(server: Served) -> None:
    async with hocuspocus(server) as client:
        await client.ask()

        assert [await client.hear() for _ in range(3)] == [
            ("doc", LetIn("read-write")),
            ("doc", Step1(b"\x00")),
            ("doc", Step2(b"\x00\x00")),
        ]


async def test_what_is_sent_before_the_answer_is_taken_in_order(server: Served) -> None:
    ada = Peer(1)
    async with hocuspocus(server) as client:
        await client.update(ada.type("a"))
        await client.update(ada.type("b"))
        await client.authenticate()
        await client.update(ada.type("c"))

        assert text_of((await client.until(Update)).update) == "abc"
        assert [await client.until(Status) for _ in range(3)] == [Status(saved=True)] * 3


async def test_what_is_sent_ahead_is_bounded_for_all_documents_together(serve: Serve) -> None:
    async with serve(max_pending_bytes=KIB) as server, hocuspocus(server) as client:
        for number in range(3):
            await client.update(Peer(1).type("x" * (KIB // 2)), f"doc {number}")

        code, reason = await client.ending()

    assert (code, reason) == (1008, "more than 1024 bytes were sent before the client was let in")


async def test_message_larger_than_may_be_sent_ahead_is_refused_by_its_header(serve: Serve) -> None:
    async with serve(secret=SECRET, max_pending_bytes=KIB) as server:
        with RawClient(server, "/hocuspocus") as client:
            await client.upgrade()
            await client.begin(15 * MIB)

            assert await client.close_code() == 1009


async def test_message_larger_than_may_be_sent_ahead_is_taken_in_a_document(serve: Serve) -> None:
    async with serve(max_pending_bytes=KIB) as server, seated(server) as client:
        await client.update(Peer(1).type("x" * 100 * KIB))

        assert await client.until(Status) == Status(saved=True)


async def test_edit_reaches_another_dialect(server: Served) -> None:
    async with seated(server) as writer, y_websocket(server) as reader:
        await writer.update(Peer(1).type("hello"))

        assert text_of((await reader.until(Update)).update) == "hello"


async def test_edit_is_acknowledged_once(server: Served) -> None:
    async with seated(server) as client:
        await client.update(Peer(1).type("hello"))
        await client.until(Status)
        await client.say(b"\x09")

        assert await client.hear() == ("", Pong())


async def test_junk_is_answered_with_refused_and_the_session_goes_on(server: Served) -> None:
    async with seated(server) as client:
        await client.update(b"\x01\x01junk")
        assert await client.until(Status) == Status(saved=False)

        await client.update(Peer(1).type("on"))

        assert await client.until(Status) == Status(saved=True)


async def test_documents_share_a_socket_and_are_apart(server: Served) -> None:
    async with hocuspocus(server) as client:
        await client.authenticate("one")
        await client.authenticate("two")
        await client.update(Peer(1).type("first"), "one")
        await client.until(Status, "one")

        assert await client.sync("two") == ""
        assert await client.sync("one") == "first"


async def test_session_awareness_address_is_echoed_exactly(server: Served) -> None:
    address = "doc\x00session-7"
    async with hocuspocus(server) as client, seated(server) as other:
        await client.authenticate(address)
        await client.ask(address)
        answers = [await client.hear() for _ in range(3)]
        await client.update(Peer(1).type("hello"), address)

        assert {to for to, _ in answers} == {address}
        assert text_of((await other.until(Update)).update) == "hello"


async def test_two_sessions_of_one_document_on_one_socket_are_two(server: Served) -> None:
    async with hocuspocus(server) as client:
        for address in ("doc\x001", "doc\x002"):
            await client.authenticate(address)
            await client.until(LetIn, address)

        await client.update(Peer(1).type("hello"), "doc\x001")

        assert text_of((await client.until(Update, "doc\x002")).update) == "hello"


async def test_client_that_leaves_hears_no_more_and_may_come_back(server: Served) -> None:
    ada = Peer(1)
    async with seated(server) as client, seated(server) as other:
        await client.leave()
        await client.say(b"\x09")
        assert await client.hear() == ("", Pong())
        await other.update(ada.type("meanwhile"))
        await other.until(Status)

        await client.authenticate()
        await client.ask()

        assert await client.hear() == ("doc", LetIn("read-write"))
        assert text_of((await client.until(Step2)).update) == "meanwhile"


async def test_presence_of_a_client_that_leaves_is_taken_away(server: Served) -> None:
    async with seated(server) as client, seated(server) as other:
        await client.announce(Peer(1).presence())
        assert (await other.until(States)).states == {1: "{}"}

        await client.leave()

        assert (await other.until(States)).states == {1: "null"}


async def test_goodbye_after_leaving_takes_no_seat(server: Served) -> None:
    async with seated(server) as client:
        await client.leave()
        await client.announce(Peer(1).presence("null"))
        await client.leave()
        await client.say(b"\x09")

        assert await client.hear() == ("", Pong())


async def test_message_of_the_application_reaches_the_others(server: Served) -> None:
    async with seated(server) as sender, seated(server) as other:
        await sender.say(HocuspocusDialect("doc").stateless("hello"))

        assert await other.until(Message) == Message("hello")


async def test_ping_of_version_4_is_answered(server: Served) -> None:
    async with hocuspocus(server) as client:
        await client.say(b"\x09")

        assert await client.connection.recv() == b"\x0a"


async def test_silence_is_broken_at_the_address(serve: Serve) -> None:
    async with serve(keep_alive_interval=0.1) as server, seated(server) as client:
        assert await client.hear() == ("doc", KEEP_ALIVE)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "no bytes came"),
        (var_string("doc"), "expected more"),
        (var_string("doc") + b"\x06" + var_string("to all"), "message type 6 came"),
        (var_string("doc") + b"\x04\x00\x00\x01\x00", "message type 4 came"),
        (b"\xff\xff\xff\xff\x0f" + b"doc", "a length of"),
        (b"\x02\xff\xfe\x03", "expected UTF-8"),
    ],
    ids=["empty", "address alone", "broadcast between servers", "reply between servers", "length", "no UTF-8"],
)
async def test_malformed_message_ends_its_sender_with_4400_and_nobody_else(
    server: Served, frame: bytes, reason: str
) -> None:
    async with seated(server) as good, seated(server) as bad:
        await bad.say(frame)
        code, said = await bad.ending()

        assert (code, reason in said) == (4400, True), said
        assert await good.sync() == ""


async def test_text_message_ends_its_sender_with_4400(server: Served) -> None:
    async with seated(server) as client:
        await client.connection.send("hello")

        assert await client.ending() == (4400, "a text message came; expected a binary one")


async def test_address_that_is_longer_than_any_name_ends_its_sender(server: Served) -> None:
    async with seated(server) as good, hocuspocus(server) as bad:
        await bad.authenticate("doc\x00" + "s" * 100_000)

        code, _ = await bad.ending()

        assert code == 4400
        assert await good.sync() == ""


@pytest.mark.parametrize("name", ["", "a\tb", "x" * 256], ids=["empty", "control character", "too long"])
async def test_name_that_no_document_can_have_is_denied(server: Served, name: str) -> None:
    async with hocuspocus(server) as client:
        await client.authenticate(name)

        assert "document's name" in (await client.until(Denied, name)).reason


async def test_more_documents_than_allowed_end_the_connection(serve: Serve) -> None:
    async with serve(max_documents_per_connection=2) as server, hocuspocus(server) as client:
        for address in ("one", "two", "three"):
            await client.authenticate(address)

        assert await client.ending() == (1008, "a connection asked for more than 2 documents")


async def test_document_that_was_left_makes_room_for_another(serve: Serve) -> None:
    async with serve(max_documents_per_connection=1) as server, seated(server, "one") as client:
        await client.leave("one")

        await client.authenticate("two")

        assert await client.until(LetIn, "two") == LetIn("read-write")


async def test_socket_that_never_authenticates_is_closed(serve: Serve) -> None:
    async with serve(authentication_timeout=0.2) as server, hocuspocus(server) as client:
        assert await client.ending() == (4401, "no valid token came in time")


async def test_socket_with_a_document_is_not_closed(serve: Serve) -> None:
    async with serve(authentication_timeout=0.2, keep_alive_interval=0.3) as server, seated(server) as client:
        await client.until(States)
        await client.until(States)

        assert await client.sync() == ""


async def test_socket_that_is_between_two_documents_when_the_time_is_up_is_not_closed(serve: Serve) -> None:
    async with serve(authentication_timeout=0.2) as server, seated(server, "one") as client:
        await client.leave("one")
        await anyio.sleep(0.4)

        await client.authenticate("two")

        assert await client.until(LetIn, "two") == LetIn("read-write")


async def test_denial_keeps_the_socket_and_a_retry_works(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, hocuspocus(server) as client:
        await client.authenticate(token="wrong")
        denied = await client.until(Denied)

        await client.authenticate(token=token_for({"doc": "editor"}))

        assert "token" in denied.reason
        assert await client.until(LetIn) == LetIn("read-write")


async def test_expired_token_is_asked_for_again_and_another_renews_it(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, seated(server, token=token_for({"doc": "editor"}, seconds=1)) as client:
        await client.until(AskedForToken)
        await client.authenticate(token=token_for({"doc": "reader"}))

        assert await client.until(LetIn) == LetIn("readonly")


async def test_expired_token_that_is_not_renewed_ends_the_access(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "RENEWAL_GRACE", 0.1)
    async with serve(secret=SECRET) as server, seated(server, token=token_for({"doc": "editor"}, seconds=1)) as client:
        await client.until(AskedForToken)

        assert await client.until(Denied) == Denied("the access token has expired")


async def test_earlier_token_whose_check_takes_longer_counts_no_more(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_check = anyio.Event()
    authenticate = TokenAccess.authenticate
    slow = token_for({"doc": "editor"}, user="slow")

    async def authenticate_slowly(access: TokenAccess, token: str | None) -> Identity:
        if token == slow:
            await may_check.wait()
        return await authenticate(access, token)

    monkeypatch.setattr(TokenAccess, "authenticate", authenticate_slowly)
    async with serve(secret=SECRET) as server, seated(server, token=token_for({"doc": "editor"})) as client:
        await client.authenticate(token=slow)
        await client.authenticate(token=token_for({"doc": "reader"}))
        assert await client.until(LetIn) == LetIn("readonly")

        may_check.set()
        await client.update(Peer(1).type("x"))
        assert await client.until(Status) == Status(saved=False)


async def test_denial_of_one_document_leaves_the_others(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, seated(server, "mine", token_for({"mine": "editor"})) as client:
        await client.authenticate("theirs", token_for({"mine": "editor"}))

        assert await client.until(Denied, "theirs") == Denied(
            "you have no role in this document; expected a token whose `documents` names it, or to be one of its members"
        )
        assert await client.sync("mine") == ""


async def test_what_was_sent_ahead_of_a_denial_is_dropped(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, hocuspocus(server) as client:
        await client.update(Peer(1).type("unwelcome"))
        await client.authenticate(token="wrong")
        await client.until(Denied)
        await client.update(Peer(2).type("still unwelcome"))

        await client.authenticate(token=token_for({"doc": "editor"}))
        await client.until(LetIn)

        assert await client.sync() == ""


async def test_question_before_a_token_is_no_anonymous_entry_where_tokens_are_asked_for(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, hocuspocus(server) as client:
        await client.ask()
        await client.authenticate(token=token_for({"doc": "editor"}))

        assert [await client.hear() for _ in range(3)] == [
            ("doc", LetIn("read-write")),
            ("doc", Step1(b"\x00")),
            ("doc", Step2(b"\x00\x00")),
        ]


async def test_reader_is_let_in_as_one_and_its_edits_are_refused(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, hocuspocus(server) as reader:
        await reader.authenticate(token=token_for({"doc": "reader"}))
        assert await reader.until(LetIn) == LetIn("readonly")

        await reader.update(Peer(1).type("no"))

        assert await reader.until(Status) == Status(saved=False)
        assert await reader.sync() == ""


async def test_new_token_in_session_changes_what_one_may_do(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, seated(server, "doc", token_for({"doc": "editor"})) as client:
        await client.authenticate(token=token_for({"doc": "reader"}))
        assert await client.until(LetIn) == LetIn("readonly")

        await client.update(Peer(1).type("no"))

        assert await client.until(Status) == Status(saved=False)


async def test_bad_token_in_session_ends_the_seat_alone(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, seated(server, "doc", token_for({"*": "editor"})) as client:
        await client.authenticate(token="wrong")
        await client.until(Denied)

        await client.authenticate("other", token_for({"*": "editor"}))

        assert await client.until(LetIn, "other") == LetIn("read-write")


async def test_user_in_presence_is_the_tokens(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, seated(server, "doc", token_for({"doc": "editor"})) as client:
        await client.announce(Peer(1).presence('{"user":{"name":"somebody else"}}'))

        states = (await client.until(States)).states

        assert '"user":{"id":"ada","name":"Ada","color":"#' in states[1]


async def test_unknown_document_is_denied_where_creation_is_not_allowed(serve: Serve) -> None:
    async with serve(create_documents=False) as server, hocuspocus(server) as client:
        await client.authenticate()

        assert "no document named 'doc'" in (await client.until(Denied)).reason


async def test_leaving_before_the_answer_takes_nothing_in(server: Served) -> None:
    async with hocuspocus(server) as client, seated(server) as other:
        await client.authenticate()
        await client.update(Peer(1).type("never mind"))
        await client.leave()
        await client.say(b"\x09")
        await client.until(Pong, "")

        assert await other.sync() == ""
