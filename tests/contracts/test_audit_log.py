"""What every audit log must do, in each database."""

from datetime import timedelta

import anyio
import pytest
from sqlalchemy import delete, insert, text, update

from collab.errors import CollabError, MemberNotFound
from collab.ports import Act, AuditAction, AuditFilter, DocumentKind, DocumentName, Role
from collab.storage import Storage
from collab.storage.access_tables import audit_log
from collab.storage.database import Database
from collab.storage.records import utc_now

SHARED = Act(AuditAction.MEMBER_SET, "ada", "192.0.2.1", "plan", "bob", {"role": "editor"})
SIGNED_IN = Act(AuditAction.SIGN_IN, "bob", "2001:db8::1")
FROM_THE_TERMINAL = Act(AuditAction.KEY_MADE, "", subject="key:1")


@pytest.fixture
async def filled(storage: Storage) -> Storage:
    for act in (SHARED, SIGNED_IN, FROM_THE_TERMINAL):
        await storage.audit.add(act)
    return storage


async def acts(storage: Storage, wanted: AuditFilter) -> list[Act]:
    return [entry.act for entry in await storage.audit.page(wanted, limit=10)]


async def test_acts_come_back_whole_the_newest_first(filled: Storage) -> None:
    before = utc_now()
    entries = await filled.audit.page(AuditFilter(), limit=10)

    assert [entry.act for entry in entries] == [FROM_THE_TERMINAL, SIGNED_IN, SHARED]
    assert all(before - timedelta(minutes=1) < entry.at <= utc_now() for entry in entries)


async def test_whoever_acted_is_told_by_what_their_account_calls_them(storage: Storage) -> None:
    ada = await storage.accounts.create(email="ada@example.org", name="Ada", password_hash=None, admin=True)
    for actor in (ada.user_id, "somebody else"):
        await storage.audit.add(Act(AuditAction.SIGN_IN, actor))

    entries = await storage.audit.page(AuditFilter(), limit=10)
    assert [entry.actor_name for entry in entries] == [None, "Ada"]


async def test_pages_follow_each_other(filled: Storage) -> None:
    first = await filled.audit.page(AuditFilter(), limit=2)
    second = await filled.audit.page(AuditFilter(), limit=2, before=first[-1].number)

    assert [entry.act for entry in (*first, *second)] == [FROM_THE_TERMINAL, SIGNED_IN, SHARED]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(actions=frozenset({AuditAction.SIGN_IN, AuditAction.KEY_MADE})), [FROM_THE_TERMINAL, SIGNED_IN]),
        (AuditFilter(actor="ada"), [SHARED]),
        (AuditFilter(actor=""), [FROM_THE_TERMINAL]),
        (AuditFilter(address="2001:db8::1"), [SIGNED_IN]),
        (AuditFilter(document="plan"), [SHARED]),
        (AuditFilter(subject="bob"), [SHARED]),
        (AuditFilter(actor="bob", subject="bob"), []),
        (AuditFilter(since=utc_now() - timedelta(hours=1)), [FROM_THE_TERMINAL, SIGNED_IN, SHARED]),
        (AuditFilter(until=utc_now() - timedelta(hours=1)), []),
    ],
)
async def test_a_filter_chooses(filled: Storage, wanted: AuditFilter, found: list[Act]) -> None:
    assert await acts(filled, wanted) == found


async def test_an_act_and_its_entry_are_both_there_or_neither(storage: Storage, other_node: Storage) -> None:
    made = await storage.documents.create(DocumentName("plan"), kind=DocumentKind.YJS, title="")

    async def share_and_fail() -> None:
        async with storage.audit.together():
            await storage.shares.set_member(made.id, "bob", Role.EDITOR, granted_by="ada")
            await storage.audit.add(SHARED)
            raise MemberNotFound("the endpoint refuses it after all")

    with pytest.raises(MemberNotFound):
        await share_and_fail()
    assert await storage.shares.members(made.id) == []
    assert await acts(storage, AuditFilter()) == []

    async with storage.audit.together():
        await storage.shares.set_member(made.id, "bob", Role.EDITOR, granted_by="ada")
        await storage.audit.add(SHARED)
        assert await acts(other_node, AuditFilter()) == []
    assert [member.user_id for member in await storage.shares.members(made.id)] == ["bob"]
    assert await acts(other_node, AuditFilter()) == [SHARED]


async def test_what_is_asked_about_rights_holds_until_the_act_is_done(storage: Storage, other_node: Storage) -> None:
    plan = DocumentName("plan")
    made = await storage.documents.create(plan, kind=DocumentKind.YJS, title="")
    await storage.shares.set_member(made.id, "bob", Role.OWNER, granted_by="ada")
    happened: list[str] = []

    async def remove() -> None:
        await other_node.shares.remove_member(made.id, "bob")
        happened.append("removed")

    async with anyio.create_task_group() as tasks, storage.audit.together():
        tasks.start_soon(remove)
        for _ in range(20):  # any of which would find the removal, if it did not wait
            assert await storage.shares.role_of("bob", plan) is Role.OWNER
        await storage.audit.add(SHARED)
        happened.append("acted")

    assert happened == ["acted", "removed"]


async def test_two_who_do_several_things_together_take_turns(storage: Storage) -> None:
    made = await storage.documents.create(DocumentName("plan"), kind=DocumentKind.YJS, title="")

    async def share(user_id: str) -> None:
        async with storage.audit.together():
            await storage.shares.set_member(made.id, user_id, Role.EDITOR, granted_by="ada")
            await storage.audit.add(Act(AuditAction.MEMBER_SET, "ada", subject=user_id))

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(share, f"user {number}")

    everybody = {f"user {number}" for number in range(5)}
    assert {member.user_id for member in await storage.shares.members(made.id)} == everybody
    assert {act.subject for act in await acts(storage, AuditFilter())} == everybody


async def test_nothing_is_replaced_or_emptied(filled: Storage, database: Database) -> None:
    statement = "TRUNCATE audit_log"
    if database.is_sqlite:
        statement = "REPLACE INTO audit_log (id, at, action, actor, details) SELECT id, at, action, 'eve', details FROM audit_log"
    with pytest.raises(CollabError):
        async with database.writing() as connection:
            await connection.execute(text(statement))

    assert await acts(filled, AuditFilter()) == [FROM_THE_TERMINAL, SIGNED_IN, SHARED]


async def test_what_no_database_keeps_is_written_in_words_and_finds_nothing(storage: Storage) -> None:
    await storage.audit.add(Act(AuditAction.SIGN_IN_FAILED, "", subject="a\x00\ud800b"))

    assert [act.subject for act in await acts(storage, AuditFilter())] == ["a\\x00\\ud800b"]
    assert await acts(storage, AuditFilter(subject="a\x00")) == []
    assert await acts(storage, AuditFilter(address="a\x00")) == []


async def test_of_a_long_text_the_beginning_and_its_length_are_kept(storage: Storage) -> None:
    await storage.audit.add(Act(AuditAction.KEY_MADE, "ada", subject="s" * 300, details={"documents": "d" * 40_000}))

    (act,) = await acts(storage, AuditFilter())
    assert (act.subject, act.details) == ("s" * 300, {"documents": "d" * 300 + "… (40000 characters)"})


async def test_what_a_newer_version_wrote_ends_no_page_early(storage: Storage, database: Database) -> None:
    await storage.audit.add(SHARED)
    async with database.writing() as connection:
        for _ in range(3):
            unknown = insert(audit_log).values(at=utc_now(), action="moon-landing", actor="", details={})
            await connection.execute(unknown)
    await storage.audit.add(SIGNED_IN)

    assert [entry.act for entry in await storage.audit.page(AuditFilter(), limit=2)] == [SIGNED_IN, SHARED]


@pytest.mark.parametrize("change", [update(audit_log).values(actor="eve"), delete(audit_log)])
async def test_nothing_is_changed_or_taken_out(filled: Storage, database: Database, change: object) -> None:
    with pytest.raises(CollabError):
        async with database.writing() as connection:
            await connection.execute(change)  # type: ignore[call-overload]  # an update or a deletion

    assert await acts(filled, AuditFilter()) == [FROM_THE_TERMINAL, SIGNED_IN, SHARED]
