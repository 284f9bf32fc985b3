"""The replica: what it passes on, what the log must keep of it, and what waits for an edit still missing."""

import gc

import pytest
from pycrdt import Doc, merge_updates

from collab.errors import ProtocolError, UpdateError
from collab.protocol.limits import Limits
from collab.protocol.structs import NO_DELETIONS, Run, WalkedUpdate, read_structs, write_structs
from collab.protocol.updates import decode_state_vector
from collab.rooms.document import Document
from collab.rooms.held import is_waiting
from collab.rooms.poison import PoisonedReplica
from tests.support.peers import Peer, text_of


def test_update_that_waits_is_logged_and_not_passed_on() -> None:
    ada = Peer(1)
    ada.type("a")
    second = ada.type("b")
    document = Document()

    applied = document.apply([second])

    assert applied.append == (second,)
    assert text_of(*filter(None, [applied.broadcast])) == ""


def test_update_that_waited_is_passed_on_with_the_one_it_waited_for() -> None:
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b")
    document = Document()
    document.apply([second])

    applied = document.apply([first])

    assert applied.append == (first,)
    assert applied.broadcast is not None
    assert text_of(applied.broadcast) == "ab"


def test_update_that_waits_survives_a_restart() -> None:
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b")
    log = Document().apply([second]).append

    successor = Document(log)
    log += successor.apply([first]).append

    assert text_of(successor.state()) == "ab"
    assert text_of(Document(log).state()) == "ab"


def test_independent_edit_behind_a_gap_reaches_everybody_once_the_gap_is_filled() -> None:
    ada, follower = Peer(1), Peer(2)
    first = ada.edit(lambda peer: peer.map.update({"a": 1.0}))
    second = ada.edit(lambda peer: peer.text.insert(0, "b"))
    document = Document()

    passed_on = [document.apply([second]).broadcast, document.apply([first]).broadcast]
    follower.hear(filter(None, passed_on))

    assert follower.state == document.state() == ada.state


def test_newest_edits_before_the_offline_ones_leave_a_state_that_loads() -> None:
    """Found by fuzzing (pycrdt 0.14.13): a client that types on before it has sent what it wrote offline. Given to the CRDT in this order,
    its state would end in a gap of four thousand million clocks, and nobody who joins would see what is behind it."""
    newest = bytes.fromhex("0103041e0001a8041a017c40e00000a8041b0177036f6e650104011a05")
    everything = bytes.fromhex(
        "0118040004010174016181040001c1040004010181040101c10401040301c40400040204f09f988001010178010006c4040604020162c4040e040201632101"
        "016d026b33010001c4040e040f0120c60404040304626f6c64047472756586040304626f6c64046e756c6cc40406040e0478797a0aa10410010001210101"
        "6d026b31010004a8041b0177036f6e650001a70419012800042205696e6e6572017c3f80000001040501040707100219072101"
    )
    document = Document()

    for update in (newest, everything):
        document.apply([update])

    assert decode_state_vector(Document([document.state()]).state_vector()) == {4: 36}
    assert decode_state_vector(document.state_vector()) == {4: 36}


def test_part_that_builds_upon_nothing_missing_is_taken_in_at_once() -> None:
    """A Yjs client that waits for something itself sends what it holds behind a gap."""
    ada = Peer(1)
    ada.type("a")
    first, missing, third = read_structs(ada.state), ada.type("b"), read_structs(ada.type("c"))
    document = Document()

    document.apply([write_structs([*first.runs, *third.runs], NO_DELETIONS)])
    assert text_of(document.state()) == "a"
    document.apply([missing])

    assert text_of(document.state()) == "abc"


def test_gap_is_filled_within_one_flush_in_any_order() -> None:
    ada = Peer(1)
    edits = [ada.type(letter) for letter in "abcde"]
    document = Document()

    applied = document.apply(edits[::-1])

    assert applied.broadcast is not None
    assert text_of(applied.broadcast) == "abcde"
    assert applied.append == tuple(edits[::-1])


def test_log_in_any_order_loads() -> None:
    ada = Peer(1)
    edits = [ada.type(letter) for letter in "abcde"]

    assert text_of(Document(edits[::-1]).state()) == "abcde"


def test_update_held_twice_is_taken_in_once() -> None:
    ada = Peer(1)
    first, early = ada.type("a"), ada.type("b")
    log = [early, early]

    document = Document(log)
    document.apply([first])

    assert text_of(document.state()) == "ab"


def test_deletion_of_something_unseen_beside_what_is_held_already_is_logged() -> None:
    ada, other = Peer(1), Peer(2)
    first, early = ada.type("a"), ada.type("b")
    seen = other.type("gone")
    deletion = other.edit(lambda peer: peer.text.clear())
    both = write_structs(read_structs(early).runs, read_structs(deletion).deletions)
    document = Document()
    log = [update for update in (early, both, seen, first) for update in document.apply([update]).append]

    assert text_of(document.state()) == "ab"
    assert text_of(Document(log).state()) == "ab"


def test_edit_upon_an_unseen_one_of_another_client_beside_what_is_held_already_is_logged() -> None:
    ada, other, third = Peer(1), Peer(2), Peer(3)
    first, early = ada.type("a"), ada.type("b")
    seen = other.type("c")
    third.hear([seen])
    upon = third.type("d")
    both = write_structs([*read_structs(early).runs, *read_structs(upon).runs], NO_DELETIONS)
    document = Document()
    log = [update for update in (early, both, seen, first) for update in document.apply([update]).append]

    assert sorted(text_of(document.state())) == list("abcd")
    assert text_of(Document(log).state()) == text_of(document.state())


def test_runs_that_overlap_are_taken_in_whole_once_the_gap_is_filled() -> None:
    ada = Peer(1)
    first, second, third = ada.type("a"), ada.type("b"), ada.type("c")
    overlapping = write_structs([*read_structs(second).runs, *read_structs(third).runs], NO_DELETIONS)
    document = Document()

    document.apply([second, overlapping, third])
    document.apply([first])

    assert text_of(document.state()) == "abc"


def test_short_runs_count_for_what_they_cost() -> None:
    scattered = b"\x01\xc8\x01\x05\x0a" + b"\x00\x01\x0a\x01" * 100 + NO_DELETIONS  # 100 runs of two bytes

    assert list(Document(limits=Limits(held_bytes=10_000)).apply([scattered]).refused) == [0]


def test_update_of_more_entries_than_may_be_is_refused() -> None:
    large = b"\x01\x64\x05\x00" + b"\x00\x01" * 100 + NO_DELETIONS
    document = Document(limits=Limits(update_entries=100))

    assert "more than 100 clients and structs" in str(document.apply([large]).refused[0])
    with pytest.raises(UpdateError, match="more than 100"):
        document.holds(large)


def test_update_with_something_new_of_more_clients_than_may_be_is_refused() -> None:
    writers = [Peer(number) for number in range(1, 7)]
    first = merge_updates(*[writer.type("first") for writer in writers])
    second = merge_updates(*[writer.type("second") for writer in writers[:4]])
    document = Document(limits=Limits(update_clients=4))

    assert "more than 4 clients with something new" in str(document.apply([first]).refused[0])
    assert not document.apply([first], trusted=[0]).refused
    assert not document.apply([merge_updates(first, second)]).refused


def test_update_of_the_servers_own_may_have_any_number_of_entries() -> None:
    large = b"\x01\x64\x05\x00" + b"\x00\x01" * 100 + NO_DELETIONS
    document = Document(limits=Limits(update_entries=100))

    applied = document.apply([large, large], trusted=[0])

    assert [*applied.refused] == [1]
    assert decode_state_vector(document.state_vector()) == {5: 100}


def test_update_that_was_walked_before_is_taken_in_as_any_other() -> None:
    peer = Peer(1)
    update = WalkedUpdate.of(peer.type("new"))
    document = Document()

    assert document.apply([update, b"junk"], trusted=[0]).append == (update,)
    assert document.state() == peer.state


def test_log_of_an_update_with_more_entries_than_may_be_loads_all_the_same() -> None:
    large = b"\x01\x64\x05\x00" + b"\x00\x01" * 100 + NO_DELETIONS

    assert decode_state_vector(Document([large], limits=Limits(update_entries=100)).state_vector()) == {5: 100}


def test_more_is_not_held_than_may_be() -> None:
    ada = Peer(1)
    ada.type("missing")
    document = Document(limits=Limits(held_bytes=1000))

    applied = document.apply([ada.type("x" * 600), ada.type("x" * 600), Peer(2).type("fine")])

    assert list(applied.refused) == [1]
    assert text_of(document.state()) == "fine"


def test_update_refused_for_what_it_would_have_held_is_not_taken_in_part() -> None:
    ada = Peer(1)
    ada.type("a")
    first, _, third = read_structs(ada.state), ada.type("b"), read_structs(ada.type("c" * 200))
    document = Document(limits=Limits(held_bytes=100))

    applied = document.apply([write_structs([*first.runs, *third.runs], NO_DELETIONS)])

    assert (list(applied.refused), applied.broadcast, applied.append) == ([0], None, ())
    assert text_of(document.state()) == ""


def test_log_that_holds_more_than_may_be_loads_all_the_same() -> None:
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b" * 200)

    assert text_of(Document([second, first], limits=Limits(held_bytes=100)).state()) == "a" + "b" * 200


def test_update_that_would_overflow_the_stack_of_the_crdt_is_refused() -> None:
    deep = b"\x01\x01\x05\x00\x08\x01\x01t\x01" + b"\x75\x01" * 40_000 + b"\x7e\x00"
    document = Document()

    assert "nests" in str(document.apply([deep]).refused[0])
    with pytest.raises(UpdateError, match="nests"):
        document.holds(deep)


def test_deletion_of_something_unseen_is_logged() -> None:
    ada = Peer(1)
    ada.type("abc")
    deletion = ada.edit(lambda peer: peer.text.clear())
    document = Document()

    log = document.apply([deletion]).append

    assert log == (deletion,)
    assert text_of(Document([*log, ada.state]).state()) == ""


def test_known_update_is_not_logged() -> None:
    update = Peer(1).type("a")

    applied = Document([update]).apply([update])

    assert (applied.broadcast, applied.append, applied.refused) == (None, (), {})


def test_of_two_contents_for_the_same_units_the_first_stands_also_where_the_log_is_loaded_at_once() -> None:
    ada, forged, bob = Peer(1), Peer(1), Peer(2)
    first, second = ada.type("one"), ada.type(" two")
    forged.hear([first])
    forged.type(" lie")
    bob.hear([forged.state])
    bob.type("!")

    assert text_of(Document([second, first, bob.state]).state()) == "one two!"
    document = Document()
    document.apply([second, first, bob.state])
    assert text_of(document.state()) == "one two!"


def test_junk_among_updates_is_refused_by_its_index() -> None:
    ada = Peer(1)
    document = Document()

    applied = document.apply([ada.type("a"), b"junk", ada.type("b")])

    assert list(applied.refused) == [1]
    assert "4 bytes that are no Yjs update" in str(applied.refused[1])
    assert text_of(document.state()) == "ab"


def test_stored_junk_is_an_error_that_tells_which() -> None:
    with pytest.raises(UpdateError, match=r"of the stored ones: 4 bytes that are no Yjs update"):
        Document([Peer(1).type("a"), b"junk"])


def test_state_is_encoded_once_between_two_changes() -> None:
    ada = Peer(1)
    document = Document([ada.type("a")])

    before = document.state()
    assert document.state() is before
    document.apply([ada.type("b")])

    assert document.state() != before


def test_diff_from_nothing_is_the_state() -> None:
    document = Document([Peer(1).type("a")])

    assert document.diff(b"\x00") is document.state()


def test_diff_from_a_vector_of_more_clients_than_it_can_hold_is_refused() -> None:
    with pytest.raises(ProtocolError):
        Document([Peer(1).type("a")]).diff(b"\xff\xff\xff\xff\x0f\x01\x01")


def test_holds_what_it_has_taken_in() -> None:
    ada = Peer(1)
    ada.type("abc")
    ada.edit(lambda peer: peer.text.clear())

    assert Document([ada.state]).holds(ada.state)


def test_does_not_hold_new_content() -> None:
    ada = Peer(1)
    document = Document([ada.type("a")])

    assert not document.holds(ada.type("b"))


def test_does_not_hold_a_new_deletion() -> None:
    ada = Peer(1)
    document = Document([ada.type("abc")])

    assert not document.holds(ada.edit(lambda peer: peer.text.clear()))


def test_holds_part_of_what_is_deleted() -> None:
    ada = Peer(1)
    ada.type("abcdef")
    part = ada.edit(lambda peer: peer.text.__delitem__(slice(1, 3)))
    ada.edit(lambda peer: peer.text.clear())

    assert Document([ada.state]).holds(part)


def test_holds_refuses_junk() -> None:
    with pytest.raises(UpdateError):
        Document().holds(b"junk")


def test_waiting_is_told_from_taken_in() -> None:
    ada = Peer(1)
    first = ada.type("a")
    halfway = decode_state_vector(ada.state_vector)
    second = ada.type("b")

    assert not is_waiting(first, halfway)
    assert is_waiting(second, {})
    assert not is_waiting(second, decode_state_vector(ada.state_vector))


def run_of(client: int, start: int, struct: bytes, length: int) -> Run:
    return Run(client, start, start + length, 1, struct)


def test_update_that_goes_on_from_other_content_of_its_client_is_refused() -> None:
    """Found by mutation (pycrdt 0.14.13): the CRDT would link the rest to what stands elsewhere, and crash once that is deleted."""
    document = Document([write_structs([run_of(5, 0, b"\x04\x01\x01t\x03abc", 3)], NO_DELETIONS)])
    elsewhere = write_structs([run_of(5, 1, b"\x04\x01\x01u\x03bXY", 3)], NO_DELETIONS)

    applied = document.apply([elsewhere])

    assert "goes on from other content" in str(applied.refused[0])
    assert decode_state_vector(document.state_vector()) == {5: 3}


def test_update_that_goes_on_from_the_same_content_is_taken_in_whatever_became_of_that() -> None:
    ada, other = Peer(1), Peer(2)
    first = ada.type("abc")
    other.hear([first])
    deletion = other.edit(lambda peer: peer.text.clear())
    ada.type("de")
    document = Document([first])

    document.apply([deletion])
    document.apply([ada.state])

    assert text_of(document.state()) == "de"


def test_edit_upon_an_unseen_one_of_another_client_is_held_until_that_comes() -> None:
    ada, bob = Peer(1), Peer(2)
    missing = ada.type("a")
    bob.hear([missing])
    early = bob.type("b")
    document = Document()

    applied = document.apply([early])
    assert (applied.broadcast, applied.append) == (None, (early,))
    applied = document.apply([missing])

    assert applied.broadcast is not None
    assert text_of(applied.broadcast) == "ab"


def test_what_waits_for_good_does_not_hold_up_what_comes_behind_it() -> None:
    ada, stranger = Peer(1), Peer(9)
    first = ada.type("a")
    stranger.type("never delivered")
    ada.hear([stranger.state])
    stuck = ada.edit(lambda peer: peer.text.insert(8, "b"))
    again = Peer(1)
    again.hear([first])
    replaced = again.type("cd")
    following = again.type("e")
    document = Document()

    for update in (first, stuck, following, replaced):
        document.apply([update])

    assert text_of(document.state()) == "acde"


def test_structs_of_two_clients_that_need_each_other_are_one_writers_fault() -> None:
    one = run_of(5, 0, b"\x84\x06\x00\x01a", 1)
    other = run_of(6, 0, b"\x84\x05\x00\x01b", 1)
    circle = write_structs([one, other], NO_DELETIONS)

    with pytest.raises(PoisonedReplica, match="keeps aside"):
        Document().apply([circle])


def test_structs_that_need_themselves_are_a_fault_whatever_comes_under_their_clocks() -> None:
    """Else the log would hold what loads in one order alone."""
    first = Peer(1).type("one")
    needs_itself = write_structs([run_of(5, 0, b"\x84\x05\x00\x04abcd", 4)], NO_DELETIONS)
    honest = write_structs([run_of(5, 0, b"\x84\x01\x00\x01b", 1)], NO_DELETIONS)

    with pytest.raises(PoisonedReplica, match="keeps aside"):
        Document([first]).apply([needs_itself, honest])


def test_update_that_waits_is_not_lost_for_another_under_its_clocks() -> None:
    missing, first = Peer(1).type("a"), Peer(2).type("b")
    forged = write_structs([run_of(3, 0, b"\x84\x09\x00\x01x", 1)], NO_DELETIONS)
    honest = write_structs([run_of(3, 0, b"\x84\x01\x00\x01c", 1)], NO_DELETIONS)
    document = Document([first])

    for update in (forged, honest, missing):
        document.apply([update])

    assert document.reached(3) == 1


def test_document_that_is_let_go_of_is_freed() -> None:
    """The CRDT keeps itself alive as long as it tells somebody of its changes."""

    def replicas() -> int:
        gc.collect()
        return sum(isinstance(each, Doc) for each in gc.get_objects())

    before = replicas()
    document = Document([Peer(1).type("a")])
    document.apply([Peer(2).type("b")])
    during = replicas()
    del document

    assert replicas() == during - 1
    assert before < during


def test_an_update_that_was_taken_apart_within_other_limits_is_taken_apart_again() -> None:
    document = Document(limits=Limits(update_entries=1))
    peer = Peer(1)
    peer.type("a")
    peer.edit(lambda peer: peer.text.insert(0, "b"))

    refused = document.apply([WalkedUpdate.of(peer.state)]).refused
    strict = document.apply([WalkedUpdate.of(peer.state, Limits())]).refused

    assert list(refused) == list(strict) == [0]


def test_an_update_that_was_taken_apart_within_the_limits_is_applied_as_any_other() -> None:
    document = Document(limits=Limits())
    update = Peer(1).type("text")

    applied = document.apply([WalkedUpdate.of(update, Limits())])

    assert (applied.broadcast, applied.append) == (update, (update,))
