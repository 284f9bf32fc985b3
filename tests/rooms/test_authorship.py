"""Who delivered what of a document, kept small and written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader
from collab.rooms.authorship import MERGED_WITHIN, Authorship, Deliveries, Delivery, fold, participants
from tests.support.peers import Peer

ADA, BOB = 1, 2

deliveries = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 40),
        st.integers(1, 20),
        st.sampled_from([None, ADA, BOB]),
        st.integers(1_700_000_000, 1_700_000_500),
    ),
    max_size=20,
)
"""The client, the first clock, the length, the author and the time."""


@given(deliveries)
def test_each_unit_is_its_first_deliverers(made: list[tuple[int, int, int, int | None, int]]) -> None:
    known = Deliveries()
    first: dict[tuple[int, int], int | None] = {}
    for client, start, length, author, at in made:
        known.add(client, start, start + length, author, at)
        for clock in range(start, start + length):
            first.setdefault((client, clock), author)
    assert first == {
        (client, clock): delivery.author
        for client in range(3)
        for delivery in known.within(client, 0, 100)
        for clock in range(delivery.start, delivery.end)
    }


@given(deliveries)
def test_what_is_written_is_read_again(made: list[tuple[int, int, int, int | None, int]]) -> None:
    known = Deliveries()
    for client, start, length, author, at in made:
        known.add(client, start, start + length, author, at)
    read = Deliveries.read(Reader(known.encode()))
    assert read.encode() == known.encode()
    for client in range(3):
        assert [*read.within(client, 0, 100)] == [*known.within(client, 0, 100)]


def test_what_somebody_types_within_a_minute_is_one_delivery() -> None:
    known = Deliveries()
    for second in (0, 10, MERGED_WITHIN - 1):
        known.add(7, second, second + 1, ADA, 1000 + second)
    assert [*known.within(7, 0, 1)] == [Delivery(0, 1, ADA, 1000)]

    together = Deliveries()
    for clock in range(3):
        together.add(7, clock, clock + 1, ADA, 1000 + 20 * clock)
    together.add(7, 3, 4, ADA, 1000 + MERGED_WITHIN)
    assert [*together.within(7, 0, 9)] == [Delivery(0, 3, ADA, 1000), Delivery(3, 4, ADA, 1000 + MERGED_WITHIN)]


def test_what_two_deliver_side_by_side_stays_apart() -> None:
    known = Deliveries()
    known.add(7, 0, 2, ADA, 1000)
    known.add(7, 2, 4, BOB, 1000)
    known.add(7, 4, 6, None, 1000)
    assert [delivery.author for delivery in known.within(7, 1, 5)] == [ADA, BOB, None]


def test_folding_in_parts_comes_to_the_same_as_folding_at_once() -> None:
    ada, bob = Peer(1), Peer(2)
    rows: list[tuple[bytes, int | None, int]] = [(ada.type("one"), ADA, 1000), (ada.type(" two"), ADA, 1010)]
    bob.hear([ada.state])
    rows += [(bob.edit(lambda peer: peer.text.__delitem__(slice(0, 3))), BOB, 2000), (bob.type("!"), None, 2001)]
    assert fold(fold(None, rows[:2]), rows[2:]) == fold(None, rows)
    known = Authorship(fold(None, rows))
    assert [*known.deleted.within(1, 0, 7)] == [Delivery(0, 3, BOB, 2000)]


def test_participants_are_those_who_wrote_or_deleted_between_two_states() -> None:
    ada, bob = Peer(1), Peer(2)
    known = Authorship()
    known.add(ada.type("one"), ADA, 1000)
    before = ada.state
    bob.hear([before])
    known.add(bob.edit(lambda peer: peer.text.__delitem__(slice(0, 1))), BOB, 2000)
    assert participants(known, None, before) == {ADA}
    assert participants(known, before, bob.state) == {BOB}
    assert participants(known, bob.state, bob.state) == set()


@pytest.mark.parametrize("encoded", [b"", b"\x02\x00\x00", b"\x01\x01\x07\xff\xff\x03", b"\x01\x00\x00\x00"])
def test_what_it_never_wrote_is_refused(encoded: bytes) -> None:
    with pytest.raises(ProtocolError):
        Authorship(encoded)
