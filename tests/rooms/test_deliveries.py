"""Which units were delivered by whom, kept small and written down."""

from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from collab.protocol.lib0 import Reader
from collab.rooms.deliveries import MINUTE, UNKNOWN_TIME, Deliveries, Delivery, without

ADA, BOB = 1, 2
NOON: Final = 1_783_944_000

Made = list[tuple[int, int, int, int | None, int]]
deliveries = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 40),
        st.integers(1, 20),
        st.sampled_from([None, ADA, BOB]),
        st.integers(NOON, NOON + 500),
    ),
    max_size=20,
)
"""The client, the first clock, the length, the author and the time."""

ranges = st.lists(st.integers(0, 60), max_size=8, unique=True).map(
    lambda bounds: list(zip(sorted(bounds)[::2], sorted(bounds)[1::2], strict=False))
)


def of(made: Made) -> Deliveries:
    known = Deliveries()
    for client, start, length, author, at in made:
        known.add(client, start, start + length, author, at)
    return known


def by_unit(known: Deliveries) -> dict[tuple[int, int], tuple[int | None, int]]:
    return {
        (client, clock): (delivery.author, delivery.at)
        for client, delivery in known
        for clock in range(delivery.start, delivery.end)
    }


@given(deliveries)
def test_each_unit_is_its_first_deliverers(made: Made) -> None:
    first: dict[tuple[int, int], tuple[int | None, int]] = {}
    for client, start, length, author, at in made:
        for clock in range(start, start + length):
            first.setdefault((client, clock), (author, at - at % MINUTE))
    assert by_unit(of(made)) == first


@given(deliveries, ranges)
def test_what_is_disputed_is_nobodys_and_the_rest_stands(made: Made, disputed: list[tuple[int, int]]) -> None:
    known = of(made)
    for start, end in disputed:
        known.dispute(1, start, end)
    nobodys = {(1, clock): (None, UNKNOWN_TIME) for start, end in disputed for clock in range(start, end)}
    assert by_unit(known) == by_unit(of(made)) | nobodys
    whole = [*known.within(1, 0, 100)]
    assert all(one.end <= other.start for one, other in pairwise(whole))


@given(deliveries)
def test_what_stands_side_by_side_and_is_alike_is_one_delivery(made: Made) -> None:
    for client in range(3):
        whole = [*of(made).within(client, 0, 100)]
        assert all(
            one.end < other.start or (one.end == other.start and one[2:] != other[2:]) for one, other in pairwise(whole)
        )


@given(deliveries)
def test_what_is_written_is_read_again(made: Made) -> None:
    known = of(made)
    read = Deliveries.read(Reader(known.encode()))
    assert read.encode() == known.encode()
    assert [*read] == [(client, delivery) for client in range(3) for delivery in known.within(client, 0, 100)]


@given(deliveries, ranges)
def test_what_is_forgotten_leaves_the_rest_as_it_is(made: Made, forgotten: list[tuple[int, int]]) -> None:
    known = of(made)
    known.forget(1, forgotten)
    gone = {(1, clock) for start, end in forgotten for clock in range(start, end)}
    assert by_unit(known) == {unit: deed for unit, deed in by_unit(of(made)).items() if unit not in gone}


@given(deliveries, ranges)
def test_joining_across_what_is_forgotten_takes_no_more_than_before(
    made: Made, forgotten: list[tuple[int, int]]
) -> None:
    known, before = of(made), of(made)
    known.forget(1, forgotten)
    units, gone = by_unit(known), {clock for start, end in forgotten for clock in range(start, end)}
    known.join_across(1, forgotten)
    assert units.items() <= by_unit(known).items()
    assert {clock for _, clock in by_unit(known).keys() - units.keys()} <= gone
    assert len([*known]) <= len([*before])


def test_what_somebody_types_or_takes_back_within_a_minute_is_one_delivery() -> None:
    known = Deliveries()
    for clock in (*range(20, 40), *reversed(range(20))):
        known.add(7, clock, clock + 1, ADA, NOON + clock)
    known.add(7, 40, 41, ADA, NOON + MINUTE)
    assert [*known.within(7, 0, 50)] == [Delivery(0, 40, ADA, NOON), Delivery(40, 41, ADA, NOON + MINUTE)]


def test_what_two_deliver_side_by_side_stays_apart() -> None:
    known = Deliveries()
    known.add(7, 0, 2, ADA, NOON)
    known.add(7, 2, 4, BOB, NOON)
    known.add(7, 4, 6, None, NOON)
    assert [delivery.author for delivery in known.within(7, 1, 5)] == [ADA, BOB, None]


@given(ranges, ranges)
def test_without_returns_what_is_in_none_of_the_known(
    some: list[tuple[int, int]], known: list[tuple[int, int]]
) -> None:
    left = {clock for start, end in without(some, known) for clock in range(start, end)}
    assert left == {clock for start, end in some for clock in range(start, end)} - {
        clock for start, end in known for clock in range(start, end)
    }
