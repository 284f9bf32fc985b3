"""`collab export` and `import`: a whole server as plain files, and back, bit for bit."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from sqlalchemy import select, update

from collab.ports import (
    Act,
    Append,
    AuditAction,
    AuditFilter,
    DocumentKind,
    DocumentName,
    NewKey,
    NewLink,
    ProviderVisit,
    Role,
    Ticket,
    TicketKind,
    VersionKind,
    Workspace,
    WorkspaceName,
)
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.storage import Storage, migrate, open_storage
from collab.storage.counters import read_counters
from collab.storage.database import Database, open_database
from collab.storage.records import utc_now
from collab.storage.tables import metadata, snapshots
from tests.commands.conftest import Collab
from tests.contracts.edits import text_of, typed
from tests.contracts.postgres import own_database
from tests.support.poison import POISON, victim_state

NAMES = ("notes", "../../etc/passwd", "a/b/c", ".", "..", "*", "ümläut ✓ 𝄞", "CON", "-rf", "x" * 255)


async def fill(storage: Storage, database: Database) -> None:
    """Put something into every table."""
    for name in NAMES:
        record = await storage.documents.create(
            DocumentName(name), kind=DocumentKind.YJS, title=f"Title of {name}", update=typed("abc")[0]
        )
        note = CreditNote(Units(8, 0, 3), Standing.OPEN)
        claim = Claim(7, Author("ada", "Ada"))
        await storage.log.append([Append(record.id, typed("abc"), claims=(claim,), credit_notes=(note,))])
        await storage.shares.set_member(record.id, "bob", Role.EDITOR, granted_by="ada")
    account = await storage.accounts.create(email="ada@example.org", name="Ada", password_hash="kept", admin=True)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await storage.sessions.open(account.id, b"secret", agent="Browser", address=None, expires_at=tomorrow)
    ticket = Ticket(TicketKind.INVITATION, None, None, admin=False, expires_at=tomorrow)
    await storage.tickets.issue(ticket, b"secret", issued_by=account.user_id)
    await storage.identities.link(account.id, "https://id.example.org", "ada", "ada@example.org")
    await storage.visits.begin(ProviderVisit("/d/notes", None, link=False), b"secret", expires_at=tomorrow)
    new_link = NewLink(
        "cl_secret", Role.READER, guests=True, password_hash="kept", created_by=account.user_id, expires_at=tomorrow
    )
    await storage.links.create(record.id, new_link, b"\x01" * 32)
    new_key = NewKey(
        "backend",
        account.user_id,
        {"team/*": Role.EDITOR},
        admin=False,
        created_by=account.user_id,
        expires_at=tomorrow,
    )
    await storage.keys.create(new_key, b"secret")
    team = Workspace(WorkspaceName("team"), "Team", Role.EDITOR, account.user_id, utc_now())
    await storage.workspaces.create(team)
    await storage.workspaces.set_member(team.name, "bob", None, granted_by=account.user_id)
    await storage.audit.add(Act(AuditAction.SIGN_IN, account.user_id, "127.0.0.1", details={"a": "b"}))
    await storage.versions.take(record.id, VersionKind.NAMED, name="Draft", author=Author("ada", "Ada"))
    await storage.log.compact(record.id)
    await storage.log.append([Append(record.id, typed("abcdef"))])
    await damage_authorship(database)
    await storage.log.compact(record.id)
    await storage.log.append([Append(record.id, typed("abcdef")[5:])])
    await storage.documents.delete(DocumentName("notes"))
    poisoned = await storage.documents.create(
        DocumentName("notes"), kind=DocumentKind.RICH_TEXT, title="again", update=victim_state()
    )
    await storage.log.append([Append(poisoned.id, (POISON,))])
    (flaw,) = await storage.inspection.inspect(poisoned.id)
    await storage.inspection.cut(poisoned.id, [flaw.row or 0])


async def damage_authorship(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(update(snapshots).values(authorship=b"other bytes"))


async def rows_of(database: Database) -> dict[str, Sequence[Any]]:
    async with database.reading() as connection:
        return {
            table.name: list(await connection.execute(select(table).order_by(*table.primary_key)))
            for table in metadata.sorted_tables
        }


@asynccontextmanager
async def target_of(kind: str, tmp_path: Path, postgres_server: str) -> AsyncIterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/target.db"
    else:
        async with own_database(postgres_server) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def target_url(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: str) -> AsyncIterator[str]:
    """A place to import into, of each kind."""
    async with target_of(request.param, tmp_path, postgres_server) as url:
        yield url


@pytest.fixture
async def other_url(database_url: str, tmp_path: Path, postgres_server: str) -> AsyncIterator[str]:
    """A place to import into, of the other kind than what is exported."""
    kind = "postgresql" if database_url.startswith("sqlite") else "sqlite"
    async with target_of(kind, tmp_path, postgres_server) as url:
        yield url


async def test_every_table_comes_back_bit_for_bit(
    collab: Collab, storage: Storage, database: Database, database_url: str, target_url: str, tmp_path: Path
) -> None:
    await fill(storage, database)
    before = await rows_of(database)
    async with database.reading() as original:
        counters = await read_counters(original)
    assert all(before.values()), "a table has no rows; `fill` must put some there"

    exported = await to_thread.run_sync(collab, "export", tmp_path / "out", "--database-url", database_url)
    imported = await to_thread.run_sync(collab, "import", tmp_path / "out", "--database-url", target_url)

    assert (exported.returncode, exported.stderr, imported.returncode, imported.stderr) == (0, "", 0, "")
    count = sum(map(len, before.values()))
    assert imported.stdout == f"{len(NAMES) + 1} documents imported, {count} rows in all.\n"
    async with open_database(target_url) as target:
        after = await rows_of(target)
        own = after["audit_log"][-1:]
        assert {**after, "audit_log": after["audit_log"][:-1]} == before
        async with target.reading() as connection:
            assert await read_counters(connection) == {**counters, "audit_log": counters["audit_log"] + 1}
    assert [row.action for row in own] == ["database-imported"]
    assert len(files_in(tmp_path / "out")) == count_in(tmp_path / "out") - 1 == len(NAMES) + 2


async def test_an_imported_server_goes_on_counting(
    storage: Storage, database: Database, collab: Collab, database_url: str, other_url: str, tmp_path: Path
) -> None:
    await fill(storage, database)
    await to_thread.run_sync(collab, "export", tmp_path / "out", "--database-url", database_url)
    await to_thread.run_sync(collab, "import", tmp_path / "out", "--database-url", other_url)

    async with open_storage(other_url) as target:
        record = await target.documents.create(
            DocumentName("new"), kind=DocumentKind.YJS, title="", update=typed("x")[0]
        )
        stored = await target.log.load(DocumentName("new"))

    assert record.id == len(NAMES) + 2
    assert stored is not None
    assert text_of(stored.content.updates) == "x"


async def test_ids_of_rows_that_are_gone_are_not_given_again_after_an_import(
    storage: Storage, collab: Collab, database_url: str, other_url: str, tmp_path: Path
) -> None:
    record = await storage.documents.create(
        DocumentName("notes"), kind=DocumentKind.YJS, title="", update=victim_state()
    )
    await storage.log.append([Append(record.id, (POISON,))])
    (cut,) = await storage.inspection.inspect(record.id)
    await storage.inspection.cut(record.id, [cut.row or 0])
    await storage.log.compact(record.id)
    version = await storage.versions.take(record.id, VersionKind.NAMED, name="Draft")
    assert version is not None
    await storage.versions.delete(record.id, version.id)
    await to_thread.run_sync(collab, "export", tmp_path / "out", "--database-url", database_url)
    await to_thread.run_sync(collab, "import", tmp_path / "out", "--database-url", other_url)

    async with open_storage(other_url) as target:
        await target.log.append([Append(record.id, (POISON,))])
        (flaw,) = await target.inspection.inspect(record.id)
        await target.inspection.cut(record.id, [flaw.row or 0])
        next_version = await target.versions.take(record.id, VersionKind.NAMED, name="Draft")

    assert (cut.row, flaw.row) == (2, 3)
    assert next_version is not None
    assert next_version.id == version.id + 1


async def test_an_export_that_counts_nothing_goes_on_behind_its_last_rows(
    collab: Collab, exported: Path, tmp_path: Path
) -> None:
    manifest = exported / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "counters": {}}))
    url = f"sqlite:///{tmp_path}/new.db"
    await to_thread.run_sync(collab, "import", exported, "--database-url", url)

    async with open_storage(url) as target:
        record = await target.documents.create(DocumentName("new"), kind=DocumentKind.YJS, title="")

    assert record.id == len(NAMES) + 2


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE updates SET created_at = 'then' WHERE id = 3",
            "updates cannot be exported: row 3: its created_at cannot be read: ",
        ),
        ("UPDATE documents SET title = x'ff'", "documents cannot be exported: the row of id 1: its title is b'\\xff'"),
        ("UPDATE documents SET name = x'ff' WHERE id = 1", "the row of id 1: its name is b'\\xff'; expected no bytes"),
        ("UPDATE documents SET name = CAST(x'ff' AS TEXT) WHERE id = 1", "row 1: its name cannot be read: Could not"),
        (
            "UPDATE authors SET user_id = CAST(x'ff' AS TEXT) WHERE id = 1",
            "authors cannot be exported: row 1: its user_id cannot be read: Could not decode",
        ),
        (
            "UPDATE claims SET client_id = CAST(x'ff' AS TEXT) WHERE rowid = 1",
            "claims cannot be exported: row 1: its client_id cannot be read: Could not decode",
        ),
        *(
            (
                f"UPDATE {table} SET {column} = 'abcd'",
                f"{table} cannot be exported: the row of {row}: its {column} is a stored str; expected bytes",
            )
            for table, column, row in (
                ("updates", "content", "id 1"),
                ("snapshots", "state", "document_id 10"),
                ("snapshots", "authorship", "document_id 10"),
                ("versions", "state", "id 1"),
                ("quarantined_updates", "content", "update_id 49"),
                ("quarantined_authorship", "authorship", "id 1"),
            )
        ),
        ("UPDATE updates SET content = 7", "the row of id 1: its content is a stored int; expected bytes"),
        (
            "UPDATE versions SET participants = '[1e400]'",
            "versions cannot be exported: the row of id 1: Out of range float values",
        ),
    ],
    ids=[
        *("time", "bytes", "name of bytes", "name", "author", "claim"),
        *("update", "snapshot", "authorship", "version", "cut update", "authorship set aside", "number", "infinity"),
    ],
)
async def test_what_would_not_come_back_is_not_exported(
    collab: Collab, sqlite_url: str, tmp_path: Path, statement: str, complaint: str
) -> None:
    async with open_storage(sqlite_url) as storage, open_database(sqlite_url) as database:
        await fill(storage, database)
        async with database.writing() as connection:
            await connection.exec_driver_sql(statement)

    outcome = await to_thread.run_sync(collab, "export", tmp_path / "out", "--database-url", sqlite_url)

    assert outcome.returncode == 1
    said = " ".join(outcome.stderr.split())
    assert said.startswith("error: ")
    assert complaint in said
    assert "`collab check` names what is damaged" in said
    assert not (tmp_path / "out" / "manifest.json").exists()


OWNED = [table.name for table in metadata.sorted_tables if "document_id" in table.columns]


@pytest.mark.parametrize("table", OWNED)
async def test_a_row_that_belongs_to_no_document_is_not_left_out(
    collab: Collab, sqlite_url: str, tmp_path: Path, table: str
) -> None:
    async with open_storage(sqlite_url) as storage, open_database(sqlite_url) as database:
        await fill(storage, database)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute(f"UPDATE {table} SET document_id = 99 WHERE rowid = (SELECT max(rowid) FROM {table})")
        (row,) = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()

    outcome = await to_thread.run_sync(collab, "export", tmp_path / "out", "--database-url", sqlite_url)

    assert outcome.returncode == 1
    said = " ".join(outcome.stderr.split())
    assert f"{table} cannot be exported: row {row}: it belongs to no document; `collab check` names" in said
    assert not (tmp_path / "out").exists()


@pytest.fixture
async def exported(collab: Collab, sqlite_url: str, tmp_path: Path) -> Path:
    async with open_storage(sqlite_url) as storage, open_database(sqlite_url) as database:
        await fill(storage, database)
    await to_thread.run_sync(collab, "export", tmp_path / "out", "--database-url", sqlite_url)
    return tmp_path / "out"


def files_in(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))


def count_in(directory: Path) -> int:
    return len(list(directory.iterdir()))


async def imports_nothing(collab: Collab, directory: Path, tmp_path: Path) -> str:
    """Import into a new database; return the complaint, after it is clear that nothing came in."""
    url = f"sqlite:///{tmp_path}/new.db"
    await migrate(url)
    outcome = await to_thread.run_sync(collab, "import", directory, "--database-url", url)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("error: ")
    async with open_database(url) as database:
        assert not any((await rows_of(database)).values())
    return outcome.stderr


async def test_a_changed_file_is_named_and_nothing_is_imported(collab: Collab, exported: Path, tmp_path: Path) -> None:
    file = files_in(exported)[-2]
    file.write_text(file.read_text().replace("Title of", "Title 0f").replace("again", "agaim"))

    assert f"{file} is not what was exported" in await imports_nothing(collab, exported, tmp_path)


async def test_a_file_cut_short_is_named_and_nothing_is_imported(
    collab: Collab, exported: Path, tmp_path: Path
) -> None:
    file = files_in(exported)[3]
    file.write_bytes(file.read_bytes()[:-40])

    assert str(file) in await imports_nothing(collab, exported, tmp_path)


async def test_a_missing_file_is_named_and_nothing_is_imported(collab: Collab, exported: Path, tmp_path: Path) -> None:
    file = files_in(exported)[0]
    file.unlink()

    assert f"{file} cannot be read" in await imports_nothing(collab, exported, tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"revision": "0001"}, "exported at revision 0001"),
        ({"format": 2}, "an export of format 2; expected 1"),
        ({"files": {}}, "names no server.jsonl"),
        (
            {"files": {name: {"sha256": "", "rows": 0} for name in ("server.jsonl", "../notes")}},
            "names the file '../notes'",
        ),
        ({"files": 1}, "is no manifest"),
        ({"counters": {"updates": -1}}, "is no manifest"),
        ({"counters": {"snapshots": 1}}, "counts ['snapshots']; expected tables that give ids"),
    ],
    ids=["revision", "format", "empty", "path", "junk", "counter", "uncounted"],
)
async def test_a_manifest_that_does_not_fit_is_refused(
    collab: Collab, exported: Path, tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    manifest = exported / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **change}))

    assert complaint in await imports_nothing(collab, exported, tmp_path)


async def test_an_export_without_manifest_is_incomplete(collab: Collab, exported: Path, tmp_path: Path) -> None:
    (exported / "manifest.json").unlink()

    assert "expected a complete export" in await imports_nothing(collab, exported, tmp_path)


async def test_nothing_is_imported_beside_documents(collab: Collab, exported: Path, sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:
        before = await rows_of(database)

        outcome = await to_thread.run_sync(collab, "import", exported, "--database-url", sqlite_url)

        assert outcome.returncode == 1
        assert "has access_changes; expected an empty database" in outcome.stderr
        assert await rows_of(database) == before


async def test_an_export_and_an_import_are_in_the_audit_log(
    collab: Collab, exported: Path, sqlite_url: str, other_url: str, tmp_path: Path
) -> None:
    rows = sum(entry["rows"] for entry in json.loads((exported / "manifest.json").read_text())["files"].values())

    await to_thread.run_sync(collab, "import", exported, "--database-url", other_url)
    refused = await to_thread.run_sync(collab, "export", exported, "--database-url", other_url)

    assert await last_act(sqlite_url) == Act(AuditAction.DATABASE_EXPORTED, "", details={"how": "export"})
    assert refused.returncode == 1
    told = {"documents": str(len(NAMES) + 1), "rows": str(rows)}
    assert await last_act(other_url) == Act(AuditAction.DATABASE_IMPORTED, "", details=told)


async def last_act(url: str) -> Act:
    async with open_storage(url) as storage:
        (entry,) = await storage.audit.page(AuditFilter(), limit=1)
    return entry.act


async def test_nothing_is_exported_over_anything(collab: Collab, exported: Path, sqlite_url: str) -> None:
    before = {file: file.read_bytes() for file in files_in(exported)}

    outcome = await to_thread.run_sync(collab, "export", exported, "--database-url", sqlite_url)

    assert outcome.returncode == 1
    assert "expected a directory that is not there yet" in outcome.stderr
    assert {file: file.read_bytes() for file in files_in(exported)} == before
