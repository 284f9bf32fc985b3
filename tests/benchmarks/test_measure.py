from itertools import pairwise

import pytest
from pycrdt import Doc, Text

from benchmarks.clients import Arrival
from benchmarks.dialects import ClientDialect, HocuspocusClient, YWebsocketClient
from benchmarks.failures import RunFailed
from benchmarks.measure import Reading, Window, check_undisturbed, percentile, read
from benchmarks.workload import Workload, schedule, write_scripts

(SCRIPT,) = write_scripts(Workload(writers=1, rate=6, seconds=1, warm_up=0))
SENT = {SCRIPT.client_id: [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]}
Y_WEBSOCKET = YWebsocketClient("room")


def arrival(at: float, update: bytes, dialect: ClientDialect = Y_WEBSOCKET) -> Arrival:
    return Arrival(at, dialect.update(update))


def whole(count: int) -> bytes:
    document: Doc[Text] = Doc()
    for update in SCRIPT.updates[:count]:
        document.apply_update(update)
    return document.get_update()


def test_each_edit_of_a_merged_frame_waits_from_its_own_sending() -> None:
    assert read([arrival(3.5, whole(4))], Y_WEBSOCKET, SENT, Window(0, 10)) == Reading(
        latencies=(3.5, 2.5, 1.5, 0.5), deliveries=4, frames=1
    )


def test_an_edit_of_many_letters_is_one_delivery() -> None:
    (script,) = write_scripts(Workload(writers=1, rate=3, seconds=1, warm_up=0, letters=1_000))
    arrivals = [arrival(clock + 1.5, update) for clock, update in enumerate(script.updates)]
    reading = read(arrivals, Y_WEBSOCKET, {script.client_id: [0.0, 1.0, 2.0]}, Window(0, 3), letters=1_000)
    assert reading == Reading(latencies=(1.5, 1.5, 1.5), deliveries=2, frames=2)


def test_an_edit_that_comes_twice_is_delivered_once() -> None:
    arrivals = [arrival(1.0, SCRIPT.updates[0]), arrival(2.0, SCRIPT.updates[0])]
    assert read(arrivals, Y_WEBSOCKET, SENT, Window(0, 10)) == Reading(latencies=(1.0,), deliveries=1, frames=1)


def test_latency_counts_by_sending_and_delivery_by_arrival() -> None:
    arrivals = [arrival(clock + 1.5, update) for clock, update in enumerate(SCRIPT.updates)]
    reading = read(arrivals, Y_WEBSOCKET, SENT, Window(2.0, 4.0))
    assert reading == Reading(latencies=(1.5, 1.5), deliveries=2, frames=2)


def test_awareness_and_acknowledgements_are_no_deliveries() -> None:
    dialect = HocuspocusClient("room")
    address = b"\x04room"
    arrivals = [
        Arrival(0.5, address + b"\x01\x01\x00"),
        Arrival(0.6, address + b"\x08\x01"),
        arrival(1.0, SCRIPT.updates[0], dialect),
    ]
    assert read(arrivals, dialect, SENT, Window(0, 10)) == Reading(latencies=(1.0,), deliveries=1, frames=1)


def test_a_reader_with_a_gap_fails_the_run() -> None:
    arrivals = [arrival(1.0, SCRIPT.updates[0]), arrival(2.0, SCRIPT.updates[2])]
    with pytest.raises(RunFailed, match="cannot use"):
        read(arrivals, Y_WEBSOCKET, SENT, Window(0, 10))


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0), (0.001, 1.0)])
def test_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], share) == expected


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values came"):
        percentile([], 0.5)


def test_schedule_gives_every_writer_its_rate_in_order() -> None:
    workload = Workload(writers=4, rate=10, seconds=2, warm_up=1)
    turns = list(schedule(workload))
    assert turns == sorted(turns)
    for writer in range(4):
        due = [turn.due for turn in turns if turn.writer == writer]
        assert len(due) == 30
        assert all(later - earlier == pytest.approx(0.1) for earlier, later in pairwise(due))


def test_schedule_in_turns_has_each_writer_send_together_what_falls_due_in_one() -> None:
    workload = Workload(writers=4, rate=200, seconds=1, warm_up=0, turn=0.04)
    turns = list(schedule(workload))
    assert turns == sorted(turns)
    assert all(later.due - earlier.due == pytest.approx(0.01) for earlier, later in pairwise(turns))
    sent = [sum(turn.updates for turn in turns if turn.writer == writer) for writer in range(4)]
    assert sent == [200] * 4
    assert max(turn.updates for turn in turns) == 8


def test_a_run_fails_when_the_generator_was_busy() -> None:
    with pytest.raises(RunFailed, match="the generator took 81% of a core; expected 80% or less"):
        check_undisturbed(0.81, 0.0, cores=2)


def test_a_run_fails_when_the_machine_was_busy() -> None:
    check_undisturbed(0.2, 0.5, cores=2)
    with pytest.raises(RunFailed, match="other processes took 51% of a core meanwhile; expected 50% or less"):
        check_undisturbed(0.2, 0.51, cores=2)
