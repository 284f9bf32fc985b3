"""The `collab` command."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum, auto
from pathlib import Path
from typing import Annotated, Any

import jwt
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from collab.errors import CollabError, SettingsError
from collab.log_output import log_to_stderr
from collab.serving import loop_factory, serve_until_stopped
from collab.settings import Settings
from collab.storage import migrate

app = typer.Typer(
    name="collab",
    help="A self-hosted server for documents that many people edit at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
output = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

Bind = Annotated[str | None, typer.Option(help="Address and port.", show_default="127.0.0.1:8000")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="SQLAlchemy URL of the database.", show_default="SQLite in the data directory")
]
DataDir = Annotated[Path | None, typer.Option(help="Where the SQLite database lies.", show_default="./data")]


@app.command()
def serve(bind: Bind = None, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Serve documents and the editor. Every option is also an environment variable: COLLAB_BIND and so on."""
    settings = _settings(bind=bind, database_url=database_url, data_dir=data_dir)
    log_to_stderr(settings.log_level)
    _run(lambda: serve_until_stopped(settings, _welcome))


@app.command(name="migrate")
def migrate_database(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date. `serve` does so by itself on SQLite."""
    settings = _settings(database_url=database_url, data_dir=data_dir)
    _run(lambda: migrate(settings.database))
    output.print("The database is up to date.")


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
    secret = _settings().secret
    if secret is None:
        raise _failed(SettingsError("COLLAB_SECRET is not set; it must be the one the server runs with"))
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


def _settings(**options: object) -> Settings:
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks each value
    except ValidationError as error:
        problems = [
            f"COLLAB_{str(problem['loc'][0]).upper()} is {problem['input']!r}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise _failed(SettingsError("; ".join(problems))) from None


def _failed(error: CollabError) -> typer.Exit:
    errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    return typer.Exit(2 if isinstance(error, SettingsError) else 1)


def _run(work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Run a coroutine function; a `CollabError` is told in one line."""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(work())
    except CollabError as error:
        raise _failed(error) from None
    except ExceptionGroup as group:
        expected, unexpected = group.split(CollabError)
        if expected is None or unexpected is not None:
            raise
        raise _failed(_first(expected)) from None


def _first(group: BaseExceptionGroup[CollabError]) -> CollabError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _welcome(address: str, *, open_mode: bool, database: str) -> None:
    who = (
        "Everybody on this machine may edit. Open the address in two windows and write together."
        if open_mode
        else f"Every door asks for an access token. `collab token USER` makes one to try it with: {escape(address)}/#token=…"
    )
    output.print(f"\n  [bold]Collab[/] serves on [bold cyan]{escape(address)}[/]", soft_wrap=True)
    output.print(f"  {who}\n  Documents are kept in {escape(database)}. Stop with Ctrl-C.\n", soft_wrap=True)
