"""People in processes of their own, beside the generator: what they do takes nothing of its time."""

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def elsewhere(count: int) -> Iterator[ProcessPoolExecutor]:
    """Give so many processes, and wait for what they do; when the block is left by an exception, end them at once."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _leave_signals)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_signals() -> None:
    """Let Ctrl-C, which reaches the whole group of processes, end the runner alone; it then ends these."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
