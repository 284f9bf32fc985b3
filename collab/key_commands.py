"""`collab key`: API keys, from the terminal of the machine."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer
from rich.markup import escape

from collab.errors import AccountNotFound, InvalidScope
from collab.ports import THIS_MACHINE, Act, ApiKey, AuditAction, KeyNumber, Role
from collab.services.keys import Keys, told_of
from collab.settings import Settings
from collab.terminal import DatabaseUrl, DataDir, output, row_number, run, settings_from, show_table, storage_of

app = typer.Typer(help="Look after the API keys of programs.", no_args_is_help=True)

MAX_DAYS: Final = 365_000
"""A thousand years; the calendar of databases ends with the year 9999."""

Grants = Annotated[
    list[str] | None,
    typer.Option("--documents", metavar="PATTERN=ROLE", help="What it may do at most: team/*=editor, and so on."),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    documents: Grants = None,
    user: Annotated[str | None, typer.Option(help="The e-mail of the account as whom its bearer acts.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Let it do what admins do.")] = False,
    days: Annotated[
        int | None, typer.Option(min=1, max=MAX_DAYS, help="How long it is good; for good without.")
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key, and print it. It is a program's own unless an account is named."""
    settings = settings_from(database_url=database_url, data_dir=data_dir)
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    secret = run(lambda: _add(settings, name, documents or [], user, admin=admin, expires_at=expires_at))
    output.print(f"Keep this; it is shown once: {escape(secret)}", soft_wrap=True)


@app.command(name="list")
def list_keys(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Show all keys, without their secrets."""
    found = run(lambda: _all(settings_from(database_url=database_url, data_dir=data_dir)))
    show_table(("id", "name", "acts as", "documents", "admin", "until", "last used"), map(_row, found))


def _row(key: ApiKey) -> tuple[str, ...]:
    return (
        str(key.number),
        key.name,
        key.user_id,
        ", ".join(f"{pattern}={role.name.lower()}" for pattern, role in sorted(key.scope.items())),
        "yes" if key.admin else "",
        f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "",
        f"{key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never",
    )


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(parser=row_number, help="The key's id.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """End a key; in a server that runs it is good no more, and what it has open ends within a second."""
    run(lambda: _revoke(settings_from(database_url=database_url, data_dir=data_dir), KeyNumber(number)))
    output.print(f"Key {number} is good no more.")


async def _add(
    settings: Settings,
    name: str,
    grants: list[str],
    email: str | None,
    *,
    admin: bool,
    expires_at: datetime | None,
) -> str:
    scope = dict(map(_grant, grants))
    async with storage_of(settings) as storage:
        user_id = None
        if email is not None:
            found = await storage.accounts.by_email(email)
            if found is None:
                raise AccountNotFound(f"no account has the e-mail {email!r}; `collab user list` shows all of them")
            user_id = found[0].user_id
        async with storage.audit.together():
            key, secret = await Keys(storage.keys).make_for(user_id, name, scope, admin, expires_at, THIS_MACHINE)
            await storage.audit.add(
                Act(AuditAction.KEY_MADE, THIS_MACHINE, subject=f"key:{key.number}", details=told_of(key))
            )
        return secret


async def _all(settings: Settings) -> list[ApiKey]:
    async with storage_of(settings) as storage:
        return list(await Keys(storage.keys).list())


async def _revoke(settings: Settings, number: KeyNumber) -> None:
    async with storage_of(settings) as storage, storage.audit.together():
        await Keys(storage.keys).revoke(number)
        await storage.audit.add(Act(AuditAction.KEY_REVOKED, THIS_MACHINE, subject=f"key:{number}"))


def _grant(text: str) -> tuple[str, Role]:
    pattern, _, name = text.rpartition("=")
    roles = {role.name.lower(): role for role in Role}
    if not pattern or name not in roles:
        raise InvalidScope(
            f"{text!r} came; expected PATTERN=ROLE, with one of {', '.join(roles)}, such as team/*=editor"
        )
    return pattern, roles[name]
