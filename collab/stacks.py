"""The stacks of the process: how deep the CRDT may recurse."""

import sys
import threading
from typing import Final

_MIB: Final = 1024 * 1024

MAIN_STACK: Final = 1024 * _MIB
"""With the usual 8 MiB, deleting some 25,000 types within each other, which a document of 200 kB can hold, ends the process."""

THREAD_STACK: Final = 160 * _MIB
"""For the threads that compact and read: 335 bytes for each of twice the types that a document may have (`MAX_DOCUMENT_TYPES`)."""


def deepen_stacks() -> None:
    """Give the CRDT room to recurse: it deletes types within types by recursion, and past the stack the process ends.

    The first thread's stack grows on demand up to the limit that holds at that moment; those of others are made with their size. Neither
    takes memory before it is used.
    """
    threading.stack_size(THREAD_STACK)
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
        wanted = MAIN_STACK if hard == resource.RLIM_INFINITY else min(MAIN_STACK, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
