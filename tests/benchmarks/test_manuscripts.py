import pytest
from pycrdt import Doc, Text

from benchmarks.manuscripts import PAGE_BYTES, manuscript

DOCUMENT = manuscript(pages=2)


def state(*updates: bytes) -> bytes:
    document: Doc[Text] = Doc()
    for update in updates:
        document.apply_update(update)
    return document.get_update()


def test_each_page_has_the_size_that_is_told() -> None:
    assert DOCUMENT.size == pytest.approx(2 * PAGE_BYTES, rel=0.01)


def test_state_with_every_page_is_the_whole_document() -> None:
    assert DOCUMENT.holds(state(*reversed(DOCUMENT.updates)))


def test_state_without_a_page_is_not_the_whole_document() -> None:
    assert not DOCUMENT.holds(state(DOCUMENT.updates[0]))
