"""The npm packages that tests run on."""

import shutil
import subprocess
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


@cache
def install_packages(folder: Path = FOLDER) -> None:
    """Install a folder's packages when they are missing, or older than the lock; without those that only the recorder needs.

    Of several processes that want them one installs, and the others wait for it.
    """
    locked, stamp = folder / "package-lock.json", folder / "node_modules" / ".installed"
    with locked.open() as lock:
        flock(lock, LOCK_EX)
        if stamp.exists() and stamp.stat().st_mtime >= locked.stat().st_mtime:
            return
        command = [program("npm"), "ci", "--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True)
        stamp.touch()


def program(name: str) -> str:
    """Find a program of Node's. Raises `RuntimeError` where there is none."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"no `{name}` was found; the tests need Node 20 or newer, with npm")
    return found
