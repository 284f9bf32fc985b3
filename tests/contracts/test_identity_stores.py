"""What every store of external identities, and of visits to their provider, must do, in each database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from collab.errors import AccountNotFound, IdentityTaken, LastWayIn
from collab.ports import Account, AccountChanges, AccountId, IdentityNumber, ProviderVisit, Ticket, TicketKind
from collab.storage import Storage, visits

ISSUER = "https://id.example.org"
OTHER = "https://other.example.org"
SOON = timedelta(hours=1)
VISIT = ProviderVisit("/d/notes", None, link=False)


def later(by: timedelta = SOON) -> datetime:
    return datetime.now(UTC) + by


async def create(storage: Storage, name: str, *, password: str | None = "kept") -> Account:
    return await storage.accounts.create(
        email=f"{name}@example.org", name=name, password_hash=password, admin=name == "ada"
    )


async def identities(storage: Storage, account: Account) -> list[tuple[str, str]]:
    return [(each.issuer, each.subject) for each in await storage.identities.of(account.id)]


async def test_an_identity_is_found_by_issuer_and_subject_together(storage: Storage) -> None:
    ada, bob = await create(storage, "ada"), await create(storage, "bob")
    await storage.identities.link(ada.id, ISSUER, "1", "ada@id.example.org")
    await storage.identities.link(bob.id, OTHER, "1", None)

    assert await storage.identities.owner_of(ISSUER, "1") == ada
    assert await storage.identities.owner_of(OTHER, "1") == bob
    for issuer, subject in ((ISSUER, "2"), (ISSUER.upper(), "1"), (OTHER, "01")):
        assert await storage.identities.owner_of(issuer, subject) is None


async def test_an_identity_is_one_accounts_and_linking_it_again_is_harmless(storage: Storage) -> None:
    ada, bob = await create(storage, "ada"), await create(storage, "bob")
    assert await storage.identities.link(ada.id, ISSUER, "1", None)
    assert not await storage.identities.link(ada.id, ISSUER, "1", None)

    with pytest.raises(IdentityTaken):
        await storage.identities.link(bob.id, ISSUER, "1", None)
    assert await identities(storage, ada) == [(ISSUER, "1")]
    assert await identities(storage, bob) == []


async def test_alone_an_identity_is_the_first_of_its_issuer(storage: Storage) -> None:
    ada = await create(storage, "ada")
    await storage.identities.link(ada.id, OTHER, "1", None, alone=True)
    await storage.identities.link(ada.id, ISSUER, "1", None, alone=True)

    with pytest.raises(IdentityTaken):
        await storage.identities.link(ada.id, ISSUER, "2", None, alone=True)
    await storage.identities.link(ada.id, ISSUER, "3", None)
    assert await identities(storage, ada) == [(OTHER, "1"), (ISSUER, "1"), (ISSUER, "3")]


async def test_of_several_at_once_one_is_the_first_of_its_issuer(storage: Storage, other_node: Storage) -> None:
    ada = await create(storage, "ada")
    refused: list[str] = []

    async def link(node: Storage, subject: str) -> None:
        try:
            await node.identities.link(ada.id, ISSUER, subject, None, alone=True)
        except IdentityTaken:
            refused.append(subject)

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(link, (storage, other_node)[number % 2], str(number))

    assert len(refused) == 5
    assert len(await storage.identities.of(ada.id)) == 1


async def test_nobodys_account_has_an_identity(storage: Storage) -> None:
    with pytest.raises(AccountNotFound):
        await storage.identities.link(AccountId(99), ISSUER, "1", None)
    with pytest.raises(AccountNotFound):
        await storage.identities.unlink(AccountId(99), IdentityNumber(1), issuer=ISSUER)


async def test_use_is_noted_with_the_email_of_then(storage: Storage) -> None:
    ada = await create(storage, "ada")
    await storage.identities.link(ada.id, ISSUER, "1", "old@example.org")
    (before,) = await storage.identities.of(ada.id)
    await storage.identities.used(ISSUER, "1", "new@example.org")
    await storage.identities.used(ISSUER, "2", "nobody@example.org")

    (after,) = await storage.identities.of(ada.id)
    assert after == replace(before, email="new@example.org", last_used_at=after.last_used_at)
    assert after.last_used_at > before.last_used_at


async def test_the_owner_is_told_though_disabled(storage: Storage) -> None:
    bob = await create(storage, "bob")
    await storage.identities.link(bob.id, ISSUER, "1", None)
    disabled, _ = await storage.accounts.change(bob.user_id, AccountChanges(disabled=True))

    assert await storage.identities.owner_of(ISSUER, "1") == disabled


async def test_unlinked_an_identity_is_free_again(storage: Storage) -> None:
    ada, bob = await create(storage, "ada"), await create(storage, "bob")
    await storage.identities.link(ada.id, ISSUER, "1", None)
    (identity,) = await storage.identities.of(ada.id)

    assert await storage.identities.unlink(bob.id, identity.number, issuer=ISSUER) is None
    assert await storage.identities.unlink(ada.id, identity.number, issuer=ISSUER) == identity
    assert await storage.identities.unlink(ada.id, identity.number, issuer=ISSUER) is None
    await storage.identities.link(bob.id, ISSUER, "1", None)
    assert await storage.identities.owner_of(ISSUER, "1") == bob


async def test_the_last_way_in_is_not_taken(storage: Storage) -> None:
    ada = await create(storage, "ada", password=None)
    await storage.identities.link(ada.id, ISSUER, "1", None)
    await storage.identities.link(ada.id, OTHER, "1", None)
    mine, others = await storage.identities.of(ada.id)

    with pytest.raises(LastWayIn):
        await storage.identities.unlink(ada.id, mine.number, issuer=ISSUER)
    assert await storage.identities.unlink(ada.id, others.number, issuer=ISSUER) == others
    await storage.identities.link(ada.id, ISSUER, "2", None)
    assert await storage.identities.unlink(ada.id, mine.number, issuer=ISSUER) == mine
    (second,) = await storage.identities.of(ada.id)
    await storage.accounts.set_password(ada.user_id, "kept")
    assert await storage.identities.unlink(ada.id, second.number, issuer=ISSUER) == second


async def test_a_visit_ends_once(storage: Storage, other_node: Storage) -> None:
    await storage.visits.begin(VISIT, b"secret", expires_at=later())
    ended: list[ProviderVisit | None] = []

    async def end(node: Storage) -> None:
        ended.append(await node.visits.end(b"secret"))

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(end, (storage, other_node)[number % 2])

    assert sorted(ended, key=lambda visit: visit is None) == [VISIT, *[None] * 5]
    assert await storage.visits.end(b"other") is None


async def test_a_visit_that_has_expired_has_ended(storage: Storage) -> None:
    await storage.visits.begin(VISIT, b"secret", expires_at=later(-SOON))

    assert await storage.visits.end(b"secret") is None


async def test_of_too_many_visits_the_newest_remain(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MAX_VISITS", 2)
    for number in range(4):
        await storage.visits.begin(VISIT, b"%d" % number, expires_at=later())

    assert [await storage.visits.end(b"%d" % number) for number in range(4)] == [None, None, VISIT, VISIT]


async def test_an_invitation_is_found_by_its_email_while_it_is_good(storage: Storage) -> None:
    def ticket(email: str | None, kind: TicketKind = TicketKind.INVITATION, by: timedelta = SOON) -> Ticket:
        user_id = "u_bob" if kind is TicketKind.RESET else None
        return Ticket(kind, email, user_id, admin=False, expires_at=later(by).replace(microsecond=0))

    issued = ticket("Ada@Example.org")
    await storage.tickets.issue(ticket("ada@example.org"), b"older", issued_by="")
    await storage.tickets.issue(issued, b"newer", issued_by="")
    await storage.tickets.issue(ticket(None), b"anybody's", issued_by="")
    await storage.tickets.issue(ticket("bob@example.org", TicketKind.RESET), b"reset", issued_by="")
    await storage.tickets.issue(ticket("eve@example.org", by=-SOON), b"expired", issued_by="")

    assert await storage.tickets.invitation_for("ada@EXAMPLE.org") == (issued, b"newer")
    for email in ("bob@example.org", "eve@example.org", ""):
        assert await storage.tickets.invitation_for(email) is None
