"""What every share store must do, in each database."""

from datetime import timedelta

import anyio
import pytest
from sqlalchemy import insert, update

from collab.errors import DocumentDeleted, LastOwner, TooManyMembers
from collab.ports import DocumentId, DocumentKind, DocumentName, Role, Shared, deleted_document, document_subject
from collab.storage import Storage, sharing
from collab.storage.access_changes import CHANGES_KEPT
from collab.storage.access_tables import access_changes, members
from collab.storage.database import Database
from collab.storage.records import utc_now

NOTES = DocumentName("notes")


@pytest.fixture
async def document(storage: Storage) -> DocumentId:
    return (await storage.documents.create(NOTES, kind=DocumentKind.YJS, title="")).id


async def share(storage: Storage, document: DocumentId, user_id: str, role: Role) -> None:
    await storage.shares.set_member(document, user_id, role, granted_by="ada")


async def test_a_member_has_the_role_that_was_given(storage: Storage, document: DocumentId) -> None:
    given, is_another = await storage.shares.set_member(document, "bob", Role.EDITOR, granted_by="ada")

    assert is_another
    assert await storage.shares.set_member(document, "bob", Role.EDITOR, granted_by="eve") == (given, False)
    assert (given.user_id, given.role, given.granted_by) == ("bob", Role.EDITOR, "ada")
    assert await storage.shares.role_of("bob", NOTES) is Role.EDITOR
    assert await storage.shares.roles_of("bob") == Shared({NOTES: Role.EDITOR})
    assert await storage.shares.members(document) == [given]


@pytest.mark.parametrize("user_id", ["ada", "Bob", "bob ", "", "bo", "bob%", "b_b"])
async def test_nobody_else_has_it(storage: Storage, document: DocumentId, user_id: str) -> None:
    await share(storage, document, "bob", Role.OWNER)

    assert await storage.shares.role_of(user_id, NOTES) is None
    assert await storage.shares.roles_of(user_id) == Shared()


async def test_a_member_given_another_role_has_that_and_keeps_their_place(
    storage: Storage, document: DocumentId
) -> None:
    await share(storage, document, "bob", Role.OWNER)
    await share(storage, document, "eve", Role.READER)
    await share(storage, document, "bob", Role.READER)

    found = await storage.shares.members(document)
    assert [(member.user_id, member.role) for member in found] == [("bob", Role.READER), ("eve", Role.READER)]
    assert await storage.shares.role_of("bob", NOTES) is Role.READER


async def test_the_last_owner_cannot_give_that_up_and_of_two_at_once_one_may(
    storage: Storage, document: DocumentId
) -> None:
    async def leaves(user_id: str) -> bool:
        try:
            return await storage.shares.remove_member(document, user_id, keep_an_owner=True)
        except LastOwner:
            return False

    await share(storage, document, "bob", Role.OWNER)
    assert not await leaves("bob")
    with pytest.raises(LastOwner):
        await storage.shares.set_member(document, "bob", Role.EDITOR, granted_by="bob", keep_an_owner=True)
    await share(storage, document, "eve", Role.OWNER)
    left: list[bool] = []

    async def leave(user_id: str) -> None:
        left.append(await leaves(user_id))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(leave, "bob")
        tasks.start_soon(leave, "eve")
    assert sorted(left) == [False, True]


async def test_a_member_who_was_removed_has_no_role(storage: Storage, document: DocumentId) -> None:
    await share(storage, document, "bob", Role.OWNER)

    assert await storage.shares.remove_member(document, "bob")
    assert await storage.shares.role_of("bob", NOTES) is None
    assert not await storage.shares.remove_member(document, "bob")


async def test_a_document_in_the_trash_gives_nobody_a_role_until_it_is_restored(
    storage: Storage, document: DocumentId
) -> None:
    await share(storage, document, "bob", Role.OWNER)

    assert await storage.shares.role_of("bob", NOTES, in_trash=True) is Role.OWNER
    await storage.documents.delete(NOTES)
    assert await storage.shares.role_of("bob", NOTES) is None
    assert await storage.shares.roles_of("bob") == Shared()
    assert await storage.shares.role_of("bob", NOTES, in_trash=True) is Role.OWNER
    assert await storage.shares.role_of("eve", NOTES, in_trash=True) is None
    await storage.documents.restore(NOTES)
    assert await storage.shares.role_of("bob", NOTES) is Role.OWNER


async def test_a_successor_of_the_same_name_has_no_members(storage: Storage, document: DocumentId) -> None:
    await share(storage, document, "bob", Role.OWNER)
    await storage.documents.delete(NOTES)
    successor = await storage.documents.create(NOTES, kind=DocumentKind.YJS, title="")

    assert await storage.shares.role_of("bob", NOTES) is None
    assert await storage.shares.role_of("bob", NOTES, in_trash=True) is None
    assert await storage.shares.members(successor.id) == []
    await storage.documents.delete(NOTES)
    assert await storage.shares.role_of("bob", NOTES, in_trash=True) is None


async def test_a_document_takes_so_many_members_and_no_more(
    storage: Storage, document: DocumentId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MAX_MEMBERS", 2)
    await share(storage, document, "bob", Role.READER)
    await share(storage, document, "eve", Role.READER)

    with pytest.raises(TooManyMembers, match="has 2 members"):
        await share(storage, document, "sam", Role.READER)
    await share(storage, document, "eve", Role.EDITOR)
    assert [member.user_id for member in await storage.shares.members(document)] == ["bob", "eve"]


async def test_a_damaged_role_is_none(storage: Storage, database: Database, document: DocumentId) -> None:
    await share(storage, document, "bob", Role.OWNER)
    await share(storage, document, "eve", Role.OWNER)
    async with database.writing() as connection:
        await connection.execute(update(members).where(members.c.user_id == "bob").values(role="emperor"))

    assert await storage.shares.role_of("bob", NOTES) is None
    assert await storage.shares.roles_of("bob") == Shared()
    assert [member.user_id for member in await storage.shares.members(document)] == ["eve"]


async def test_every_change_is_told_once(storage: Storage, document: DocumentId) -> None:
    start = await storage.shares.latest_change()
    await share(storage, document, "bob", Role.OWNER)
    await share(storage, document, "eve", Role.OWNER)
    first, changed = await storage.shares.changed_since(start)
    assert changed == {"bob", "eve"}

    await share(storage, document, "bob", Role.OWNER)  # which changes nothing
    assert await storage.shares.changed_since(first) == (first, frozenset())

    await share(storage, document, "bob", Role.READER)
    await storage.shares.remove_member(document, "eve")
    await storage.shares.remove_member(document, "eve")
    second, changed = await storage.shares.changed_since(first)
    assert changed == {"bob", "eve"}
    assert second == await storage.shares.latest_change() > first


async def test_changes_on_another_node_are_told_too(
    storage: Storage, other_node: Storage, document: DocumentId
) -> None:
    start = await storage.shares.latest_change()
    await share(other_node, document, "bob", Role.OWNER)

    assert (await storage.shares.changed_since(start))[1] == {"bob"}


async def test_deletion_of_a_document_is_told_once_on_every_node(
    storage: Storage, other_node: Storage, document: DocumentId
) -> None:
    start = await storage.shares.latest_change()
    await other_node.documents.delete(NOTES)
    with pytest.raises(DocumentDeleted):
        await other_node.documents.delete(NOTES)

    _, told = await storage.shares.changed_since(start)
    assert told == {document_subject(document)}
    assert {deleted_document(subject) for subject in told} == {document}


async def test_changes_are_told_in_the_order_of_their_numbers_however_many_write_at_once(
    storage: Storage, other_node: Storage, document: DocumentId
) -> None:
    seen: set[str] = set()
    number = await storage.shares.latest_change()

    async def write(node: Storage, name: str) -> None:
        for index in range(20):
            await share(node, document, f"{name} {index}", Role.READER)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write, storage, "here")
        tasks.start_soon(write, other_node, "there")
        while len(seen) < 40:
            number, changed = await storage.shares.changed_since(number)
            assert not changed & seen
            seen |= changed


async def test_old_changes_are_forgotten(storage: Storage, database: Database, document: DocumentId) -> None:
    start = await storage.shares.latest_change()
    async with database.writing() as connection:
        await connection.execute(
            insert(access_changes).values(user_id="old", at=utc_now() - CHANGES_KEPT - timedelta(seconds=1))
        )
    await share(storage, document, "bob", Role.READER)

    assert (await storage.shares.changed_since(start))[1] == {"bob"}


async def test_a_document_is_made_with_its_owner(storage: Storage) -> None:
    made = await storage.documents.create(DocumentName("own"), kind=DocumentKind.YJS, title="", owner="bob")

    (member,) = await storage.shares.members(made.id)
    assert (member.user_id, member.role, member.granted_by) == ("bob", Role.OWNER, "bob")
