"""The npm packages that the client tests run on."""

import shutil
import subprocess
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
_LOCK: Final = FOLDER / "package-lock.json"
_STAMP: Final = FOLDER / "node_modules" / ".installed"


@cache
def install_packages() -> None:
    """Install the packages when they are missing, or older than the lock; without those that only the recorder needs.

    Of several processes that want them one installs, and the others wait for it.
    """
    with _LOCK.open() as lock:
        flock(lock, LOCK_EX)
        if _STAMP.exists() and _STAMP.stat().st_mtime >= _LOCK.stat().st_mtime:
            return
        command = [program("npm"), "ci", "--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOLDER, check=True)
        _STAMP.touch()


def program(name: str) -> str:
    """Find a program of Node's. Raises `RuntimeError` where there is none."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"no `{name}` was found; the client tests need Node 20 or newer, with npm")
    return found
