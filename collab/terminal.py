"""What every command does at the terminal: reads its options, runs, shows how far it is, and says in one line what went wrong."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from collab.api.paths import LARGEST_ID
from collab.errors import CollabError, SettingsError
from collab.serving import loop_factory
from collab.settings import Settings
from collab.storage import Storage, migrate, open_storage

Outcome = TypeVar("Outcome")

output = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

DatabaseUrl = Annotated[
    str | None, typer.Option(help="SQLAlchemy URL of the database.", show_default="SQLite in the data directory")
]
DataDir = Annotated[Path | None, typer.Option(help="Where the SQLite database lies.", show_default="./data")]


def row_number(text: str) -> int:
    """Read the number of a row, such as a key's or an entry's. Raises `BadParameter`, which ends the command with 2."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID)) and 1 <= int(text) <= LARGEST_ID):
        raise typer.BadParameter(f"{text!r} came; expected a number from 1 to {LARGEST_ID}")
    return int(text)


def settings_from(**options: object) -> Settings:
    """Return the settings of the environment, and of the options that were given. Ends the command where one is none."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks each value
    except ValidationError as error:
        problems = [
            f"COLLAB_{str(problem['loc'][0]).upper()} is {problem['input']!r}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise failed(SettingsError("; ".join(problems))) from None


@asynccontextmanager
async def storage_of(settings: Settings) -> AsyncIterator[Storage]:
    """Open the storage that the settings name; on SQLite its schema is brought up to date first, as `serve` does."""
    if settings.database.startswith("sqlite"):
        await migrate(settings.database)
    async with open_storage(settings.database) as storage:
        yield storage


def failed(error: CollabError) -> typer.Exit:
    """Say what went wrong; return what ends the command, with 2 for what stands in the settings, else 1."""
    errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    return typer.Exit(2 if isinstance(error, SettingsError) else 1)


def run(work: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
    """Run a coroutine function; a `CollabError` is told in one line."""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(work())
    except CollabError as error:
        raise failed(error) from None
    except ExceptionGroup as group:
        expected, unexpected = group.split(CollabError)
        if expected is None or unexpected is not None:
            raise
        raise failed(_first(expected)) from None


def _first(group: BaseExceptionGroup[CollabError]) -> CollabError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def progress_bar() -> Progress:
    """Show a bar on a terminal, and nothing where the output is read by a program."""
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows without leaving anything out: folded to the width of a terminal, else a line each with tabs between, for programs.

    What a terminal would act upon is spelt out: anybody may have typed what stands in them.
    """
    spelt = [[_spelt(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        sys.stdout.writelines("\t".join(row) + "\n" for row in (heads, *spelt))
        return
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in spelt:
        table.add_row(*map(Text, row))
    output.print(table)


def _spelt(text: str) -> str:
    return "".join(
        each if each.isprintable() else each.encode("unicode-escape", "surrogatepass").decode("ascii") for each in text
    )


def counted(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
