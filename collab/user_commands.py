"""`collab user`: accounts, from the terminal of the machine; so comes the first admin into being."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.markup import escape

from collab.access.passwords import Passwords, check_fitness
from collab.access.secrets import MAX_SECRET_LENGTH
from collab.errors import AccountNotFound
from collab.ports import THIS_MACHINE, Account, AccountChanges, Act, AuditAction, AuditLog
from collab.services.accounts import Accounts, accounts_on, check_email
from collab.services.audit_trail import yes_or_no
from collab.services.keys import Keys
from collab.settings import Settings
from collab.terminal import DatabaseUrl, DataDir, counted, output, run, settings_from, show_table, storage_of

app = typer.Typer(help="Look after the accounts of those who sign in here.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The account's e-mail.")]


@app.command()
def add(
    email: Email,
    name: Annotated[
        str | None, typer.Option(help="The name others see.", show_default="what stands before the @")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Make it an admin's.")] = False,
    invite: Annotated[bool, typer.Option("--invite", help="Print a link by which they choose a password.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make an account. Its password is asked for, or read from the standard input where that is no terminal."""
    settings = settings_from(database_url=database_url, data_dir=data_dir)
    if invite:
        ticket = run(lambda: _invite(settings, email, admin=admin))
        output.print(f"Pass this on; it is good for two weeks: /join#{escape(ticket)}", soft_wrap=True)
        return
    account = run(lambda: _add(settings, email, name or email.partition("@")[0], _ask_password(), admin=admin))
    output.print(f"{escape(account.email or '')} may sign in now{', as an admin' if account.admin else ''}.")


@app.command(name="list")
def list_users(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show all accounts."""
    found = run(lambda: _all(settings_from(database_url=database_url, data_dir=data_dir)))
    show_table(("e-mail", "name", "id", "admin", "since", "disabled"), map(_row, found))


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.email or "",
        account.name,
        account.user_id,
        "yes" if account.admin else "",
        f"{account.created_at:%Y-%m-%d}",
        f"{account.disabled_at:%Y-%m-%d}" if account.disabled_at else "",
    )


@app.command()
def disable(email: Email, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Keep somebody from signing in, and end their sessions, in a server that runs within a second."""
    _change(settings_from(database_url=database_url, data_dir=data_dir), email, AccountChanges(disabled=True))
    output.print(f"{escape(email)} may not sign in any more.")


@app.command()
def enable(email: Email, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Let somebody sign in again who was kept from it."""
    _change(settings_from(database_url=database_url, data_dir=data_dir), email, AccountChanges(disabled=False))
    output.print(f"{escape(email)} may sign in.")


@app.command(name="admin")
def make_admin(
    email: Email,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make them no admin any more.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make an admin of somebody."""
    _change(settings_from(database_url=database_url, data_dir=data_dir), email, AccountChanges(admin=not revoke))
    output.print(f"{escape(email)} is {'no admin any more' if revoke else 'an admin'}.")


@app.command()
def reset(
    email: Email,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything",
            help="End at once what somebody else may come in by: the password, sessions, API keys and linked identities.",
        ),
    ] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Print a link by which somebody sets another password, within a day."""
    settings = settings_from(database_url=database_url, data_dir=data_dir)
    ticket = run(lambda: _reset(settings, email, everything=everything))  # its entry comes before what it tells of
    if everything:
        keys, identities = run(lambda: _shut_out(settings, email))
        output.print(
            f"{escape(email)} is signed out everywhere, and the password is good no more. "
            f"Taken away as well: {counted(keys, 'API key')}, {counted(identities, 'linked sign-in')}.",
            soft_wrap=True,
        )
    output.print(f"Pass this on; it is good for a day: /reset#{escape(ticket)}", soft_wrap=True)


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_SECRET_LENGTH * 16).rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@asynccontextmanager
async def _accounts(settings: Settings) -> AsyncIterator[tuple[Accounts, AuditLog]]:
    async with storage_of(settings) as storage:
        yield accounts_on(storage.accounts, storage.sessions, storage.tickets, settings), storage.audit


async def _add(settings: Settings, email: str, name: str, password: str, *, admin: bool) -> Account:
    checked = check_email(email)
    check_fitness(password)
    async with _accounts(settings) as (accounts, audit):
        password_hash = await Passwords().hash(password)
        async with audit.together():
            account = await accounts.store.create(email=checked, name=name, password_hash=password_hash, admin=admin)
            details = {"admin": str(admin).lower()}
            await audit.add(Act(AuditAction.ACCOUNT_MADE, THIS_MACHINE, subject=account.user_id, details=details))
        return account


async def _invite(settings: Settings, email: str, *, admin: bool) -> str:
    async with _accounts(settings) as (accounts, audit):
        async with audit.together():
            ticket = await accounts.invite(THIS_MACHINE, email, admin=admin)
            details = {"admin": str(admin).lower()}
            await audit.add(Act(AuditAction.INVITED, THIS_MACHINE, subject=email, details=details))
        return ticket


async def _all(settings: Settings) -> list[Account]:
    found: list[Account] = []
    cursor = None
    async with _accounts(settings) as (accounts, _):
        while True:
            page = await accounts.store.page(limit=200, cursor=cursor)
            found += page.accounts
            if (cursor := page.next_cursor) is None:
                return found


def _change(settings: Settings, email: str, changes: AccountChanges) -> None:
    async def change() -> None:
        async with _accounts(settings) as (accounts, audit):
            user_id = (await _named(accounts, email)).user_id
            async with audit.together():
                _, changed = await accounts.store.change(user_id, changes)
                details = {
                    field: str(value).lower()
                    for field, value in (("admin", changes.admin), ("disabled", changes.disabled))
                    if value is not None
                }
                if changed:
                    await audit.add(Act(AuditAction.ACCOUNT_CHANGED, THIS_MACHINE, subject=user_id, details=details))

    run(change)


async def _shut_out(settings: Settings, email: str) -> tuple[int, int]:
    """End whatever leads into an account; return how many keys and identities. To be repeated where it was cut short."""
    async with storage_of(settings) as storage:
        accounts = accounts_on(storage.accounts, storage.sessions, storage.tickets, settings)
        account = await _named(accounts, email)
        await accounts.take_password(account.user_id)
        keys = Keys(storage.keys)
        revoked = await keys.list(account.user_id)
        for key in revoked:
            async with storage.audit.together():
                await keys.revoke(key.number)
                await storage.audit.add(Act(AuditAction.KEY_REVOKED, THIS_MACHINE, subject=f"key:{key.number}"))
        linked = await storage.identities.of(account.id)
        for identity in linked:
            async with storage.audit.together():
                await storage.identities.unlink(account.id, identity.number, issuer=identity.issuer)
                details = {"user": account.user_id, "issuer": identity.issuer}
                act = Act(AuditAction.IDENTITY_UNLINKED, THIS_MACHINE, subject=identity.subject, details=details)
                await storage.audit.add(act)
        return len(revoked), len(linked)


async def _reset(settings: Settings, email: str, *, everything: bool) -> str:
    async with _accounts(settings) as (accounts, audit):
        user_id = (await _named(accounts, email)).user_id
        async with audit.together():
            ticket = await accounts.offer_reset(THIS_MACHINE, user_id)
            details = {"everything": yes_or_no(everything)}
            await audit.add(Act(AuditAction.RESET_OFFERED, THIS_MACHINE, subject=user_id, details=details))
        return ticket


async def _named(accounts: Accounts, email: str) -> Account:
    found = await accounts.store.by_email(email)
    if found is None:
        raise AccountNotFound(f"no account has the e-mail {email!r}; `collab user list` shows all of them")
    return found[0]
