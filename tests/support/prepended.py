"""Letters that somebody typed each before the one before."""

from collections.abc import Sequence
from itertools import cycle, islice

from pycrdt import Doc, Text


def prepended(client_id: int, count: int, *, root: str = "mallory", known: Sequence[bytes] = ()) -> bytes:
    """Return an update of so many structs, put before what is in the updates that are known."""
    document: Doc[Text] = Doc(client_id=client_id)
    for update in known:
        document.apply_update(update)
    text, before = document.get(root, type=Text), document.get_state()
    with document.transaction():
        for letter in islice(cycle("ab"), count):
            text.insert(0, letter)
    return document.get_update(before)
