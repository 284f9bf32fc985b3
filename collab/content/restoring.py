"""Taking a document back to what it was: as one more edit, so that nothing in its history is lost.

What was deleted since is written anew, where it stood; what was written since is deleted; what was there all the time keeps its ids, so
that whatever points at it (comments, cursors, an undo) still does.
"""

from collections.abc import Iterator

from collab.content.sequences import Branch, Item, Structure
from collab.protocol.items import EncodedItem, Id, Parent, write_encoded_items, write_item


def restoring(current: bytes, version: bytes, client: int) -> bytes:
    """Return the update that gives a document the content it had in a version, which is an earlier state of it.

    Its items are this client's, who has never written in the document. Raises `UpdateError` and `ContentError` as `Structure` does.
    """
    writer = _Writer(Structure(current), Structure(version), client)
    writer.restore()
    return writer.update()


class _Writer:
    def __init__(self, current: Structure, version: Structure, client: int) -> None:
        if client in current.clients:
            raise ValueError(f"client {client} has written in the document")
        self._current = current
        self._version = version
        self._client = client
        self._items: list[bytes] = []
        """Written at once: as many objects as a large document has items would keep the garbage collector busy."""
        self._clock = 0
        self._deletions: dict[int, list[tuple[int, int]]] = {}

    def update(self) -> bytes:
        return write_encoded_items(Id(self._client, 0), self._items, self._deletions)

    def restore(self) -> None:
        pairs = [
            (branch, self._version.roots.get(name, Branch())) for name, branch in sorted(self._current.roots.items())
        ]
        while pairs:
            branch, before = pairs.pop()
            pairs += self._restore_sequence(branch)
            pairs += self._restore_entries(branch, before)

    def _restore_sequence(self, branch: Branch) -> Iterator[tuple[Branch, Branch]]:
        for item in branch:
            for was in self._version.pieces(item.client, item.clock, item.end):
                start, end = max(was.clock, item.clock), min(was.end, item.end)
                if item.deleted and not was.deleted:
                    self._write_anew(was, start, end, behind=item)
                elif not item.deleted and was.deleted:
                    self._delete(item, start, end)
                elif item.child is not None and was.child is not None:
                    yield item.child, was.child
            if not item.deleted:
                self._delete(item, max(item.clock, self._version.reach(item.client)), item.end)

    def _restore_entries(self, branch: Branch, before: Branch) -> Iterator[tuple[Branch, Branch]]:
        for key, item in sorted(branch.entries.items()):
            was = before.entries.get(key)
            if was is None or was.deleted:
                if not item.deleted:
                    self._delete(item, item.clock, item.end)
            elif item.deleted or (item.client, item.end) != (was.client, was.end):
                last = Id(item.client, item.end - 1)
                self._write(was, was.end - 1, was.end, origin=last, key=key)
            elif item.child is not None and was.child is not None:
                yield item.child, was.child

    def _write_anew(self, was: Item, start: int, end: int, *, behind: Item) -> None:
        """Write what is deleted now where it stood: behind what is left of it."""
        if end < behind.end:
            following: Id | None = Id(behind.client, end)
        else:
            following = None if behind.right is None else Id(behind.right.client, behind.right.clock)
        self._write(was, start, end, origin=Id(behind.client, end - 1), right_origin=following)

    def _write(
        self,
        was: Item,
        start: int,
        end: int,
        *,
        origin: Id | None = None,
        right_origin: Id | None = None,
        parent: Parent | None = None,
        key: bytes | None = None,
    ) -> None:
        """Write a copy of these units, and of all that stood in them."""
        at = self._append(was.part(start, end), end - start, was.kind, origin, right_origin, parent, key)
        to_fill = [] if was.child is None else [(at, was.child)]
        while to_fill:
            written, branch = to_fill.pop()
            to_fill += self._fill(Parent(None, written), branch)

    def _fill(self, parent: Parent, branch: Branch) -> Iterator[tuple[Id, Branch]]:
        last: Id | None = None
        for item in branch:
            if not item.deleted:
                at = self._append_copy(item, last, parent, None)
                last = Id(at.client, at.clock + item.length - 1)
                if item.child is not None:
                    yield at, item.child
        for key, item in sorted(branch.entries.items()):
            if not item.deleted:
                at = self._append_copy(item, None, parent, key)
                if item.child is not None:
                    yield at, item.child

    def _append_copy(self, item: Item, origin: Id | None, parent: Parent, key: bytes | None) -> Id:
        return self._append(item.part(item.clock, item.end), item.length, item.kind, origin, None, parent, key)

    def _append(
        self,
        content: bytes,
        length: int,
        kind: int,
        origin: Id | None,
        right_origin: Id | None,
        parent: Parent | None,
        key: bytes | None,
    ) -> Id:
        at = Id(self._client, self._clock)
        self._items.append(write_item(EncodedItem(at, length, kind, content, origin, right_origin, parent, key)))
        self._clock += length
        return at

    def _delete(self, item: Item, start: int, end: int) -> None:
        if start < end:
            self._deletions.setdefault(item.client, []).append((start, end))
