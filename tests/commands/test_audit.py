"""`collab audit`: the log on a terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import to_thread

from collab.ports import Act, AuditAction
from collab.storage import migrate, open_storage
from tests.commands.conftest import Collab

pytestmark = pytest.mark.anyio

ACTS = (
    Act(AuditAction.SIGN_IN, "ada", "192.0.2.1"),
    Act(AuditAction.LINK_REVOKED, "ada", "2001:db8::1", "plan", "link:1"),
    Act(AuditAction.MEMBER_SET, "bob", "192.0.2.1", "plan", "ada"),
)
LONG = Act(
    AuditAction.WORKSPACE_MEMBER_REMOVED,
    "u_0123456789abcdef",
    "2001:db8:1234:5678:9abc:def0:1234:5678",
    "team/the-plan-of-next-year",
    "u_fedcba9876543210",
    {"by": "key:1", "note": "d" * 90},
)
HOSTILE = "\x1b]0;pwned\x07\x1b[2Jeve\n2026-11-27  sign-in  ada\u202e[bold]"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), ["member-set", "link-revoked", "sign-in"]),
        (("--action", "sign-in", "--action", "member-set"), ["member-set", "sign-in"]),
        (("--actor", "bob"), ["member-set"]),
        (("--address", "2001:DB8:0::1"), ["link-revoked"]),
        (("--document", "plan", "--address", "192.0.2.1"), ["member-set"]),
        (("--subject", "link:1"), ["link-revoked"]),
        (("--since", "2001-01-01", "--until", "9999-12-31T23:59+00:00"), ["member-set", "link-revoked", "sign-in"]),
        (("--until", "2001-01-01T09:30+01:00"), []),
        (("--before", "3", "--limit", "1"), ["link-revoked"]),
        (("--address", "::ffff:192.0.2.1"), ["member-set", "sign-in"]),
    ],
    ids=str,
)
async def test_the_log_is_filtered_as_over_rest(
    collab: Collab, sqlite_url: str, options: tuple[str, ...], found: list[str]
) -> None:
    async with open_storage(sqlite_url) as storage:
        for act in ACTS:
            await storage.audit.add(act)

    shown = await to_thread.run_sync(lambda: collab("audit", *options, "--database-url", sqlite_url))

    assert (shown.returncode, shown.stderr) == (0, "")
    head, *lines = shown.stdout.splitlines()
    assert head.split()[:3] == ["number", "when", "what"]
    words = {word for line in lines for word in line.split()}
    assert {action for action in AuditAction if action.value in words} == set(found)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--since", "yesterday"), "--since is 'yesterday'; expected a moment like 2026-11-27, 2026-11-27T09:30 (in"),
        (("--until", "2026-02-30"), "--until is '2026-02-30'; expected a moment like"),
        (("--until", "0001-01-01T00:00+05:00"), "--until is '0001-01-01T00:00+05:00'; expected a moment like"),
        (("--address", "example.org"), "--address is 'example.org'; expected an IP address like 192.0.2.1 or"),
        (
            ("--since", "2026-11-27", "--until", "2026-11-27"),
            "--since 2026-11-27 came with --until 2026-11-27; expected a moment before that",
        ),
    ],
    ids=str,
)
def test_what_is_no_filter_is_said_in_one_line(collab: Collab, options: tuple[str, ...], says: str) -> None:
    outcome = collab("audit", *options)

    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"error: {says}")
    assert outcome.stderr.count("\n") == 1


async def test_every_entry_is_a_whole_line_where_a_program_reads(
    collab: Collab, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    async with open_storage(sqlite_url) as storage:
        await storage.audit.add(LONG)

    shown = await to_thread.run_sync(lambda: collab("audit", "--database-url", sqlite_url))

    head, line = shown.stdout.splitlines()
    entry = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", entry.pop("when"))
    assert entry == {
        "number": "1",
        "what": "workspace-member-removed",
        "by": LONG.actor,
        "from": LONG.address,
        "document": LONG.document,
        "to": LONG.subject,
        "details": "by=key:1, note=" + "d" * 90,
    }


async def test_nothing_is_cut_off_on_a_narrow_terminal(sqlite_url: str, tmp_path: Path) -> None:
    async with open_storage(sqlite_url) as storage:
        await storage.audit.add(LONG)

    shown = await to_thread.run_sync(lambda: on_a_terminal(80, "audit", "--database-url", sqlite_url, cwd=tmp_path))

    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    starts = [lines[0].index(head) for head in lines[0].split()]
    columns = [slice(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]
    told = ["".join(line[column].strip() for line in lines[1:]) for column in columns]
    assert told[2:7] == [LONG.action, LONG.actor, LONG.address, LONG.document, LONG.subject]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d ?\d\d:\d\d:\d\d", told[1])
    assert told[7] == "by=key:1,note=" + "d" * 90


def on_a_terminal(columns: int, *arguments: str, cwd: Path) -> str:
    """Run the command on a terminal that is so wide, and return what it shows."""
    terminal, other_end = pty.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    command = [sys.executable, "-m", "collab", *arguments]
    with subprocess.Popen(
        command, cwd=cwd, stdin=other_end, stdout=other_end, stderr=other_end, env={**environment, "NO_COLOR": "1"}
    ):
        os.close(other_end)
        shown = b"".join(_said(terminal)).decode()
    os.close(terminal)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n")


def _said(terminal: int) -> Iterator[bytes]:
    with suppress(OSError):  # EIO: nobody has the other end any more
        while said := os.read(terminal, 65536):
            yield said


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "--before", "99999999999999999999"),
        ("key", "revoke", "99999999999999999999"),
        ("cut", "notes", "99999999999999999999"),
    ],
    ids=" ".join,
)
def test_a_number_that_no_row_can_have_is_told_as_such(collab: Collab, command: tuple[str, ...]) -> None:
    outcome = collab(*command)

    assert outcome.returncode == 2
    told = re.sub(r"[\s│]+", " ", outcome.stderr)
    assert "'99999999999999999999' came; expected a number from 1 to 9223372036854775807" in told
    assert "Traceback" not in outcome.stderr


async def test_what_strangers_typed_does_nothing_to_a_terminal(collab: Collab, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/collab.db"
    await migrate(url)
    async with open_storage(url) as storage:
        await storage.audit.add(Act(AuditAction.SIGN_IN_FAILED, "", "192.0.2.1", subject=HOSTILE))
        await storage.audit.add(Act(AuditAction.LINK_REVOKED, "ada", "192.0.2.1", "plan", "link:1"))

    shown = await to_thread.run_sync(lambda: collab("audit", "--database-url", url))
    filtered = await to_thread.run_sync(lambda: collab("audit", "--actor", "ada", "--database-url", url))

    assert (shown.returncode, shown.stderr) == (0, "")
    assert not {character for character in shown.stdout if not character.isprintable()} - {"\t", "\n"}
    assert "\\x1b]0;" in shown.stdout
    assert "link-revoked" in filtered.stdout
    assert "sign-in-failed" not in filtered.stdout
