"""The watch over rights that change, look by look, on a clock of the test's."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from collab.access import OpenAccess
from collab.errors import DatabaseUnavailable
from collab.ports import ChangeNumber, DocumentId, DocumentKind, DocumentName, Identity, Role, Shared, document_subject
from collab.services import live_rights
from collab.services.live_rights import LONGEST_BLIND, Follower, LiveRights
from collab.storage import SqlShareStore, Storage, open_storage
from collab.storage.access_tables import access_changes
from collab.storage.database import Database, open_database
from tests.gateways.serving import migrated_database

__all__ = ["migrated_database"]

pytestmark = pytest.mark.anyio

NOTES = DocumentName("notes")


class FaultyShares(SqlShareStore):
    """A real store that can be away."""

    away = False

    async def roles_of(self, user_id: str) -> Shared:
        self._check()
        return await super().roles_of(user_id)

    async def changed_since(self, number: ChangeNumber) -> tuple[ChangeNumber, frozenset[str]]:
        self._check()
        return await super().changed_since(number)

    def _check(self) -> None:
        if self.away:
            raise DatabaseUnavailable("it is away")


@dataclass
class Hub:
    """Notes which documents it is to look over, unless its store is away."""

    away: bool = False
    asked: list[frozenset[DocumentId] | None] = field(default_factory=list)

    async def look_over(self, deleted: frozenset[DocumentId] | None) -> None:
        if self.away:
            raise DatabaseUnavailable("it is away")
        self.asked.append(deleted)


@dataclass
class Scene:
    """A document, its members, and those who have it open."""

    shares: FaultyShares
    database: Database
    document: DocumentId
    storage: Storage
    hub: Hub = field(default_factory=Hub)
    now: float = 1000.0
    told: list[tuple[str, Role | None]] = field(default_factory=list)
    rights: LiveRights = field(init=False)

    def __post_init__(self) -> None:
        self.rights = LiveRights(self.shares, OpenAccess(), self.hub, clock=lambda: self.now)

    async def give(self, user: str, role: Role) -> None:
        await self.shares.set_member(self.document, user, role, granted_by="")

    async def take(self, user: str) -> None:
        await self.shares.remove_member(self.document, user)

    def open(self, user: str, since: ChangeNumber, **told: Role) -> Follower:
        identity = Identity(user, documents=told)
        return self.rights.follow(identity, NOTES, since, partial(self._hear, user))

    def _hear(self, user: str, role: Role | None) -> None:
        self.told.append((user, role))


@pytest.fixture
async def scene(migrated_database: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    url = f"sqlite:///{shutil.copy(migrated_database, tmp_path / 'collab.db')}"
    storage: Storage
    async with open_storage(url) as storage, open_database(url) as database:
        document = (await storage.documents.create(NOTES, kind=DocumentKind.YJS, title="")).id
        scene = Scene(FaultyShares(database), database, document, storage)
        await scene.rights.look()
        yield scene


async def test_whose_rights_change_is_told_and_nobody_else(scene: Scene) -> None:
    scene.open("bob", scene.rights.seen)
    scene.open("eve", scene.rights.seen)
    await scene.give("bob", Role.EDITOR)
    await scene.rights.look()
    await scene.rights.look()
    await scene.take("bob")
    await scene.rights.look()

    assert scene.told == [("bob", Role.EDITOR), ("bob", None)]


async def test_every_session_of_a_user_is_told(scene: Scene) -> None:
    for _ in range(3):
        scene.open("bob", scene.rights.seen)
    await scene.give("bob", Role.EDITOR)
    await scene.rights.look()

    assert scene.told == [("bob", Role.EDITOR)] * 3


async def test_the_token_counts_where_it_grants_more(scene: Scene) -> None:
    scene.open("bob", scene.rights.seen, notes=Role.EDITOR)
    await scene.give("bob", Role.READER)
    await scene.rights.look()

    assert scene.told == [("bob", Role.EDITOR)]


async def test_whoever_has_left_is_told_nothing(scene: Scene) -> None:
    follower = scene.open("bob", scene.rights.seen)
    scene.rights.leave(follower)
    scene.rights.leave(follower)
    await scene.give("bob", Role.EDITOR)
    await scene.rights.look()

    assert scene.told == []


async def test_a_change_between_the_reading_of_a_role_and_the_opening_is_told(scene: Scene) -> None:
    since = scene.rights.seen
    await scene.give("bob", Role.EDITOR)
    await scene.take("bob")
    await scene.rights.look()  # before it opens, after it was let in
    scene.open("bob", since)
    await scene.rights.look()

    assert scene.told == [("bob", None)]


async def test_whoever_comes_in_after_more_changes_than_are_remembered_is_looked_at(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_rights, "SUBJECTS_REMEMBERED", 1)
    since = scene.rights.seen
    for user in ("bob", "eve", "sam"):
        await scene.give(user, Role.EDITOR)
        await scene.rights.look()
    scene.open("bob", since)
    scene.open("ann", scene.rights.seen)
    await scene.rights.look()

    assert scene.told == [("bob", Role.EDITOR)]


async def test_while_the_store_is_away_nothing_changes_and_then_all_is_caught_up_with(scene: Scene) -> None:
    scene.open("bob", scene.rights.seen)
    await scene.give("bob", Role.EDITOR)
    scene.shares.away = True
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await scene.rights.look()
    assert scene.told == []

    scene.shares.away = False
    await scene.rights.look()
    assert scene.told == [("bob", Role.EDITOR)]


async def test_after_a_long_absence_of_the_store_everybody_is_looked_at(scene: Scene) -> None:
    scene.open("bob", scene.rights.seen)
    scene.open("eve", scene.rights.seen)
    await scene.give("bob", Role.EDITOR)
    async with scene.database.writing() as connection:
        await connection.execute(access_changes.delete())  # as they are after an hour
    await scene.rights.look()
    assert scene.told == []

    scene.now += LONGEST_BLIND + 1
    await scene.rights.look()
    assert sorted(scene.told) == [("bob", Role.EDITOR), ("eve", None)]


async def test_the_hub_is_told_which_document_was_deleted_and_once(scene: Scene) -> None:
    scene.open("bob", scene.rights.seen)
    await scene.give("bob", Role.EDITOR)
    await scene.storage.documents.delete(NOTES)
    for _ in range(2):
        await scene.rights.look()

    assert scene.hub.asked == [None, frozenset({scene.document})]  # the first look is at everything
    assert scene.told == [("bob", None)]


async def test_the_hub_is_told_until_it_has_looked(scene: Scene) -> None:
    scene.hub.away = True
    await scene.storage.documents.delete(NOTES)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await scene.rights.look()
    scene.hub.away = False
    await scene.rights.look()

    assert scene.hub.asked == [None, frozenset({scene.document})]


async def test_after_a_long_absence_of_the_store_the_hub_looks_at_every_document(scene: Scene) -> None:
    scene.now += LONGEST_BLIND + 1
    scene.hub.away = True
    with pytest.raises(DatabaseUnavailable):
        await scene.rights.look()
    scene.hub.away = False
    for _ in range(2):
        await scene.rights.look()

    assert scene.hub.asked == [None, None]


async def test_a_user_is_no_document_whatever_they_are_called(scene: Scene) -> None:
    for user in (document_subject(scene.document).strip(), str(scene.document)):
        await scene.give(user, Role.EDITOR)
        await scene.rights.look()

    assert scene.hub.asked == [None]
