"""What every store of accounts, sessions and tickets must do, in each database."""

import secrets
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from collab.errors import (
    AccountNotFound,
    CollabError,
    EmailTaken,
    InvalidCursor,
    LastAdmin,
    SignInFailed,
    TicketSpent,
)
from collab.ports import Account, AccountChanges, SessionNumber, Ticket, TicketKind
from collab.storage import Storage, sessions

SOON = timedelta(hours=1)


def later(by: timedelta = SOON) -> datetime:
    return datetime.now(UTC) + by


async def create(storage: Storage, email: str = "ada@example.org", *, admin: bool = False) -> Account:
    return await storage.accounts.create(email=email, name="Ada", password_hash="kept", admin=admin)


async def open_session(storage: Storage, account: Account, secret: bytes, by: timedelta = SOON) -> SessionNumber:
    opened = await storage.sessions.open(account.id, secret, agent="Browser", address="127.0.0.1", expires_at=later(by))
    assert opened is not None
    return opened


async def test_no_session_is_opened_by_a_password_that_was_changed_meanwhile(storage: Storage) -> None:
    account = await create(storage)

    async def opened(password_hash: str | None) -> bool:
        options = {"agent": "Browser", "address": None, "expires_at": later(), "password_hash": password_hash}
        return await storage.sessions.open(account.id, secrets.token_bytes(8), **options) is not None  # type: ignore[arg-type]

    assert await opened("kept")
    await storage.accounts.set_password(account.user_id, "another")
    assert not await opened("kept")
    assert await opened("another")
    assert await opened(None)


async def test_a_password_is_hashed_anew_unless_it_was_changed_meanwhile(storage: Storage) -> None:
    account = await create(storage)

    assert await storage.accounts.hash_anew(account.user_id, "kept", "newer") == "newer"
    assert await storage.accounts.hash_anew(account.user_id, "kept", "again") == "newer"
    assert await storage.accounts.password_of(account.user_id) == "newer"


async def test_an_account_is_found_by_its_id_and_its_email_in_any_case(storage: Storage) -> None:
    account = await create(storage, "Ada@Example.org")

    assert account.user_id.startswith("u_")
    assert (account.email, account.name, account.admin, account.disabled_at) == ("Ada@Example.org", "Ada", False, None)
    assert await storage.accounts.get(account.user_id) == account
    assert await storage.accounts.by_email("aDA@EXAMPLE.ORG") == (account, "kept")
    assert await storage.accounts.password_of(account.user_id) == "kept"


@pytest.mark.parametrize("unknown", ["", "u_", "U_NOBODY", "x\x00", "\ud800", "u_" + "x" * 300])
async def test_nobody_else_is(storage: Storage, unknown: str) -> None:
    await create(storage)

    assert await storage.accounts.by_email(unknown) is None
    with pytest.raises(AccountNotFound):
        await storage.accounts.get(unknown)


async def test_an_email_is_one_accounts_in_whatever_case(storage: Storage) -> None:
    await create(storage)

    with pytest.raises(EmailTaken):
        await create(storage, "ADA@example.ORG")


async def test_accounts_are_listed_page_by_page_and_found_by_name_or_email(storage: Storage) -> None:
    made = [await create(storage, f"{name}@example.org") for name in ("a", "b", "c", "d", "e")]
    first = await storage.accounts.page(limit=3)
    second = await storage.accounts.page(limit=3, cursor=first.next_cursor)

    assert [*first.accounts, *second.accounts] == made
    assert (first.next_cursor is None, second.next_cursor) == (False, None)
    assert (await storage.accounts.page(limit=3, query="C@EX")).accounts == (made[2],)
    assert (await storage.accounts.page(limit=3, query="%")).accounts == ()
    assert (await storage.accounts.page(limit=3, query="\x00")).accounts == ()
    with pytest.raises(InvalidCursor):
        await storage.accounts.page(limit=3, cursor="junk")


async def test_a_profile_changes_field_by_field(storage: Storage) -> None:
    account = await create(storage)
    changed, is_another = await storage.accounts.change(
        account.user_id, AccountChanges(name="Lovelace", color="#ff0000", picture="https://example.org/a.png")
    )
    assert (changed.name, changed.color, changed.picture) == ("Lovelace", "#ff0000", "https://example.org/a.png")
    assert is_another
    assert await storage.accounts.change(account.user_id, AccountChanges(name="Lovelace")) == (changed, False)

    assert (await storage.accounts.change(account.user_id, AccountChanges(color="")))[0].color is None
    assert (await storage.accounts.get(account.user_id)).picture == "https://example.org/a.png"
    assert (await storage.accounts.page(limit=1, query="lovelace")).accounts != ()
    with pytest.raises(AccountNotFound):
        await storage.accounts.change("u_nobody", AccountChanges(name="x"))


@pytest.mark.parametrize("changes", [AccountChanges(admin=False), AccountChanges(disabled=True)])
async def test_the_last_admin_stays_one(storage: Storage, changes: AccountChanges) -> None:
    first, second = await create(storage, "a@x.org", admin=True), await create(storage, "b@x.org", admin=True)
    await storage.accounts.change(second.user_id, changes)

    with pytest.raises(LastAdmin):
        await storage.accounts.change(first.user_id, changes)
    assert await storage.accounts.get(first.user_id) == first


async def test_of_two_admins_who_step_down_at_once_one_stays(storage: Storage, other_node: Storage) -> None:
    admins = [await create(storage, f"{name}@x.org", admin=True) for name in ("a", "b")]
    refused: list[str] = []

    async def step_down(node: Storage, user_id: str) -> None:
        try:
            await node.accounts.change(user_id, AccountChanges(admin=False))
        except LastAdmin:
            refused.append(user_id)

    async with anyio.create_task_group() as tasks:
        for node, admin in zip((storage, other_node), admins, strict=True):
            tasks.start_soon(step_down, node, admin.user_id)

    assert len(refused) == 1
    assert (await storage.accounts.get(refused[0])).admin


async def test_a_session_is_found_by_its_secret_and_its_number(storage: Storage) -> None:
    account = await create(storage)
    number = await open_session(storage, account, b"secret")
    found = await storage.sessions.find(b"secret")

    assert found is not None
    assert (found.number, found.account, found.agent, found.address) == (number, account, "Browser", "127.0.0.1")
    assert await storage.sessions.get(number) == found
    assert await storage.sessions.of(account.id) == [found]
    assert await storage.sessions.find(b"another") is None
    assert await storage.sessions.get(SessionNumber(number + 1)) is None


async def test_a_session_that_has_expired_is_none_and_is_gone_with_the_next(storage: Storage) -> None:
    account = await create(storage)
    number = await open_session(storage, account, b"old", -timedelta(seconds=1))

    assert await storage.sessions.find(b"old") is None
    assert await storage.sessions.get(number) is None
    assert await storage.sessions.of(account.id) == []
    await open_session(storage, account, b"new")
    await storage.sessions.seen(number, expires_at=later())
    assert await storage.sessions.get(number) is None


async def test_a_session_that_is_used_lasts_longer(storage: Storage) -> None:
    account = await create(storage)
    number = await open_session(storage, account, b"secret")
    until = later(timedelta(days=30))
    await storage.sessions.seen(number, expires_at=until)

    found = await storage.sessions.get(number)
    assert found is not None
    assert found.expires_at == until
    assert found.seen_at > found.created_at


async def test_an_account_has_so_many_sessions_and_the_ones_seen_last(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    account = await create(storage)
    numbers = [await open_session(storage, account, bytes([index])) for index in range(3)]
    await storage.sessions.seen(numbers[0], expires_at=later())
    numbers.append(await open_session(storage, account, b"newest"))

    assert {session.number for session in await storage.sessions.of(account.id)} == {numbers[0], numbers[2], numbers[3]}


async def test_only_its_owner_ends_a_session_and_that_is_told(storage: Storage) -> None:
    ada, bob = await create(storage, "ada@x.org"), await create(storage, "bob@x.org")
    number = await open_session(storage, ada, b"secret")
    start = await storage.shares.latest_change()

    assert not await storage.sessions.end(bob.id, number)
    assert await storage.sessions.get(number) is not None
    assert await storage.sessions.end(ada.id, number)
    assert not await storage.sessions.end(ada.id, number)
    assert await storage.sessions.get(number) is None
    assert (await storage.shares.changed_since(start))[1] == {ada.user_id}


async def test_a_disabled_account_has_no_sessions_and_enabled_again_none_of_the_old(storage: Storage) -> None:
    await create(storage, "root@x.org", admin=True)
    account = await create(storage)
    number = await open_session(storage, account, b"secret")
    start = await storage.shares.latest_change()
    await storage.accounts.change(account.user_id, AccountChanges(disabled=True))

    assert await storage.sessions.get(number) is None
    assert (await storage.shares.changed_since(start))[1] == {account.user_id}
    late = await storage.sessions.open(account.id, b"late", agent="Browser", address=None, expires_at=later())
    assert late is None
    await storage.accounts.change(account.user_id, AccountChanges(disabled=False))
    assert await storage.sessions.get(number) is None


async def test_another_password_ends_all_sessions_but_one(storage: Storage) -> None:
    account = await create(storage)
    numbers = [await open_session(storage, account, bytes([index])) for index in range(3)]
    start = await storage.shares.latest_change()
    await storage.accounts.set_password(account.user_id, "new", keep=numbers[1])

    assert await storage.accounts.password_of(account.user_id) == "new"
    assert [session.number for session in await storage.sessions.of(account.id)] == [numbers[1]]
    assert (await storage.shares.changed_since(start))[1] == {account.user_id}
    await storage.accounts.set_password(account.user_id, "newer")
    assert await storage.sessions.of(account.id) == []
    with pytest.raises(AccountNotFound):
        await storage.accounts.set_password("u_nobody", "x")


async def test_a_password_is_changed_instead_of_the_one_that_was_found(storage: Storage) -> None:
    account = await create(storage)
    number = await open_session(storage, account, b"secret")
    await storage.accounts.set_password(account.user_id, "new", instead_of="kept", keep=number)

    assert await storage.accounts.password_of(account.user_id) == "new"
    assert [session.number for session in await storage.sessions.of(account.id)] == [number]


@pytest.mark.parametrize("how", ["another password", "the session ended", "disabled", "disabled and enabled again"])
async def test_no_password_is_changed_by_whoever_was_shut_out_meanwhile(storage: Storage, how: str) -> None:
    await create(storage, "root@x.org", admin=True)
    account = await create(storage)
    number = await open_session(storage, account, b"secret")
    if how == "another password":
        await storage.accounts.set_password(account.user_id, "taken", keep=number)
    elif how == "the session ended":
        await storage.sessions.end(account.id, number)
    else:
        await storage.accounts.change(account.user_id, AccountChanges(disabled=True))
        if how == "disabled and enabled again":
            await storage.accounts.change(account.user_id, AccountChanges(disabled=False))
    before = await storage.accounts.password_of(account.user_id)
    start = await storage.shares.latest_change()

    with pytest.raises(SignInFailed):
        await storage.accounts.set_password(account.user_id, "late", instead_of="kept", keep=number)
    if how in {"another password", "disabled"}:
        with pytest.raises(SignInFailed):
            await storage.accounts.set_password(account.user_id, "late", instead_of="kept")
    assert await storage.accounts.password_of(account.user_id) == before
    assert (await storage.shares.changed_since(start))[1] == set()


async def test_of_two_who_change_a_password_at_once_one_does(storage: Storage, other_node: Storage) -> None:
    account = await create(storage)
    refused: list[str] = []

    async def change(node: Storage, password_hash: str) -> None:
        try:
            await node.accounts.set_password(account.user_id, password_hash, instead_of="kept")
        except SignInFailed:
            refused.append(password_hash)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change, storage, "here")
        tasks.start_soon(change, other_node, "there")

    assert len(refused) == 1
    assert {*refused, await storage.accounts.password_of(account.user_id)} == {"here", "there"}


def invitation(email: str | None = None, by: timedelta = SOON) -> Ticket:
    return Ticket(TicketKind.INVITATION, email, None, admin=False, expires_at=later(by))


async def test_a_ticket_is_used_once(storage: Storage) -> None:
    ticket = invitation("ada@x.org")
    await storage.tickets.issue(ticket, b"secret", issued_by="root")

    assert await storage.tickets.look(b"secret") == ticket
    assert await storage.tickets.look(b"another") is None
    await storage.accounts.create(email="ada@x.org", name="", password_hash=None, admin=False, ticket=b"secret")
    assert await storage.tickets.look(b"secret") is None
    with pytest.raises(TicketSpent):
        await storage.accounts.create(email="b@x.org", name="", password_hash=None, admin=False, ticket=b"secret")
    assert await storage.accounts.by_email("b@x.org") is None


async def test_a_ticket_for_an_account_that_cannot_be_made_stays_good(storage: Storage) -> None:
    await create(storage)
    await storage.tickets.issue(invitation(), b"secret", issued_by="root")

    with pytest.raises(EmailTaken):
        await storage.accounts.create(
            email="ada@example.org", name="", password_hash=None, admin=False, ticket=b"secret"
        )
    assert await storage.tickets.look(b"secret") is not None


async def test_of_two_who_use_a_ticket_at_once_one_has_it(storage: Storage, other_node: Storage) -> None:
    await storage.tickets.issue(invitation(), b"secret", issued_by="root")
    outcomes: list[Account | CollabError] = []

    async def use(node: Storage, email: str) -> None:
        try:
            outcomes.append(
                await node.accounts.create(email=email, name="", password_hash=None, admin=False, ticket=b"secret")
            )
        except TicketSpent as error:
            outcomes.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use, storage, "a@x.org")
        tasks.start_soon(use, other_node, "b@x.org")

    assert sum(isinstance(outcome, Account) for outcome in outcomes) == 1
    assert len((await storage.accounts.page(limit=10)).accounts) == 1


async def test_an_expired_ticket_is_good_for_nothing(storage: Storage) -> None:
    await storage.tickets.issue(invitation(by=-timedelta(seconds=1)), b"old", issued_by="root")

    assert await storage.tickets.look(b"old") is None
    with pytest.raises(TicketSpent):
        await storage.accounts.create(email="a@x.org", name="", password_hash=None, admin=False, ticket=b"old")


async def test_the_latest_ticket_for_a_new_password_is_the_one_that_counts(storage: Storage) -> None:
    account = await create(storage)
    for secret in (b"first", b"second"):
        ticket = Ticket(TicketKind.RESET, account.email, account.user_id, admin=False, expires_at=later())
        await storage.tickets.issue(ticket, secret, issued_by="root")

    assert await storage.tickets.look(b"first") is None
    await storage.accounts.set_password(account.user_id, "new", ticket=b"second")
    with pytest.raises(TicketSpent):
        await storage.accounts.set_password(account.user_id, "newer", ticket=b"second")
    assert await storage.accounts.password_of(account.user_id) == "new"
