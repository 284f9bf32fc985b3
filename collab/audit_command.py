"""`collab audit`: what was done about who may do what, from the terminal of the machine."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from collab.archive import Note
from collab.errors import StorageError
from collab.ports import THIS_MACHINE, Act, AuditAction, AuditEntry, AuditFilter
from collab.settings import Settings
from collab.storage import open_storage
from collab.terminal import DatabaseUrl, DataDir, errors, output, run, settings_from, storage_of


def show_audit_log(
    action: Annotated[list[AuditAction] | None, typer.Option(help="Only these; may be given several times.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    document: Annotated[str | None, typer.Option(help="Only what was done to this document.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Show who did what about who may do what, the newest first."""
    settings = settings_from(database_url=database_url, data_dir=data_dir)
    wanted = AuditFilter(actions=frozenset(action) if action else None, actor=actor, document=document)
    table = Table("when", "what", "by", "from", "document", "to", "details", box=None, pad_edge=False)
    for entry in run(lambda: _entries(settings, wanted, limit)):
        act = entry.act
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            act.action.value,
            _shown(act.actor) or ("the terminal" if act.address is None else "a guest"),
            act.address or "",
            _shown(act.document or ""),
            _shown(act.subject or ""),
            _shown(", ".join(f"{key}={value}" for key, value in act.details.items())),
        )
    output.print(table)


def _shown(text: str) -> str:
    """Return a text that anybody may have typed as a terminal may show it: what it would act upon is spelt out."""
    spelt = (
        each if each.isprintable() else each.encode("unicode-escape", "surrogatepass").decode("ascii") for each in text
    )
    return escape("".join(spelt))


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


async def _entries(settings: Settings, wanted: AuditFilter, limit: int) -> Sequence[AuditEntry]:
    async with storage_of(settings) as storage:
        return await storage.audit.page(wanted, limit=limit)
