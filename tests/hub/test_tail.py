"""A log's tail as it is counted, and when it is worth a snapshot."""

from collab.hub.tail import Tail
from collab.ports import Compaction, StoredContent
from collab.rooms.compaction import SMALLEST_TAIL_BYTES

UPDATE = bytes(SMALLEST_TAIL_BYTES)


def tail(*updates: bytes, snapshot: bytes | None = None) -> Tail:
    return Tail(StoredContent(snapshot, updates))


def test_tail_that_was_loaded_long_is_due() -> None:
    assert tail(UPDATE).is_due


def test_tail_is_not_due_while_it_is_folded() -> None:
    counted = tail(UPDATE)
    counted.begin()
    counted.add([UPDATE])
    assert not counted.is_due


def test_what_was_added_meanwhile_counts_for_the_next_compaction() -> None:
    counted = tail(UPDATE)
    counted.begin()
    counted.add([UPDATE])
    counted.end(Compaction(freed=1, snapshot_bytes=10))
    assert counted.is_due


def test_tail_is_measured_by_the_snapshot_that_was_made() -> None:
    counted = tail(UPDATE, UPDATE, snapshot=UPDATE * 2)
    counted.begin()
    counted.end(Compaction(freed=2, snapshot_bytes=10))
    counted.add([UPDATE])
    assert counted.is_due


def test_compaction_that_failed_is_due_again_only_when_the_tail_has_doubled() -> None:
    counted = tail(UPDATE, UPDATE)
    counted.begin()
    counted.end(None)
    due = []
    for _ in range(3):
        due.append(counted.is_due)
        counted.add([UPDATE])
    assert due == [False, False, True]


def test_tail_that_cannot_outweigh_any_state_is_left_at_rest_without_asking_for_it() -> None:
    def state() -> bytes:
        raise AssertionError("a state was encoded for nothing")

    assert not tail(b"a word").is_due_at_rest(state)
    assert not tail(snapshot=UPDATE).is_due_at_rest(state)


def test_tail_at_rest_is_measured_by_the_state() -> None:
    assert tail(UPDATE).is_due_at_rest(lambda: b"")
    assert not tail(UPDATE).is_due_at_rest(lambda: UPDATE)


def test_tail_is_left_at_rest_after_a_failure() -> None:
    counted = tail(UPDATE)
    counted.begin()
    counted.end(None)
    assert not counted.is_due_at_rest(lambda: b"")
