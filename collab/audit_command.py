"""`collab audit`: what was done about who may do what, from the terminal of the machine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated

import typer
from rich.markup import escape

from collab.access import canonical
from collab.archive import Note
from collab.errors import SettingsError, StorageError
from collab.ports import THIS_MACHINE, Act, AuditAction, AuditEntry, AuditFilter
from collab.settings import Settings
from collab.storage import open_storage
from collab.terminal import DatabaseUrl, DataDir, errors, failed, row_number, run, settings_from, show_table, storage_of


def show_audit_log(
    action: Annotated[list[AuditAction] | None, typer.Option(help="Only these; may be given several times.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    address: Annotated[str | None, typer.Option(help="Only what was done from this IP address.")] = None,
    document: Annotated[str | None, typer.Option(help="Only what was done to this document.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Only what was done to this user, link:7, key:7, workspace:team and so on.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="From then on: 2026-11-27, or 2026-11-27T09:30+01:00.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="MOMENT", help="Before then; in UTC without a zone.")] = None,
    before: Annotated[
        int | None, typer.Option(parser=row_number, metavar="NUMBER", help="Only entries with a lower number.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Show who did what about who may do what, the newest first; times are in UTC.

    Where the output is no terminal each entry is a line, with tabs between its fields.
    """
    settings = settings_from(database_url=database_url, data_dir=data_dir)
    try:
        wanted = _filter(action, actor, address, document, subject, since, until)
    except SettingsError as error:
        raise failed(error) from None
    found = run(lambda: _entries(settings, wanted, limit, before))
    show_table(("number", "when", "what", "by", "from", "document", "to", "details"), map(_row, found))


def _row(entry: AuditEntry) -> tuple[str, ...]:
    act = entry.act
    return (
        str(entry.number),
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        act.action.value,
        act.actor or ("the terminal" if act.address is None else "a guest"),
        act.address or "",
        act.document or "",
        act.subject or "",
        ", ".join(f"{key}={value}" for key, value in act.details.items()),
    )


def _filter(
    actions: list[AuditAction] | None,
    actor: str | None,
    address: str | None,
    document: str | None,
    subject: str | None,
    since: str | None,
    until: str | None,
) -> AuditFilter:
    """Return which entries the options ask for. Raises `SettingsError` where one of them is none."""
    wanted = AuditFilter(
        actions=frozenset(actions) if actions else None,
        actor=actor,
        address=None if address is None else _address(address),
        document=document,
        subject=subject,
        since=None if since is None else _moment(since, "--since"),
        until=None if until is None else _moment(until, "--until"),
    )
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise SettingsError(f"--since {since} came with --until {until}; expected a moment before that")
    return wanted


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{option} is {text!r}; expected a moment like 2026-11-27, 2026-11-27T09:30 (in UTC) or 2026-11-27T09:30+01:00"
        ) from None


def _address(text: str) -> str:
    try:
        return canonical(str(ip_address(text)))
    except ValueError:
        raise SettingsError(f"--address is {text!r}; expected an IP address like 192.0.2.1 or 2001:db8::1") from None


def noting(url: str, how: str) -> Note:
    """Return what writes down that everything is written out.

    Where that cannot be done it is said, and the copy is made all the same: it may be the last that is to be had of a full disk, or the
    one before the schema is brought up to date.
    """

    async def note() -> None:
        try:
            async with open_storage(url) as storage:
                await storage.audit.add(Act(AuditAction.DATABASE_EXPORTED, THIS_MACHINE, details={"how": how}))
        except StorageError as error:
            errors.print(f"[yellow]warning:[/] this is not in the audit log: {escape(str(error))}", soft_wrap=True)

    return note


async def _entries(settings: Settings, wanted: AuditFilter, limit: int, before: int | None) -> Sequence[AuditEntry]:
    async with storage_of(settings) as storage:
        return await storage.audit.page(wanted, limit=limit, before=before)
