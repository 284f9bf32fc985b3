"""Documents that are deleted while somebody has them open here, by this process or by another one on the same database."""

from collections.abc import Mapping

from collab.errors import CorruptDocument, DocumentDeleted, DocumentNotFound
from collab.hub.live_room import LiveRoom
from collab.hub.opening import Opening, was_deleted
from collab.ports import DocumentId, DocumentName, DocumentStore


def part_with_all(live: LiveRoom) -> None:
    """End every session of a room whose document was deleted. What they wrote stays in its log, in the trash."""
    live.flush()
    live.close(was_deleted(live.name))


class Deletions:
    """Ends the sessions of documents that were deleted elsewhere."""

    def __init__(
        self,
        documents: DocumentStore,
        rooms: Mapping[DocumentName, LiveRoom],
        openings: Mapping[DocumentName, Opening],
    ) -> None:
        """`rooms` and `openings` are those that there are at each moment."""
        self._documents = documents
        self._rooms = rooms
        self._openings = openings

    async def look_over(self, deleted: frozenset[DocumentId] | None) -> None:
        """Part with everybody who has one of these documents open, or with `None` any, that is in the trash now.

        One that was restored meanwhile, as nobody here has noticed, goes on. Raises `DatabaseUnavailable`; to be repeated then.
        """
        for opening in self._openings.values():
            opening.deleted |= deleted or frozenset()
        for name, live in tuple(self._rooms.items()):
            if live.record is None or not (deleted is None or live.record.id in deleted):
                continue
            if not await self._lives(name, live.record.id) and not live.closed:
                part_with_all(live)

    async def _lives(self, name: DocumentName, document: DocumentId) -> bool:
        try:
            return (await self._documents.get(name)).id == document
        except (DocumentDeleted, DocumentNotFound):
            return False
        except CorruptDocument:  # which is no reason to part with anybody
            return True
