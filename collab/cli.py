"""The `collab` command."""

import os
import sys
import time
from enum import StrEnum, auto
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import jwt
import typer
from rich.markup import escape

from collab import archive, upkeep
from collab.audit_command import noting, show_audit_log
from collab.backup import copy_database
from collab.errors import SettingsError
from collab.key_commands import app as key_app
from collab.log_output import log_to_stderr
from collab.serving import serve_until_stopped
from collab.settings import unknown_variables
from collab.storage import migrate
from collab.terminal import (
    DatabaseUrl,
    DataDir,
    counted,
    errors,
    failed,
    output,
    progress_bar,
    row_number,
    run,
    settings_from,
)
from collab.user_commands import app as user_app

app = typer.Typer(
    name="collab",
    help="A self-hosted server for documents that many people edit at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")
app.command(name="audit")(show_audit_log)


def _print_version(wanted: bool) -> None:
    if wanted:
        output.print(f"collab {version('collab')}")
        raise typer.Exit


@app.callback()
def _collab(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


Bind = Annotated[str | None, typer.Option(help="Address and port.", show_default="127.0.0.1:8000")]


CertFile = Annotated[Path | None, typer.Option(help="Certificate in PEM; with its key, serve by TLS.")]
KeyFile = Annotated[Path | None, typer.Option(help="The certificate's private key in PEM.")]


@app.command()
def serve(
    bind: Bind = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    certfile: CertFile = None,
    keyfile: KeyFile = None,
) -> None:
    """Serve documents and the editor. Every option is also an environment variable: COLLAB_BIND and so on."""
    settings = settings_from(
        bind=bind, database_url=database_url, data_dir=data_dir, certfile=certfile, keyfile=keyfile
    )
    log_to_stderr(settings.log_level)
    for complaint in unknown_variables(os.environ):
        errors.print(f"[yellow]warning:[/] {escape(complaint)}")
    run(lambda: serve_until_stopped(settings, _welcome))


@app.command(name="migrate")
def migrate_database(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date. `serve` does so by itself on SQLite."""
    settings = settings_from(database_url=database_url, data_dir=data_dir)
    with progress_bar() as progress:
        task = progress.add_task("Migrating", total=None)
        migrated = run(
            lambda: migrate(
                settings.database, lambda applied, all_: progress.update(task, completed=applied, total=all_)
            )
        )
    if migrated.before == migrated.after:
        output.print(f"The database is up to date already, at revision {migrated.after}.")
    elif migrated.before is None:
        output.print(f"The database was new; it is at revision {migrated.after} now.")
    else:
        output.print(f"The database was brought from revision {migrated.before} to {migrated.after}.")


def _print_flaws(checked: upkeep.Checked) -> None:
    for flawed in checked.flawed:
        where = " (in the trash)" if flawed.document.in_trash else ""
        for flaw in flawed.flaws:
            errors.print(
                f"[bold red]{escape(repr(flawed.document.name))}[/]{where}: {escape(flaw.place)}: {escape(flaw.reason)}"
            )
    for document, flawed_version in checked.flawed_versions:
        errors.print(
            f"[bold red]{escape(repr(document.name))}[/]: version {flawed_version.id}: {escape(flawed_version.reason)}"
        )
    for number, reason in checked.flawed_authors.items():
        errors.print(f"[bold red]author {number}[/]: {escape(reason)}")
    for orphan in checked.orphans:
        errors.print(f"[bold red]row {orphan.row} of `{escape(orphan.table)}`[/]: it belongs to no document")


@app.command()
def check(
    documents: Annotated[list[str] | None, typer.Argument(help="Names; all documents without any.")] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Read everything that serving reads and what was set aside, compare checksums, say what is wrong. Exits with 1 when anything is."""
    url = settings_from(database_url=database_url, data_dir=data_dir).database
    with progress_bar() as progress:
        checked = run(lambda: upkeep.check(url, progress, documents or ()))
    _print_flaws(checked)
    if unloadable := [flawed for flawed in checked.flawed if not flawed.loads]:
        errors.print(
            f"{len(unloadable)} of {checked.documents} documents do not load; they are not served, and nothing is stored over them."
        )
        if any(flaw.row is not None for flawed in unloadable for flaw in flawed.flaws):
            errors.print("`collab cut DOCUMENT ROW…` takes rows out of a log, and keeps them.")
    if loadable := len(checked.flawed) - len(unloadable):
        errors.print(
            f"{counted(loadable, 'document')} can be opened and edited all the same; what is named of them is missing where it would be "
            "shown: nobody is credited with what it is not known of who wrote it."
        )
    if any(flaw.is_mended_by_compaction for flawed in checked.flawed for flaw in flawed.flaws):
        errors.print(
            "`collab compact DOCUMENT` sets a record of who wrote its snapshot that cannot be read aside, and keeps it; so does the "
            "server when it next folds the log. Only a backup or an export from before tells what it told."
        )
    if any(flaw.row is None and not flaw.is_mended_by_compaction for flawed in checked.flawed for flaw in flawed.flaws):
        errors.print(
            "What is no row of a log cannot be cut out: go back to a backup or an export that was made before it was damaged. "
            "Versions that are not named above are whole."
        )
    if checked.flawed_versions:
        errors.print(
            f"{counted(len(checked.flawed_versions), 'version')} cannot be read; the documents themselves do not depend on them. "
            "`DELETE /api/v1/documents/DOCUMENT/versions/VERSION` takes one away."
        )
    if checked.flawed_authors:
        errors.print(
            f"{counted(len(checked.flawed_authors), 'author')} cannot be read; what they wrote is credited to nobody."
        )
    if checked.orphans:
        errors.print(
            f"{counted(len(checked.orphans), 'row')} in all of no document: nobody is served them, and nothing is exported while they are "
            "there. SQLite's own tools give them back to their document, or delete them."
        )
    if not checked.is_sound:
        raise typer.Exit(1)
    output.print(f"{counted(checked.documents, 'document')} checked; all load, and all checksums hold.")


@app.command()
def compact(
    documents: Annotated[list[str] | None, typer.Argument(help="Names; all documents without any.")] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Fold update logs into snapshots, and thin out old versions. The server does so by itself; it may go on meanwhile."""
    url = settings_from(database_url=database_url, data_dir=data_dir).database
    with progress_bar() as progress:
        folded = run(lambda: upkeep.compact(url, progress, documents or ()))
    for document, reason in folded.failed:
        errors.print(f"[bold red]{escape(repr(document.name))}[/] stays as it is: {escape(reason)}")
    for document, reason in folded.uncredited:
        errors.print(
            f"[bold red]{escape(repr(document.name))}[/]: nobody is credited any more with what was in its snapshot: {escape(reason)}. "
            "The damaged record is kept in `quarantined_authorship`."
        )
    output.print(f"{counted(folded.documents, 'document')} compacted; {counted(folded.rows, 'row')} folded.")
    if folded.thinned:
        output.print(f"{counted(folded.thinned, 'old version')} thinned out.")
    if folded.failed:
        raise typer.Exit(1)


@app.command()
def cut(
    document: Annotated[str, typer.Argument(help="The name of a document that does not load.")],
    rows: Annotated[
        list[int],
        typer.Argument(parser=row_number, help="Rows of its log that are to blame, as `collab check` names them."),
    ],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Take rows out of a document's log, so that it loads without them. They are kept in a table of their own."""
    url = settings_from(database_url=database_url, data_dir=data_dir).database
    run(lambda: upkeep.cut(url, document, rows))
    output.print(
        f"{counted(len(set(rows)), 'row')} cut out of {escape(repr(document))}, and kept in `quarantined_updates`."
    )


@app.command(name="export")
def export_server(
    directory: Annotated[Path, typer.Argument(help="A directory that is not there yet.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Write everything to plain files, as it stands at this moment. The server may go on meanwhile."""
    url = settings_from(database_url=database_url, data_dir=data_dir).database
    with progress_bar() as progress:
        written = run(lambda: archive.export(url, directory, progress, noting(url, "export")))
    output.print(
        f"{counted(written.documents, 'document')} exported to {escape(str(directory))}, {counted(written.rows, 'row')} in all."
    )


@app.command(name="import")
def import_server(
    directory: Annotated[Path, typer.Argument(help="What `collab export` wrote.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Read everything that was exported into a database that has no documents: all of it, or nothing."""
    url = settings_from(database_url=database_url, data_dir=data_dir).database
    with progress_bar() as progress:
        read = run(lambda: archive.import_(url, directory, progress))
    output.print(f"{counted(read.documents, 'document')} imported, {counted(read.rows, 'row')} in all.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; nothing may be there yet.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Copy an SQLite database as it stands at this moment. The server may go on meanwhile."""
    url = settings_from(database_url=database_url, data_dir=data_dir).database
    with progress_bar() as progress:
        size = run(lambda: copy_database(url, file, progress, noting(url, "backup")))
    output.print(
        f"{size:,} bytes copied to {escape(str(file))}, and checked. A server started on it goes on from there."
    )


class RoleName(StrEnum):
    """A role as the command line and the token's claims name it."""

    READER = auto()
    COMMENTER = auto()
    EDITOR = auto()
    OWNER = auto()


@app.command()
def token(
    user: Annotated[str, typer.Argument(help="The user's id (`sub`).")],
    document: Annotated[str, typer.Option(help="A document's name, or a prefix that ends in *.")] = "*",
    role: Annotated[RoleName, typer.Option(help="What the user may do there.")] = RoleName.EDITOR,
    name: Annotated[str | None, typer.Option(help="The name others see.", show_default="the user's id")] = None,
    hours: Annotated[float, typer.Option(help="How long the token is valid.", min=0.01)] = 12.0,
) -> None:
    """Make an access token, signed with COLLAB_SECRET, to try the server with."""
    secret = settings_from().secret
    if secret is None:
        raise failed(SettingsError("COLLAB_SECRET is not set; it must be the one the server runs with"))
    claims = {
        "sub": user,
        "name": name or user,
        "exp": int(time.time() + hours * 3600),
        "documents": {document: role.value},
    }
    sys.stdout.write(jwt.encode(claims, secret.get_secret_value(), algorithm="HS256") + "\n")


def main() -> None:
    """Run the command."""
    app()


def _welcome(address: str, *, open_mode: bool, database: str) -> None:
    who = (
        "Everybody on this machine may edit. Open the address in two windows and write together."
        if open_mode
        else f"Every door asks for an access token. `collab token USER` makes one to try it with: {escape(address)}/#token=…"
    )
    output.print(f"\n  [bold]Collab[/] serves on [bold cyan]{escape(address)}[/]", soft_wrap=True)
    output.print(f"  {who}\n  Documents are kept in {escape(database)}. Stop with Ctrl-C.\n", soft_wrap=True)
