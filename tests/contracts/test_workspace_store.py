"""What every store of workspaces must do, in each database."""

import pytest

from collab.errors import LastOwner, TooManyMembers, WorkspaceExists, WorkspaceNotFound
from collab.ports import DocumentKind, DocumentName, Role, Shared, Workspace, WorkspaceName
from collab.storage import Storage, workspaces
from collab.storage.records import utc_now

TEAM = WorkspaceName("team")
PLAN = DocumentName("team/plan")


@pytest.fixture
async def team(storage: Storage) -> Workspace:
    return await storage.workspaces.create(Workspace(TEAM, "The team", Role.COMMENTER, "boss", utc_now()))


async def test_a_workspace_is_kept(storage: Storage, team: Workspace) -> None:
    assert await storage.workspaces.get(TEAM) == team
    assert await storage.workspaces.list() == [(team, None)]
    assert await storage.workspaces.members(TEAM) == []
    with pytest.raises(WorkspaceExists):
        await storage.workspaces.create(team)


async def test_a_member_has_the_default_role_or_their_own_in_every_document(storage: Storage, team: Workspace) -> None:
    bob, _ = await storage.workspaces.set_member(TEAM, "bob", None, granted_by="boss")
    eve, _ = await storage.workspaces.set_member(TEAM, "eve", Role.OWNER, granted_by="boss")

    assert (bob.role, bob.is_default, eve.role, eve.is_default) == (Role.COMMENTER, True, Role.OWNER, False)
    assert await storage.workspaces.members(TEAM) == [bob, eve]
    assert await storage.shares.role_of("bob", PLAN) is Role.COMMENTER
    assert await storage.shares.role_of("eve", PLAN) is Role.OWNER
    assert await storage.shares.roles_of("bob") == Shared(workspaces={TEAM: Role.COMMENTER})
    assert await storage.workspaces.list("bob") == [(team, Role.COMMENTER)]
    assert await storage.workspaces.role_of("eve", TEAM) is Role.OWNER


@pytest.mark.parametrize("name", ["team", "teams/plan", "Team/plan", "other/team/plan", "/team/plan"])
async def test_no_other_document_is_in_it(storage: Storage, team: Workspace, name: str) -> None:
    await storage.workspaces.set_member(team.name, "bob", Role.OWNER, granted_by="boss")

    assert await storage.shares.role_of("bob", DocumentName(name)) is None


async def test_of_a_document_and_its_workspace_the_stronger_role_counts(storage: Storage, team: Workspace) -> None:
    document = await storage.documents.create(PLAN, kind=DocumentKind.YJS, title="")
    await storage.workspaces.set_member(team.name, "bob", Role.EDITOR, granted_by="boss")
    for role, strongest in ((Role.READER, Role.EDITOR), (Role.OWNER, Role.OWNER)):
        await storage.shares.set_member(document.id, "bob", role, granted_by="boss")
        assert await storage.shares.role_of("bob", PLAN) is strongest


async def test_another_default_role_is_that_of_members_without_their_own_and_they_are_told(
    storage: Storage, team: Workspace
) -> None:
    await storage.workspaces.set_member(TEAM, "bob", None, granted_by="boss")
    await storage.workspaces.set_member(TEAM, "eve", Role.READER, granted_by="boss")
    before = await storage.shares.latest_change()

    changed, _ = await storage.workspaces.change(TEAM, default_role=Role.EDITOR)

    assert (changed.default_role, changed.title) == (Role.EDITOR, team.title)
    assert await storage.shares.role_of("bob", PLAN) is Role.EDITOR
    assert await storage.shares.role_of("eve", PLAN) is Role.READER
    assert (await storage.shares.changed_since(before))[1] == {"bob"}
    assert (await storage.workspaces.change(TEAM, title="Us"))[0].title == "Us"


async def test_what_is_so_already_is_no_change_and_nobody_is_told(storage: Storage, team: Workspace) -> None:
    bob, is_another = await storage.workspaces.set_member(TEAM, "bob", Role.EDITOR, granted_by="boss")
    assert is_another
    before = await storage.shares.latest_change()

    assert await storage.workspaces.set_member(TEAM, "bob", Role.EDITOR, granted_by="eve") == (bob, False)
    same = await storage.workspaces.change(TEAM, title=team.title, default_role=team.default_role)
    assert same == (team, False)
    assert await storage.shares.latest_change() == before
    assert (await storage.workspaces.set_member(TEAM, "bob", None, granted_by="boss"))[1]
    assert (await storage.workspaces.set_member(TEAM, "bob", None, granted_by="eve"))[1] is False


async def test_a_member_who_was_removed_has_no_role_and_is_told(storage: Storage, team: Workspace) -> None:
    await storage.workspaces.set_member(team.name, "bob", None, granted_by="boss")
    before = await storage.shares.latest_change()

    assert await storage.workspaces.remove_member(TEAM, "bob")
    assert not await storage.workspaces.remove_member(TEAM, "bob")

    assert await storage.shares.role_of("bob", PLAN) is None
    assert (await storage.shares.changed_since(before))[1] == {"bob"}


async def test_a_deleted_workspace_gives_nobody_a_role_and_leaves_its_documents(
    storage: Storage, team: Workspace
) -> None:
    await storage.documents.create(PLAN, kind=DocumentKind.YJS, title="")
    await storage.workspaces.set_member(team.name, "bob", None, granted_by="boss")
    before = await storage.shares.latest_change()

    await storage.workspaces.delete(TEAM)

    assert await storage.shares.role_of("bob", PLAN) is None
    assert (await storage.shares.changed_since(before))[1] == {"bob"}
    assert (await storage.documents.get(PLAN)).name == PLAN


async def test_the_last_owner_of_a_workspace_cannot_give_that_up(storage: Storage, team: Workspace) -> None:
    for owner in ("bob", "eve"):
        await storage.workspaces.set_member(team.name, owner, Role.OWNER, granted_by="boss")
    assert await storage.workspaces.remove_member(TEAM, "eve", keep_an_owner=True)

    for leaves in (
        storage.workspaces.remove_member(TEAM, "bob", keep_an_owner=True),
        storage.workspaces.set_member(TEAM, "bob", None, granted_by="bob", keep_an_owner=True),
    ):
        with pytest.raises(LastOwner):
            await leaves
    assert await storage.workspaces.role_of("bob", TEAM) is Role.OWNER
    await storage.workspaces.change(TEAM, default_role=Role.OWNER, keep_an_owner=True)
    await storage.workspaces.set_member(TEAM, "bob", None, granted_by="bob", keep_an_owner=True)
    with pytest.raises(LastOwner):
        await storage.workspaces.change(TEAM, default_role=Role.EDITOR, keep_an_owner=True)
    assert (await storage.workspaces.get(TEAM)).default_role is Role.OWNER
    assert await storage.workspaces.remove_member(TEAM, "bob")


async def test_what_is_not_there_is_told_as_such(storage: Storage) -> None:
    for missing in (
        storage.workspaces.get(TEAM),
        storage.workspaces.change(TEAM, title="x"),
        storage.workspaces.delete(TEAM),
        storage.workspaces.members(TEAM),
        storage.workspaces.set_member(TEAM, "bob", None, granted_by="boss"),
        storage.workspaces.remove_member(TEAM, "bob"),
    ):
        with pytest.raises(WorkspaceNotFound, match="team"):
            await missing
    assert await storage.workspaces.role_of("bob", TEAM) is None


async def test_a_workspace_has_no_more_members_than_may_be(
    storage: Storage, team: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "MAX_MEMBERS", 1)
    await storage.workspaces.set_member(team.name, "bob", None, granted_by="boss")
    await storage.workspaces.set_member(TEAM, "bob", Role.OWNER, granted_by="boss")

    with pytest.raises(TooManyMembers):
        await storage.workspaces.set_member(TEAM, "eve", None, granted_by="boss")
