from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import InvalidCursor
from collab.storage.cursors import Place

LIST = "documents"
PLACE = Place(datetime(2026, 11, 22, 13, 14, 15, 161718, tzinfo=UTC), 42)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
def test_a_place_survives_its_cursor(updated_at: datetime, document: int) -> None:
    place = Place(updated_at, document)
    assert Place.decode(place.encode(LIST), LIST) == place


@given(st.text(max_size=60))
def test_text_that_no_place_wrote_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor, match="expected the next_cursor"):
        Place.decode(cursor, LIST)


@pytest.mark.parametrize("position", range(len(PLACE.encode(LIST))))
def test_a_cursor_with_another_character_is_refused(position: int) -> None:
    cursor = PLACE.encode(LIST)
    other = "A" if cursor[position] != "A" else "B"
    with pytest.raises(InvalidCursor, match="expected the next_cursor"):
        Place.decode(cursor[:position] + other + cursor[position + 1 :], LIST)


@pytest.mark.parametrize(
    "changed", [PLACE.encode(LIST) + "=", PLACE.encode(LIST) + "A", PLACE.encode(LIST)[:-1], " " + PLACE.encode(LIST)]
)
def test_a_cursor_with_more_or_less_is_refused(changed: str) -> None:
    with pytest.raises(InvalidCursor, match="expected the next_cursor"):
        Place.decode(changed, LIST)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidCursor, match="expected the next_cursor of an earlier page of this list"):
        Place.decode(PLACE.encode("versions of 1"), "versions of 2")
