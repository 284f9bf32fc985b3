"""A process that tests on a machine without PostgreSQL: it asks for a server, stores something in it, and says where that was."""

import asyncio
import json
import sys

from collab.ports import Append, DocumentKind, DocumentName
from collab.storage import migrate, open_storage
from tests.contracts import postgres
from tests.contracts.edits import text_of, typed

NAME = DocumentName("notes")


async def store_and_load(server: str) -> str:
    """Return the text that comes back from a database of our own."""
    async with postgres.own_database(server) as url:
        await migrate(url)
        async with open_storage(url) as storage:
            record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
            await storage.log.append([Append(record.id, typed("kept"))])
            stored = await storage.log.load(NAME)
    assert stored is not None
    return text_of(stored.content.updates)


if __name__ == "__main__":
    postgres.ON_THIS_MACHINE = sys.argv[1]
    print(json.dumps({"server": (server := postgres.server_url()), "text": asyncio.run(store_and_load(server))}))
