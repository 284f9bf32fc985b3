"""Many clients edit at random over bad connections, through joins, losses, slow reading, compaction and crashes: all end up with the
same document, the log holds it, and nothing that was acknowledged is ever missing."""

import pytest

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


@pytest.mark.parametrize("seed", range(20))
def test_clients_converge_with_the_log(seed: int) -> None:
    check(run(seed, clients=5, steps=400))


@pytest.mark.parametrize("seed", range(100, 104))
def test_many_clients_converge_with_the_log(seed: int) -> None:
    check(run(seed, clients=15, steps=900))
