"""Where updates part what they build upon, and their texts with characters beyond 16 bits."""

from collections.abc import Iterator
from typing import Final

import pytest

from collab.protocol.hocuspocus import Addressed
from collab.protocol.items import EncodedItem, Id, Parent, write_items
from collab.protocol.lib0 import var_string
from collab.protocol.messages import SyncStep2, SyncUpdate
from collab.protocol.struct_reader import TEXT
from collab.protocol.surrogates import may_hold_pairs, part_texts, read_seams
from tests.protocol.recorded import FROM_CLIENTS

HALVES: Final = "\N{REPLACEMENT CHARACTER}" * 2


def text(content: str, *, origin: Id | None = None, right_origin: Id | None = None) -> bytes:
    parent = None if origin or right_origin else Parent(b"t", None)
    length = len(content.encode("utf-16-le")) // 2
    item = EncodedItem(Id(7, 3), length, TEXT, var_string(content), origin, right_origin, parent, None)
    return write_items([item], {9: [(4, 6)]})


def test_update_parts_what_stands_at_its_neighbours_and_at_the_ends_of_its_deletions() -> None:
    seams, _ = read_seams(text("a", origin=Id(1, 10), right_origin=Id(2, 20)))

    assert seams == {(1, 11), (2, 20), (9, 4), (9, 6)}


@pytest.mark.parametrize(
    ("content", "seams"), [("abc", None), ("ä語", None), ("😀", [4]), ("a😀é😀", [5, 8]), ("😀😀", [4, 6])]
)
def test_pairs_are_found_by_the_clock_of_their_second_half(content: str, seams: list[int] | None) -> None:
    _, texts = read_seams(text(content))

    assert [[clock for _, clock in found.seams()] for found in texts] == ([] if seams is None else [seams])


@pytest.mark.parametrize(
    ("parted", "expected"),
    [(set(), "a😀b😀"), ({(7, 5)}, f"a{HALVES}b😀"), ({(7, 5), (7, 8)}, f"a{HALVES}b{HALVES}"), ({(8, 5)}, "a😀b😀")],
)
def test_parted_text_keeps_its_length_in_units(parted: set[tuple[int, int]], expected: str) -> None:
    update = text("a😀b😀")

    assert part_texts(update, read_seams(update)[1], parted) == text(expected)


def recorded_updates() -> Iterator[bytes]:
    for frame in FROM_CLIENTS:
        message = frame.decode()
        said = message.message if isinstance(message, Addressed) else message
        if isinstance(said, SyncStep2 | SyncUpdate):
            yield said.update


@pytest.mark.parametrize("update", sorted(set(recorded_updates())), ids=bytes.hex)
def test_what_real_clients_write_can_be_read(update: bytes) -> None:
    _, texts = read_seams(update)

    assert part_texts(update, texts, ()) == update
    assert not texts or may_hold_pairs(update)
