"""`collab audit`: the log on a terminal."""

from pathlib import Path

import pytest
from anyio import to_thread

from collab.ports import Act, AuditAction
from collab.storage import migrate, open_storage
from tests.commands.conftest import Collab

pytestmark = pytest.mark.anyio

HOSTILE = "\x1b]0;pwned\x07\x1b[2Jeve\n2026-11-27  sign-in  ada\u202e[bold]"


async def test_what_strangers_typed_does_nothing_to_a_terminal(collab: Collab, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/collab.db"
    await migrate(url)
    async with open_storage(url) as storage:
        await storage.audit.add(Act(AuditAction.SIGN_IN_FAILED, "", "192.0.2.1", subject=HOSTILE))
        await storage.audit.add(Act(AuditAction.LINK_REVOKED, "ada", "192.0.2.1", "plan", "link:1"))

    shown = await to_thread.run_sync(lambda: collab("audit", "--database-url", url))
    filtered = await to_thread.run_sync(lambda: collab("audit", "--actor", "ada", "--database-url", url))

    assert (shown.returncode, shown.stderr) == (0, "")
    assert not {character for character in shown.stdout if not character.isprintable()} - {"\n"}
    assert "\\x1b]0;" in shown.stdout
    assert "link-revoked" in filtered.stdout
    assert "sign-in-failed" not in filtered.stdout
