"""A node that dies in an open transaction on PostgreSQL: what it holds is given back, and what it had half written is nowhere."""

import os
import signal
from pathlib import Path

from anyio import to_thread

from tests.clients.process import Client, ClientProcess
from tests.faults.conftest import StartServer
from tests.faults.stored import NAME, TEXT, counts, fill, text_in
from tests.faults.transactions import (
    IS_IDLE_IN_TRANSACTION,
    IS_IN_TRANSACTION,
    WAITS_FOR_LOCK,
    make_gate,
    shut_gate,
    until_no_session,
    until_session,
)
from tests.faults.writing import join
from tests.support.server import RunningServer

WRITES_THE_LOG = "query LIKE 'UPDATE documents%'"
"""The last statement of a commit of the log: the row of the document is locked from then on, until the transaction ends."""


async def test_a_node_killed_in_an_open_transaction_leaves_nothing_and_holds_up_nobody(
    postgres_url: str, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    await fill(postgres_url)
    rows = (await counts(postgres_url))["updates"]
    doomed, other = [servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url}) for _ in range(2)]
    ada, ben = [
        await to_thread.run_sync(entered, clients, name, node) for name, node in (("ada", doomed), ("ben", other))
    ]
    await make_gate(postgres_url, "UPDATE ON documents")
    async with shut_gate(postgres_url):
        ada.insert(0, "A")
        await until_session(postgres_url, f"{WAITS_FOR_LOCK} AND {WRITES_THE_LOG}")
        os.kill(doomed.pid, signal.SIGSTOP)
    # Its statement is carried out now, and the node does not come to its COMMIT.
    await until_session(postgres_url, f"{IS_IDLE_IN_TRANSACTION} AND {WRITES_THE_LOG}")
    ben.insert(0, "B")
    await until_session(postgres_url, f"{WAITS_FOR_LOCK} AND {WRITES_THE_LOG}")
    assert ben.state()["unsynced"] == 1

    doomed.kill()

    await to_thread.run_sync(lambda: ben.until(unsynced=0, text=f"B{TEXT}"))
    await until_no_session(postgres_url, IS_IN_TRANSACTION)
    assert ada.state()["edits"]["saved"] == 1  # of the handshake
    assert await text_in(postgres_url) == f"B{TEXT}"
    assert (await counts(postgres_url))["updates"] == rows + 1


def entered(clients: ClientProcess, name: str, node: RunningServer) -> Client:
    client = join(clients, name, node, NAME)
    client.until(synced=True, unsynced=0, text=TEXT)
    return client
