"""Many clients edit at random over bad connections, through joins, losses, slow reading, compaction and crashes: all end up with the
same document, the log holds it, and nothing that was acknowledged is ever missing."""

import pytest

from collab.rooms.compaction import compact
from collab.rooms.document import Document
from tests.convergence.edits import content_of
from tests.convergence.network import Network
from tests.support.peers import Peer


def run(seed: int, *, clients: int, steps: int) -> Network:
    network = Network(seed, clients)
    for _ in range(steps):
        network.step()
    network.settle()
    return network


def check(network: Network) -> None:
    stored = Peer(9999)
    stored.hear([Document(network.log).state()])
    contents = [content_of(client.peer) for client in network.clients]
    assert contents == [content_of(stored)] * len(contents)
    assert all(stored.doc.get_state() and Document(network.log).holds(client.peer.state) for client in network.clients)
    network.check_acknowledged()


@pytest.mark.parametrize("seed", range(60))
def test_clients_converge_with_the_log(seed: int) -> None:
    check(run(seed, clients=5, steps=400))


@pytest.mark.parametrize("seed", range(100, 110))
def test_many_clients_converge_with_the_log(seed: int) -> None:
    check(run(seed, clients=15, steps=900))


@pytest.mark.parametrize("seed", [454, 810, 900, 978, 1352, 1358])
def test_edits_that_arrive_before_the_ones_they_build_upon_leave_no_gap(seed: int) -> None:
    """Given to the CRDT in that order they left a state that did not load again."""
    network = run(seed, clients=5, steps=400)

    check(network)
    assert compact(None, network.log).waiting == ()


@pytest.mark.parametrize("seed", [9044, 9101, 9139])
def test_long_sessions_of_few_clients_converge_with_the_log(seed: int) -> None:
    check(run(seed, clients=3, steps=1500))
