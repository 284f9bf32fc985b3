"""What `DocumentStore` promises, kept by each adapter."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import anyio
import pytest
from anyio import create_task_group

from collab.errors import CollabError, DocumentDeleted, DocumentExists, DocumentNotFound, InvalidCursor
from collab.ports import (
    Append,
    DocumentChanges,
    DocumentKind,
    DocumentName,
    DocumentPage,
    DocumentRecord,
    DocumentStore,
    Ensured,
)
from collab.storage import Storage
from tests.contracts.edits import typed

NAME = DocumentName("notes")


@pytest.fixture
def store(storage: Storage) -> DocumentStore:
    return storage.documents


async def make(store: DocumentStore, name: str, title: str = "") -> DocumentRecord:
    return await store.create(DocumentName(name), kind=DocumentKind.YJS, title=title)


def names(page: DocumentPage) -> list[str]:
    return [record.name for record in page.documents]


async def found(store: DocumentStore, query: str) -> list[str]:
    return names(await store.page(limit=100, query=query))


async def visible(store: DocumentStore, *prefixes: str) -> set[str]:
    return set(names(await store.page(limit=100, prefixes=prefixes)))


# Records


async def test_create_returns_the_record_that_get_reads(store: DocumentStore) -> None:
    created = await store.create(NAME, kind=DocumentKind.RICH_TEXT, title="My notes")
    assert (created.name, created.title, created.kind, created.deleted_at) == (
        NAME,
        "My notes",
        DocumentKind.RICH_TEXT,
        None,
    )
    assert created.created_at == created.updated_at
    assert created.created_at.tzinfo is not None
    assert await store.get(NAME) == created


async def test_create_keeps_the_first_update_as_content(storage: Storage) -> None:
    (update,) = typed("x")
    await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=update)
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert stored.content.updates == (update,)


async def test_create_of_a_taken_name_is_refused_and_changes_nothing(storage: Storage) -> None:
    created = await make(storage.documents, NAME, "first")
    with pytest.raises(DocumentExists, match="'notes' exists already"):
        await storage.documents.create(NAME, kind=DocumentKind.YJS, title="second", update=typed("x")[0])
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert (stored.record, stored.content.updates) == (created, ())


async def test_create_of_one_name_by_many_makes_one_document(storage: Storage, other_node: Storage) -> None:
    outcomes: list[str] = []

    async def create(store: DocumentStore) -> None:
        try:
            await make(store, NAME)
        except DocumentExists:
            outcomes.append("exists")
        else:
            outcomes.append("made")

    async with create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(create, storage.documents)
            tasks.start_soon(create, other_node.documents)
    assert sorted(outcomes) == ["exists"] * 9 + ["made"]


@pytest.mark.parametrize("name", ["a", "x" * 255, "Ünïcödé 🎉 " * 20, "a/b/../c", "100%_'\";--", "a*", " spaces "])
async def test_any_name_can_be_stored_and_found(store: DocumentStore, name: str) -> None:
    created = await make(store, name)
    assert created.name == name
    assert await store.get(DocumentName(name)) == created


async def test_names_that_differ_in_case_or_composition_are_different_documents(store: DocumentStore) -> None:
    spellings = ["caf\u00e9", "cafe\u0301", "Caf\u00e9", "cafe"]
    assert len({(await make(store, name)).id for name in spellings}) == 4


async def test_change_sets_what_is_given_and_when(store: DocumentStore) -> None:
    created = await make(store, NAME, "old")
    renamed = await store.change(NAME, DocumentChanges(title="new"))
    assert renamed == replace(created, title="new", updated_at=renamed.updated_at)
    assert renamed.updated_at > created.updated_at
    retyped = await store.change(NAME, DocumentChanges(kind=DocumentKind.RICH_TEXT))
    assert (retyped.title, retyped.kind) == ("new", DocumentKind.RICH_TEXT)
    assert await store.get(NAME) == retyped


async def test_change_of_nothing_leaves_the_record_as_it_is(store: DocumentStore) -> None:
    created = await make(store, NAME, "same")
    assert await store.change(NAME, DocumentChanges()) == created
    assert await store.change(NAME, DocumentChanges(title="same")) == created
    assert await store.get(NAME) == created


USES: list[Callable[[DocumentStore], Awaitable[DocumentRecord]]] = [
    lambda store: store.get(NAME),
    lambda store: store.change(NAME, DocumentChanges(title="x")),
    lambda store: store.delete(NAME),
]


@pytest.mark.parametrize("use", USES, ids=["get", "change", "delete"])
async def test_a_name_that_never_was_cannot_be_used(
    store: DocumentStore, use: Callable[[DocumentStore], Awaitable[DocumentRecord]]
) -> None:
    with pytest.raises(DocumentNotFound, match="there is no document 'notes'"):
        await use(store)


@pytest.mark.parametrize("use", USES, ids=["get", "change", "delete"])
async def test_a_deleted_document_cannot_be_used(
    store: DocumentStore, use: Callable[[DocumentStore], Awaitable[DocumentRecord]]
) -> None:
    await make(store, NAME)
    await store.delete(NAME)
    with pytest.raises(DocumentDeleted, match="'notes' is in the trash"):
        await use(store)


# The trash


async def test_delete_tells_when_and_keeps_the_rest(store: DocumentStore) -> None:
    created = await make(store, NAME, "title")
    deleted = await store.delete(NAME)
    assert deleted.deleted_at is not None
    assert deleted.deleted_at > created.created_at
    assert replace(deleted, deleted_at=None) == created


async def test_restore_brings_the_record_and_the_content_back(storage: Storage) -> None:
    created = await make(storage.documents, NAME)
    await storage.log.append([Append(created.id, typed("kept"))])
    before = await storage.log.load(NAME)
    await storage.documents.delete(NAME)
    restored = await storage.documents.restore(NAME)
    assert restored == await storage.documents.get(NAME)
    assert await storage.log.load(NAME) == before


async def test_a_name_lives_again_while_its_predecessors_are_in_the_trash(store: DocumentStore) -> None:
    lives = []
    for number in range(3):
        lives.append((await make(store, NAME, f"life {number}")).id)
        await store.delete(NAME)
    lives.append((await make(store, NAME, "life 3")).id)
    assert len(set(lives)) == 4
    assert (await store.get(NAME)).title == "life 3"


async def test_restore_takes_the_one_deleted_last(store: DocumentStore) -> None:
    for number in range(3):
        await make(store, NAME, f"life {number}")
        await store.delete(NAME)
    assert (await store.restore(NAME)).title == "life 2"


async def test_restore_of_a_name_that_lives_is_refused(store: DocumentStore) -> None:
    await make(store, NAME, "first")
    await store.delete(NAME)
    successor = await make(store, NAME, "second")
    with pytest.raises(DocumentExists, match="'notes' exists already"):
        await store.restore(NAME)
    assert await store.get(NAME) == successor


async def test_restore_of_what_is_not_in_the_trash_says_so(store: DocumentStore) -> None:
    with pytest.raises(DocumentNotFound, match="no document 'notes' is in the trash"):
        await store.restore(NAME)


async def test_restores_of_one_name_at_once_bring_back_one(storage: Storage, other_node: Storage) -> None:
    for number in range(2):
        await make(storage.documents, NAME, f"life {number}")
        await storage.documents.delete(NAME)
    restored: list[str] = []
    refused: list[CollabError] = []

    async def restore(store: DocumentStore) -> None:
        try:
            restored.append((await store.restore(NAME)).title)
        except DocumentExists as error:
            refused.append(error)

    async with create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(restore, storage.documents)
            tasks.start_soon(restore, other_node.documents)
    assert restored == ["life 1"]
    assert len(refused) == 5


# The listing


async def test_page_lists_the_one_changed_last_first(storage: Storage) -> None:
    store = storage.documents
    first = await make(store, "first")
    await make(store, "second")
    await make(store, "third")
    await storage.log.append([Append(first.id, typed("x"))])
    await store.change(DocumentName("second"), DocumentChanges(title="changed"))
    page = await store.page(limit=10)
    assert names(page) == ["second", "first", "third"]
    assert page.next_cursor is None
    assert page.documents[0] == await store.get(DocumentName("second"))


async def test_page_of_an_empty_store_is_empty(store: DocumentStore) -> None:
    assert await store.page(limit=10) == DocumentPage((), None)


async def test_page_leaves_out_what_was_deleted(store: DocumentStore) -> None:
    await make(store, "kept")
    await make(store, "gone")
    await store.delete(DocumentName("gone"))
    assert names(await store.page(limit=10)) == ["kept"]


@pytest.mark.parametrize(("limit", "pages"), [(1, 7), (3, 3), (7, 1), (100, 1)])
async def test_pages_follow_each_other_to_the_end(store: DocumentStore, limit: int, pages: int) -> None:
    made = [(await make(store, f"document {number}")).name for number in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(pages):
        page = await store.page(limit=limit, cursor=cursor)
        seen += names(page)
        cursor = page.next_cursor
    assert seen == made[::-1]
    assert cursor is None


async def test_pages_tell_documents_of_the_same_moment_apart(storage: Storage) -> None:
    store = storage.documents
    made = [await make(store, f"document {number}") for number in range(5)]
    await storage.log.append([Append(record.id, typed("x")) for record in made])
    seen: list[str] = []
    cursor: str | None = None
    for _ in made:
        page = await store.page(limit=1, cursor=cursor)
        seen += names(page)
        cursor = page.next_cursor
    assert seen == [record.name for record in reversed(made)]


async def test_a_page_goes_on_behind_its_cursor_when_documents_came_meanwhile(store: DocumentStore) -> None:
    for name in ("a", "b", "c"):
        await make(store, name)
    first = await store.page(limit=2)
    await make(store, "d")
    assert names(first) == ["c", "b"]
    assert names(await store.page(limit=2, cursor=first.next_cursor)) == ["a"]


async def test_a_cursor_is_safe_in_a_url(store: DocumentStore) -> None:
    await make(store, "a")
    await make(store, "b")
    cursor = (await store.page(limit=1)).next_cursor
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", ["", "x", "1", "ä", "A" * 32, "\x00", "Zm9v" * 1000])
async def test_a_foreign_cursor_is_refused(store: DocumentStore, cursor: str) -> None:
    with pytest.raises(InvalidCursor, match="expected the next_cursor of an earlier page"):
        await store.page(limit=1, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_page_of_no_documents_is_refused(store: DocumentStore, limit: int) -> None:
    with pytest.raises(ValueError, match="expected 1 or more"):
        await store.page(limit=limit)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("budget", {"budget-2026"}),
        ("BUDGET", {"budget-2026"}),
        ("plan", {"budget-2026"}),
        ("übersicht", {"summary"}),
        ("ÜBERSICHT", {"summary"}),
        ("u\u0308bersicht", {"summary"}),
        ("STRASSE", {"summary"}),
        ("ŁÓDŹ", {"travel"}),
        ("100%", {"percent"}),
        ("%", {"percent"}),
        ("a_b", {"under"}),
        ("_", {"under"}),
        ("\\", {"slash"}),
        ("nothing of that kind", set()),
        ("", {"budget-2026", "summary", "travel", "percent", "under", "slash", "plain"}),
    ],
)
async def test_a_query_finds_what_contains_it_in_any_case(store: DocumentStore, query: str, expected: set[str]) -> None:
    for name, title in [
        ("budget-2026", "The Plan"),
        ("summary", "Übersicht der Straße"),
        ("travel", "Łódź"),
        ("percent", "100% sure"),
        ("under", "a_b"),
        ("slash", "a\\b"),
        ("plain", "1000 axb"),
    ]:
        await make(store, name, title)
    assert set(await found(store, query)) == expected


@pytest.mark.parametrize("query", ["\x00", "a\x00", "\ud800", "x" * 100_000])
async def test_a_query_for_what_no_document_can_hold_finds_nothing(store: DocumentStore, query: str) -> None:
    await make(store, "a", "xyz")
    assert await found(store, query) == []


async def test_a_query_finds_the_new_title_only(store: DocumentStore) -> None:
    await make(store, NAME, "before")
    await store.change(NAME, DocumentChanges(title="after"))
    assert await found(store, "before") == []
    assert await found(store, "AFTER") == [NAME]


async def test_prefixes_keep_the_names_they_match_to_the_letter(store: DocumentStore) -> None:
    for name in ("team/a", "team/b", "Team/c", "team", "t_am/d", "other", "te*m"):
        await make(store, name)
    assert await visible(store, "team/*") == {"team/a", "team/b"}
    assert await visible(store, "team") == {"team"}
    assert await visible(store, "t_*") == {"t_am/d"}
    assert await visible(store, "te**") == {"te*m"}
    assert await visible(store, "TEAM/*") == set()
    assert await visible(store, "Team/*", "other", "nobody") == {"Team/c", "other"}
    assert len(await visible(store, "*")) == 7


async def test_no_prefixes_at_all_show_nothing(store: DocumentStore) -> None:
    await make(store, NAME)
    assert await visible(store) == set()


@pytest.mark.parametrize("prefix", ["\x00", "\x00*", "\ud800*"])
async def test_a_prefix_that_no_name_can_have_shows_nothing(store: DocumentStore, prefix: str) -> None:
    await make(store, NAME)
    assert await visible(store, prefix) == set()


async def test_thousands_of_prefixes_are_taken(store: DocumentStore) -> None:
    await make(store, "room 1999/a")
    await make(store, "elsewhere")
    prefixes = [pattern for number in range(2_000) for pattern in (f"room {number}/*", f"hall {number}")]
    assert await visible(store, *prefixes) == {"room 1999/a"}


async def test_query_prefixes_and_cursor_work_together(store: DocumentStore) -> None:
    for number in range(4):
        await make(store, f"team/{number}", "Report")
        await make(store, f"other/{number}", "Report")
        await make(store, f"team/x{number}", "Letter")
    first = await store.page(limit=3, query="report", prefixes=["team/*"])
    second = await store.page(limit=3, query="report", prefixes=["team/*"], cursor=first.next_cursor)
    assert names(first) + names(second) == ["team/3", "team/2", "team/1", "team/0"]
    assert second.next_cursor is None


async def test_a_migrated_database_is_ready(store: DocumentStore) -> None:
    with anyio.fail_after(10):
        await store.ready()


async def test_documents_are_found_or_made_many_at_once(storage: Storage) -> None:
    there = await storage.documents.create(DocumentName("there"), kind=DocumentKind.RICH_TEXT, title="There")
    ensured = await storage.documents.ensure([DocumentName("new"), DocumentName("there"), DocumentName("other")])
    assert {name: each.is_new for name, each in ensured.items()} == {"new": True, "there": False, "other": True}
    assert ensured[DocumentName("there")].record == there
    made = await storage.documents.get(DocumentName("new"))
    assert ensured[DocumentName("new")].record == made
    assert (made.title, made.kind) == ("new", DocumentKind.YJS)
    page = await storage.documents.page(limit=9, query="NEW")
    assert [each.name for each in page.documents] == ["new"]


async def test_none_is_made_beside_one_in_the_trash(storage: Storage) -> None:
    gone = DocumentName("gone")
    await storage.documents.create(gone, kind=DocumentKind.YJS, title="")
    await storage.documents.delete(gone)
    with pytest.raises(DocumentDeleted, match="'gone' is in the trash"):
        await storage.documents.ensure([DocumentName("new"), gone])
    with pytest.raises(DocumentNotFound):
        await storage.documents.get(DocumentName("new"))
    successor = await storage.documents.create(gone, kind=DocumentKind.YJS, title="")
    assert (await storage.documents.ensure([gone]))[gone].record == successor


async def test_of_nodes_that_make_the_same_documents_at_once_one_makes_each(
    storage: Storage, other_node: Storage
) -> None:
    names = [DocumentName(f"{number}") for number in range(20)]
    found: list[Mapping[DocumentName, Ensured]] = []

    async def ensure(node: Storage, wanted: list[DocumentName]) -> None:
        found.append(await node.documents.ensure(wanted))

    async with create_task_group() as tasks:
        tasks.start_soon(ensure, storage, names)
        tasks.start_soon(ensure, other_node, names[::-1])
    one, other = found
    assert all(one[name].record == other[name].record for name in names)
    assert all(one[name].is_new != other[name].is_new for name in names)
