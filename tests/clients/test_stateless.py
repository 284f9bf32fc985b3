"""Messages of the application, which Hocuspocus clients send each other through the server."""

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS

MESSAGE = '{"said":"über Bord 🛳"}'


@pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)
def test_message_of_the_application_reaches_the_hocuspocus_clients_of_the_document(
    version: str, meeting: Meeting
) -> None:
    clients = meeting.join_all()

    clients[version].request("stateless", payload=MESSAGE)

    for other in HOCUSPOCUS_VERSIONS:
        if other != version:
            clients[other].until(stateless=[MESSAGE])


@pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)
def test_message_of_the_application_leaves_other_documents_alone(version: str, meeting: Meeting) -> None:
    sender = meeting.join_synced(version, "sender")
    elsewhere = meeting.join_synced(version, "elsewhere", document=f"{meeting.document} elsewhere")

    sender.request("stateless", payload=MESSAGE)
    sender.insert(0, "after the message")
    sender.until(unsynced=0)

    assert elsewhere.state()["stateless"] == []
