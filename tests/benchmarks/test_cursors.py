from benchmarks.clients import Arrival
from benchmarks.cursors import Sighting, see, walks
from benchmarks.dialects import ClientDialect, HocuspocusClient, YWebsocketClient
from benchmarks.measure import Window
from benchmarks.workload import Workload
from collab.protocol.awareness import decode_awareness, encode_awareness
from collab.protocol.messages import AwarenessEntry

ME, SHE = 1, 2
SENT = {ME: [0.0, 1.0, 2.0], SHE: [0.5, 1.5, 2.5]}
Y_WEBSOCKET = YWebsocketClient("room")


def arrival(at: float, *states: tuple[int, int], dialect: ClientDialect = Y_WEBSOCKET) -> Arrival:
    payload = encode_awareness([AwarenessEntry(client, clock, "{}") for client, clock in states])
    return Arrival(at, dialect.awareness(payload))


def test_a_skipped_state_arrives_with_the_newer_one() -> None:
    sighting = see([arrival(1.0, (SHE, 1)), arrival(3.0, (SHE, 3))], Y_WEBSOCKET, SENT, Window(0, 10))
    assert sighting == Sighting(latencies=(0.5, 1.5, 0.5), frames=2)


def test_one_frame_may_tell_of_many() -> None:
    dialect = HocuspocusClient("room")
    sighting = see([arrival(3.0, (ME, 2), (SHE, 1), dialect=dialect)], dialect, SENT, Window(0, 10))
    assert sighting == Sighting(latencies=(3.0, 2.0, 2.5), frames=1)


def test_own_states_strangers_and_what_is_known_are_no_sightings() -> None:
    arrivals = [arrival(1.0, (SHE, 1)), arrival(2.0, (ME, 3)), arrival(3.0, (SHE, 1)), arrival(4.0, (99, 7))]
    assert see(arrivals, Y_WEBSOCKET, SENT, Window(0, 10), own=ME).latencies == (0.5,)


def test_latency_counts_by_sending_and_frames_by_arrival() -> None:
    arrivals = [arrival(1.0, (SHE, 1)), arrival(5.0, (SHE, 3))]
    assert see(arrivals, Y_WEBSOCKET, SENT, Window(1.0, 2.0)) == Sighting(latencies=(3.5,), frames=1)


def test_everybody_walks_with_clocks_from_one_on() -> None:
    workload = Workload(writers=2, readers=0, rate=5, warm_up=0, seconds=1)
    for walk in walks(workload):
        entries = [entry for payload in walk.payloads for entry in decode_awareness(payload).entries]
        assert [entry.clock for entry in entries] == [1, 2, 3, 4, 5]
        assert {entry.client_id for entry in entries} == {walk.client_id}
        assert all(80 < len(entry.state) < 120 for entry in entries)
