from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.storage.cursors import Place

PLACE = Place(datetime(2026, 11, 22, 13, 14, 15, 161718, tzinfo=UTC), 42)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
def test_a_place_survives_its_cursor(updated_at: datetime, document: int) -> None:
    place = Place(updated_at, document)
    assert Place.decode(place.encode()) == place


@given(st.text(max_size=60))
def test_text_that_no_place_wrote_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="expected the next_cursor"):
        Place.decode(cursor)


@pytest.mark.parametrize("position", range(len(PLACE.encode())))
def test_a_cursor_with_another_character_is_refused(position: int) -> None:
    cursor = PLACE.encode()
    other = "A" if cursor[position] != "A" else "B"
    with pytest.raises(ValueError, match="expected the next_cursor"):
        Place.decode(cursor[:position] + other + cursor[position + 1 :])


@pytest.mark.parametrize(
    "changed", [PLACE.encode() + "=", PLACE.encode() + "A", PLACE.encode()[:-1], " " + PLACE.encode()]
)
def test_a_cursor_with_more_or_less_is_refused(changed: str) -> None:
    with pytest.raises(ValueError, match="expected the next_cursor"):
        Place.decode(changed)
