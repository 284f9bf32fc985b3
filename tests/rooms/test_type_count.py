"""How many types a document may hold, and how few times that costs a look at all of it."""

import pytest
from pycrdt import Array, Doc, Map

from collab.errors import ProtocolError
from collab.protocol.limits import Limits
from collab.rooms.document import Document
from collab.rooms.type_count import TypeCount
from tests.support.peers import Peer


def state_with(types: int) -> bytes:
    doc: Doc[Array[Map[int]]] = Doc()
    doc.get("list", type=Array).extend([Map({}) for _ in range(types)])
    return doc.get_update()


class Counted:
    """A document whose state is asked for, and how often."""

    def __init__(self, types: int) -> None:
        self.types = types
        self.asked = 0

    def state(self) -> bytes:
        self.asked += 1
        return state_with(self.types)


def limited(limit: int, snapshot: bytes | None = None) -> TypeCount:
    count = TypeCount(snapshot)
    count.limit = limit
    return count


def test_types_up_to_the_limit_are_counted_without_a_look_at_the_document() -> None:
    count, document = limited(100), Counted(0)

    for _ in range(100):
        count.add(1, document.state)

    assert document.asked == 0


def test_one_type_too_many_is_refused_and_not_counted() -> None:
    count, document = limited(100), Counted(100)
    count.add(100, document.state)

    with pytest.raises(
        ProtocolError, match="an update with 1 types came for a document of 100; 100 are allowed in all"
    ):
        count.add(1, document.state)


def test_types_that_are_no_more_there_do_not_count() -> None:
    count, document = limited(100), Counted(10)
    count.add(100, document.state)

    count.add(90, document.state)

    assert document.asked == 1


def test_refused_updates_one_after_the_other_cost_no_look_each() -> None:
    count, document = limited(1000), Counted(1000)
    count.add(1000, document.state)

    for _ in range(50):
        with pytest.raises(ProtocolError):
            count.add(1, document.state)

    assert document.asked == 1


def test_what_is_loaded_is_not_refused() -> None:
    count = TypeCount()
    count.add(200, Counted(200).state)
    count.limit = 100

    with pytest.raises(ProtocolError):
        count.add(1, Counted(200).state)


def test_snapshot_counts_no_fewer_types_than_it_holds() -> None:
    count, document = limited(100, state_with(100)), Counted(100)

    with pytest.raises(ProtocolError):
        count.add(1, document.state)


def test_document_refuses_types_past_its_limit_and_takes_text_all_the_same() -> None:
    document = Document(limits=Limits(document_types=5))
    assert document.apply([state_with(5)]).refused == {}

    too_many, typed = state_with(1), Peer(1).type("text")
    applied = document.apply([too_many, typed])

    assert ([*applied.refused], applied.append) == ([0], (typed,))


def test_document_takes_the_types_that_the_server_brings_back_and_goes_on_counting() -> None:
    document = Document(limits=Limits(document_types=5))
    document.apply([state_with(5)])

    assert document.apply([state_with(5)], trusted=[0]).refused == {}

    assert "for a document of 10; 5 are allowed" in str(document.apply([state_with(1)]).refused[0])
