"""The commands that look after what is stored: check every document, fold logs, and cut out what keeps a document from loading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.progress import Progress

from collab.errors import CollabError, DocumentNotFound
from collab.ports import THIS_MACHINE, Act, AuditAction
from collab.storage import Inspection, open_storage
from collab.storage.flaws import Flaw, FlawedVersion
from collab.storage.inspection import StoredName
from collab.storage.orphans import Orphan


@dataclass(frozen=True, slots=True)
class Flawed:
    """A document of which something is wrong, and what."""

    document: StoredName
    flaws: tuple[Flaw, ...]

    @property
    def loads(self) -> bool:
        """Whether it is served all the same."""
        return not any(flaw.keeps_from_loading for flaw in self.flaws)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at everything found."""

    documents: int
    flawed: tuple[Flawed, ...]
    flawed_versions: tuple[tuple[StoredName, FlawedVersion], ...]
    flawed_authors: Mapping[int, str]
    """What is wrong with rows of `authors`, by number."""

    orphans: tuple[Orphan, ...]
    """Rows that belong to no document."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.flawed or self.flawed_versions or self.flawed_authors or self.orphans)


@dataclass(frozen=True, slots=True)
class Folded:
    """What the compaction of all logs came to."""

    documents: int
    """How many were gone through without failure."""

    rows: int
    thinned: int
    """Old versions that were deleted because they are no longer kept at their age."""

    failed: tuple[tuple[StoredName, str], ...]
    """Documents that stay as they are, and why."""

    uncredited: tuple[tuple[StoredName, str], ...]
    """Documents whose record of who wrote them was damaged and set aside, and what was wrong with it."""


async def check(url: str, progress: Progress, names: Sequence[str] = ()) -> Checked:
    """Read all that serving reads of every document and its versions, or of those of these names, all authors, and SQLite's own structures.

    Raises `StorageError` where the database itself is damaged or not ours, `DocumentNotFound` for a name that is not there.
    """
    async with open_storage(url) as storage:
        await storage.inspection.ready()
        chosen = await _chosen(storage.inspection, names)
        flawed: list[Flawed] = []
        versions: list[tuple[StoredName, FlawedVersion]] = []
        for document in progress.track(chosen, description="Checking"):
            if flaws := await storage.inspection.inspect(document.id):
                flawed.append(Flawed(document, tuple(flaws)))
            versions += [(document, flaw) for flaw in await storage.inspection.inspect_versions(document.id)]
        authors = await storage.inspection.inspect_authors()
        orphans = await storage.inspection.inspect_orphans()
    return Checked(len(chosen), tuple(flawed), tuple(versions), authors, tuple(orphans))


async def compact(url: str, progress: Progress, names: Sequence[str] = ()) -> Folded:
    """Fold the log of every document, or of those of these names, into a snapshot, and thin out its old versions.

    A running server is not disturbed.

    Raises as `check` does.
    """
    rows = thinned = 0
    failed: list[tuple[StoredName, str]] = []
    uncredited: list[tuple[StoredName, str]] = []
    async with open_storage(url) as storage:
        await storage.documents.ready()
        chosen = await _chosen(storage.inspection, names)
        for document in progress.track(chosen, description="Compacting"):
            try:
                outcome = await storage.log.compact(document.id)
            except CollabError as error:
                failed.append((document, str(error)))
            else:
                if outcome is not None:
                    rows += outcome.freed
                    if outcome.damaged_authorship is not None:
                        uncredited.append((document, outcome.damaged_authorship))
            thinned += await storage.versions.thin(document.id)
    return Folded(len(chosen) - len(failed), rows, thinned, tuple(failed), tuple(uncredited))


async def cut(url: str, name: str, rows: Sequence[int]) -> None:
    """Move rows that keep a document from loading out of its log, into a table that keeps them; the audit log says so.

    Raises `DocumentNotFound`, `CorruptDocument` for rows that are not to blame, `StorageError` for rows that are not there; then nothing is
    cut.
    """
    told = {"rows": ", ".join(map(str, sorted(set(rows))))}
    act = Act(AuditAction.ROWS_CUT, THIS_MACHINE, document=name, details=told)
    async with open_storage(url) as storage:
        await storage.documents.ready()
        lives = await _chosen(storage.inspection, [name])
        for document in lives[:-1]:
            flaws = await storage.inspection.inspect(document.id)
            if set(rows) <= {flaw.row for flaw in flaws if flaw.keeps_from_loading}:
                await storage.inspection.cut(document.id, rows, act)
                return
        await storage.inspection.cut(lives[-1].id, rows, act)


async def _chosen(inspection: Inspection, names: Sequence[str]) -> list[StoredName]:
    documents = [document async for document in inspection.documents()]
    if not names:
        return documents
    chosen = [document for document in documents if document.name in names]
    for name in names:
        if all(document.name != name for document in chosen):
            raise DocumentNotFound(f"there is no document {name!r}, not even in the trash")
    return chosen
