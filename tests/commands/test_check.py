"""`collab check` on databases that were changed by hand: it reads everything that serving would read."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial

import pytest
from anyio import to_thread
from sqlalchemy import delete, insert, update
from typer.testing import CliRunner

from collab.cli import app
from collab.ports import Append, DocumentKind, DocumentName, VersionKind
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.storage import open_storage
from collab.storage.database import open_database
from collab.storage.records import utc_now
from collab.storage.tables import snapshots, updates
from tests.contracts.edits import typed

NAME = DocumentName("notes")


def _kept(table: str, columns: Sequence[str], source: str, changed: str, value: str) -> str:
    """Return a statement that keeps a row aside, as number 3 and with one column changed."""
    sound = {"update_id": "3", "id": "3", "cut_at": "created_at", "checksum": "0"}
    values = ", ".join(value if column == changed else sound.get(column, column) for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}, document_id) SELECT {values}, 1 FROM {source}"


CUT = ("update_id", "content", "checksum", "created_at", "cut_at", "author_id")
SET_ASIDE = ("id", "number", "authorship", "checksum", "cut_at")

DAMAGES = {
    "kind": (
        "UPDATE documents SET kind = 'banana'",
        "its record: the document 'notes' is of kind 'banana'",
        False,
    ),
    "title": (
        "UPDATE documents SET title = x'ff'",
        "its record: its title is b'\\xff'; expected text",
        True,
    ),
    "no text": (
        "UPDATE documents SET title = CAST(x'ff' AS TEXT)",
        "its record: its title cannot be read: Could not decode",
        False,
    ),
    "name": (
        "UPDATE documents SET name = CAST(x'ff' AS TEXT) WHERE id = 1",
        "'(id 1)': its record: its name cannot be read: Could not",
        False,
    ),
    "name of bytes": (
        "UPDATE documents SET name = x'ff' WHERE id = 1",
        "its record: the document with id 1 has the name b'\\xff'",
        False,
    ),
    "deleted at": (
        "UPDATE documents SET deleted_at = 'then' WHERE id = 1",
        "(in the trash): its record: its deleted_at cannot be read: ",
        False,
    ),
    "created at": (
        "UPDATE updates SET created_at = 'then' WHERE id = 5",
        "row 5: its created_at cannot be read: ",
        False,
    ),
    "content": (
        "UPDATE updates SET content = 'text' WHERE id = 5",
        "row 5: row 5 of its log: a stored str came; expected bytes",
        False,
    ),
    **{
        f"checksum that is {value}": (
            f"UPDATE updates SET checksum = {value} WHERE id = 5",
            f"row 5: row 5 of its log has the checksum {said}; expected a number",
            False,
        )
        for value, said in (("'zzz'", "'zzz'"), ("1.5", "1.5"), ("x'ff'", "b'\\xff'"))
    },
    "snapshot's time": (
        "UPDATE snapshots SET created_at = 7",
        "its snapshot: its created_at cannot be read: ",
        False,
    ),
    "snapshot": (
        "UPDATE snapshots SET state = x'00'",
        "its snapshot: the snapshot has the checksum",
        False,
    ),
    "authorship": (
        "UPDATE snapshots SET authorship = x'01deadbeef'",
        "who wrote its snapshot: the record of who wrote",
        True,
    ),
    "no authorship": ("UPDATE snapshots SET authorship = NULL", "who wrote its snapshot: a stored NoneType came", True),
    "authorship from before checksums": (
        "UPDATE snapshots SET authorship = x'01deadbeef', authorship_checksum = NULL",
        "who wrote its snapshot: a compressed snapshot cannot be read",
        True,
    ),
    "empty authorship from before checksums": (
        "UPDATE snapshots SET authorship = x'', authorship_checksum = NULL",
        "who wrote its snapshot: an encoding None came",
        True,
    ),
    "junk authorship from before checksums": (
        "UPDATE snapshots SET authorship = x'0001ff', authorship_checksum = NULL",
        "who wrote its snapshot: ",
        True,
    ),
    "authors": (
        "DELETE FROM authors",
        "author 1: not in the table `authors`, and named by its snapshot, row 5, the claim on client 7",
        True,
    ),
    "author's user": (
        "UPDATE authors SET user_id = CAST(x'e16e6e' AS TEXT)",
        "author 1: its user_id cannot be read: Could not decode",
        True,
    ),
    "author's name": (
        "UPDATE authors SET name = x'ff'",
        "author 1: its name is b'\\xff'; expected text, and named by",
        True,
    ),
    "author whom no document names": (
        "INSERT INTO authors (user_id, name) VALUES ('bob', x'ff')",
        "author 2: its name is b'\\xff'; expected text 1 of 2 documents do not load",
        True,
    ),
    "search text": (
        "UPDATE documents SET search_text = x'ff' WHERE id = 1",
        "its record: its search_text is b'\\xff'; expected text",
        True,
    ),
    "search text that is none": (
        "UPDATE documents SET search_text = CAST(x'ff' AS TEXT) WHERE id = 1",
        "its record: its search_text cannot be read: Could not",
        True,
    ),
    "snapshot's number": (
        "UPDATE snapshots SET number = x'ff'",
        "its snapshot: its number is b'\\xff'; expected a number",
        True,
    ),
    "row's author": (
        "UPDATE updates SET author_id = x'00ff' WHERE id = 5",
        "author b'\\x00\\xff': not in the table `authors`, and named by row 5",
        True,
    ),
    "claim's client": (
        "UPDATE claims SET client_id = x'00ff'",
        "the claim on client b'\\x00\\xff': its client_id is",
        True,
    ),
    "claim's client that is no text": (
        "UPDATE claims SET client_id = CAST(x'ff' AS TEXT)",
        "row 1 of `claims`: its client_id cannot be read: Could not",
        True,
    ),
    "claim's author": (
        "UPDATE claims SET author_id = x'00ff'",
        "the claim on client 7: its author_id is b'\\x00\\xff'; expected a",
        True,
    ),
    "claim's author that is no text": (
        "UPDATE claims SET author_id = CAST(x'ff' AS TEXT)",
        "row 1 of `claims`: its author_id cannot be read: Could not",
        True,
    ),
    **{
        f"credit note's {column}": (
            f"UPDATE credit_notes SET {column} = x'00ff'",
            f": its {column} is b'\\x00\\xff'; expected a number",
            True,
        )
        for column in ("client_id", "first_clock", "end_clock", "author_id")
    },
    **{
        f"credit note's {column} that is no text": (
            f"UPDATE credit_notes SET {column} = CAST(x'ff' AS TEXT)",
            f"row 1 of `credit_notes`: its {column} cannot be read:",
            True,
        )
        for column in ("client_id", "first_clock", "end_clock", "author_id")
    },
    **{
        f"cut update's {column}": (
            _kept("quarantined_updates", CUT, "updates WHERE id = 5", column, value),
            f"'notes': row 3 of `quarantined_updates`: its {column} {said}",
            True,
        )
        for column, value, said in (
            ("content", "'abc'", "is a stored str; expected bytes"),
            ("checksum", "x'00ff'", "is b'\\x00\\xff'; expected a number"),
            ("created_at", "'zzz'", "cannot be read: "),
            ("cut_at", "'zzz'", "cannot be read: "),
            ("author_id", "x'00ff'", "is b'\\x00\\xff'; expected a number"),
        )
    },
    **{
        f"{column} of authorship set aside": (
            _kept("quarantined_authorship", SET_ASIDE, "snapshots", column, value),
            f"'notes': row 3 of `quarantined_authorship`: its {column} {said}",
            True,
        )
        for column, value, said in (
            ("number", "x'00ff'", "is b'\\x00\\xff'; expected a number"),
            ("authorship", "'abc'", "is a stored str; expected bytes"),
            ("cut_at", "'zzz'", "cannot be read: "),
        )
    },
    "version's author that is no number": (
        "UPDATE versions SET author_id = x'00ff'",
        "version 1: it names the authors [b'\\x00\\xff'], who are not in",
        True,
    ),
    "version's kind": (
        "UPDATE versions SET kind = 'banana'",
        "version 1: its kind is 'banana'; expected one of automatic",
        True,
    ),
    "version's document's kind": (
        "UPDATE versions SET document_kind = 'banana'",
        "version 1: its document_kind is 'banana'; expected",
        True,
    ),
    "version's time": (
        "UPDATE versions SET created_at = 'then'",
        "version 1: its created_at cannot be read: ",
        True,
    ),
    "version's name": ("UPDATE versions SET name = x'00'", "version 1: its name is b'\\x00'; expected text", True),
    "participants": (
        "UPDATE versions SET participants = '[oops'",
        "version 1: its participants cannot be read: ",
        True,
    ),
    "no list": ("UPDATE versions SET participants = '{}'", "version 1: its participants are {}; expected a list", True),
    "version's author": (
        "UPDATE versions SET author_id = 9",
        "version 1: it names the authors [9], who are not in",
        True,
    ),
}
"""Statements that SQLite lets through, what `check` says then, and whether the document is served all the same."""


@pytest.mark.parametrize(("statement", "complaint", "loads"), DAMAGES.values(), ids=DAMAGES)
async def test_whatever_serving_would_read_is_read_and_the_other_documents_are_gone_through(
    sqlite_url: str, statement: str, complaint: str, loads: bool
) -> None:
    ada = Author("ada", "Ada")
    async with open_storage(sqlite_url) as storage, open_database(sqlite_url) as database:
        first = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
        second = await storage.documents.create(DocumentName("second"), kind=DocumentKind.YJS, title="")
        note = CreditNote(Units(7, 90, 91), Standing.CREDITED, ada)
        await storage.log.append([Append(first.id, typed("abc"), (ada,) * 3, (Claim(7, ada),), (note,))])
        await storage.versions.take(first.id, VersionKind.NAMED, name="Draft", author=ada)
        await storage.log.compact(first.id)
        await storage.log.append([Append(second.id, (b"\x00\x00",)), Append(first.id, typed("abcd")[3:], (ada,))])
        async with database.writing() as connection:
            await connection.execute(update(updates).where(updates.c.id == 4).values(content=b"other bytes"))
            await connection.exec_driver_sql(statement)

    outcome = await to_thread.run_sync(partial(CliRunner().invoke, app, ["check", "--database-url", sqlite_url]))

    said = " ".join(outcome.stderr.split())
    assert outcome.exit_code == 1
    assert complaint in said
    assert "'second': row 4: row 4 of its log has the checksum" in said
    assert f"{1 if loads else 2} of 2 documents do not load" in said


async def test_what_helps_is_said(sqlite_url: str) -> None:
    async with open_storage(sqlite_url) as storage, open_database(sqlite_url) as database:
        record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("a")[0])
        await storage.log.compact(record.id)
        async with database.writing() as connection:
            await connection.execute(update(snapshots).values(state=b"other bytes"))
    check = partial(CliRunner().invoke, app, ["check", "--database-url", sqlite_url])

    of_snapshot = (await to_thread.run_sync(check)).stderr
    async with open_database(sqlite_url) as database, database.writing() as connection:
        await connection.execute(delete(snapshots))
        await connection.execute(
            insert(updates).values(document_id=record.id, content=b"junk", checksum=0, created_at=utc_now())
        )
    of_row = (await to_thread.run_sync(check)).stderr

    assert "go back to a backup or an export" in of_snapshot
    assert "collab cut" not in of_snapshot
    assert "collab cut" in of_row
    assert "backup" not in of_row


async def test_rows_that_belong_to_no_document_are_named_and_hide_no_other_flaw(sqlite_url: str) -> None:
    async with open_storage(sqlite_url) as storage:
        for name in ("notes", "second"):
            record = await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="")
            await storage.log.append([Append(record.id, typed("ab"), claims=(Claim(7, Author("ada", "Ada")),))])
            await storage.versions.take(record.id, VersionKind.NAMED, name="Draft")
        await storage.log.compact(record.id)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("UPDATE claims SET document_id = 99 WHERE document_id = 1")
        connection.execute("UPDATE updates SET document_id = x'ff' WHERE id = 2")
        connection.execute("UPDATE snapshots SET state = x'00'")
        connection.execute("UPDATE versions SET state = x'00' WHERE document_id = 2")

    outcome = await to_thread.run_sync(partial(CliRunner().invoke, app, ["check", "--database-url", sqlite_url]))

    said = " ".join(outcome.stderr.split())
    assert outcome.exit_code == 1
    assert "row 1 of `claims`: it belongs to no document" in said
    assert "row 2 of `updates`: it belongs to no document" in said
    assert "2 rows in all of no document" in said
    assert "'second': its snapshot: the snapshot has the checksum" in said
    assert "'second': version 2: its state has the checksum" in said
    assert "'notes'" not in said
