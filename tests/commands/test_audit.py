"""`collab audit`: the log on a terminal."""

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
