"""A process that says on its first line where it serves."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SAYS: Final = "provides "


@contextmanager
def provider_process(*command: str) -> Iterator[str]:
    """Run it, and give its issuer. Raises `RuntimeError` where it ends before it says one."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(_SAYS):
                raise RuntimeError(f"the provider did not start; it says {line!r}")
            yield line.removeprefix(_SAYS).strip()
        finally:
            process.kill()
