"""Small documents as Yjs updates, and how many rows of a log it takes to fold them."""

from collections.abc import Iterable
from functools import cache

from pycrdt import Doc, Text, TransactionEvent

from collab.ports import DocumentId, UpdateLog


@cache
def typed(text: str, *, root: str = "text") -> tuple[bytes, ...]:
    """Return the updates of somebody who types this text; always the same ones."""
    document = Doc[Text](client_id=1)
    shared = document.get(root, type=Text)
    updates: list[bytes] = []

    def keep(event: TransactionEvent) -> None:
        updates.append(event.update)

    subscription = document.observe(keep)
    for character in text:
        shared += character
    document.unobserve(subscription)
    return tuple(updates)


def text_of(updates: Iterable[bytes]) -> str:
    """Return the text that these updates make."""
    document = Doc[Text]()
    for update in updates:
        document.apply_update(update)
    return str(document.get("text", type=Text))


async def rows_freed(log: UpdateLog, document: DocumentId) -> int:
    """Compact a log and return how many rows that freed."""
    outcome = await log.compact(document)
    return 0 if outcome is None else outcome.freed
