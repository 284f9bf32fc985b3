import pytest
from pycrdt import Doc, Text

from benchmarks.clocks import ClockRange, Coverage, clock_ranges
from benchmarks.workload import Workload, write_scripts

SCRIPTS = write_scripts(Workload(writers=3, rate=5, seconds=1, warm_up=1))


def merged(*updates: bytes) -> bytes:
    """Return the one update that a server's transaction makes of these."""
    document: Doc[Text] = Doc()
    events: list[bytes] = []
    subscription = document.observe(lambda event: events.append(event.update))
    with document.transaction():
        for update in updates:
            document.apply_update(update)
    document.unobserve(subscription)
    (update,) = events
    return update


def test_a_keystroke_is_one_clock() -> None:
    script = SCRIPTS[0]
    assert [clock_ranges(update) for update in script.updates] == [
        (ClockRange(script.client_id, clock, clock + 1),) for clock in range(10)
    ]


def test_a_merged_update_carries_every_clock_of_every_writer() -> None:
    first, second, third = SCRIPTS
    update = merged(*first.updates[:7], *second.updates[:2], *third.updates)
    assert set(clock_ranges(update)) == {
        ClockRange(first.client_id, 0, 7),
        ClockRange(second.client_id, 0, 2),
        ClockRange(third.client_id, 0, 10),
    }


def test_characters_outside_the_basic_plane_take_two_clocks() -> None:
    document: Doc[Text] = Doc(client_id=7)
    text = document.get("text", type=Text)
    text += "é😀"
    assert clock_ranges(document.get_update()) == (ClockRange(7, 0, 3),)


def test_an_insertion_between_two_others_is_read() -> None:
    document: Doc[Text] = Doc(client_id=7)
    text = document.get("text", type=Text)
    text += "ac"
    before = document.get_state()
    text.insert(1, "b")
    assert clock_ranges(document.get_update(before)) == (ClockRange(7, 2, 3),)


def test_deleted_text_keeps_its_clocks() -> None:
    document: Doc[Text] = Doc(client_id=7)
    text = document.get("text", type=Text)
    text += "abc"
    del text[1]
    assert clock_ranges(document.get_update()) == (ClockRange(7, 0, 3),)


def test_a_gap_inside_an_update_is_no_arrival() -> None:
    skip_of_two = bytes.fromhex("01 03 07 00  04 01 01 74 01 61  0a 02  84 07 02 01 62  00")
    assert clock_ranges(skip_of_two) == (ClockRange(7, 0, 1), ClockRange(7, 3, 4))


def test_content_of_another_kind_is_refused() -> None:
    document: Doc[Text] = Doc(client_id=7)
    text = document.get("text", type=Text)
    text.insert(0, "bold", {"bold": True})
    with pytest.raises(ValueError, match="content of kind 6 came"):
        clock_ranges(document.get_update())


@pytest.mark.parametrize("length", range(1, 17))
def test_a_truncated_update_is_refused(length: int) -> None:
    with pytest.raises((IndexError, ValueError)):
        list(Coverage().take(SCRIPTS[0].updates[0][:length]))


def test_coverage_yields_only_what_is_new() -> None:
    coverage = Coverage()
    script = SCRIPTS[0]
    assert list(coverage.take(merged(*script.updates[:4]))) == [ClockRange(script.client_id, 0, 4)]
    assert list(coverage.take(script.updates[2])) == []
    assert list(coverage.take(merged(*script.updates[:6]))) == [ClockRange(script.client_id, 4, 6)]


def test_coverage_refuses_an_edit_whose_predecessor_is_missing() -> None:
    coverage = Coverage()
    script = SCRIPTS[0]
    list(coverage.take(script.updates[0]))
    with pytest.raises(ValueError, match=f"clock 2 of client {script.client_id} came; expected 1 or less"):
        list(coverage.take(script.updates[2]))
