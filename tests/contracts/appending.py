"""A process that appends numbers to a document for ever, and prints each one that the log has taken."""

import asyncio
import sys
from itertools import count

from collab.ports import Append, DocumentName
from collab.storage import open_storage


async def append_numbers(url: str, name: str) -> None:
    """Append until somebody ends the process."""
    async with open_storage(url) as storage:
        stored = await storage.log.load(DocumentName(name))
        if stored is None:
            raise LookupError(name)
        for number in count():
            await storage.log.append([Append(stored.record.id, (number.to_bytes(4),))])
            print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(append_numbers(*sys.argv[1:]))
