"""`collab user`: accounts from the terminal."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from anyio import to_thread

from collab.access.passwords import Passwords
from collab.access.secrets import hash_of
from collab.ports import Account, AuditFilter, NewKey, Role, TicketKind
from collab.storage import Storage, open_storage
from tests.commands.conftest import Collab

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


def add(tmp_path: Path, *arguments: str, password: str = PASSWORD) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "collab", "user", "add", *arguments],
        cwd=tmp_path,
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_first_admin_comes_into_being_in_a_new_directory(tmp_path: Path) -> None:
    outcome = await to_thread.run_sync(lambda: add(tmp_path, "ada@example.org", "--admin", "--name", "Ada"))

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout == "ada@example.org may sign in now, as an admin.\n"
    async with open_storage(f"sqlite:///{tmp_path}/data/collab.db") as storage:
        found = await storage.accounts.by_email("ada@example.org")
    assert found is not None
    account, kept = found
    assert (account.name, account.admin) == ("Ada", True)
    assert await Passwords().verify(kept, PASSWORD)


@pytest.mark.parametrize(
    ("email", "password", "says"),
    [
        ("ada", PASSWORD, "an e-mail of 3 characters came that is none"),
        ("ada@example.org", "short", "a password of 5 characters came; expected 10 to 1024"),
        ("taken@example.org", PASSWORD, "another account has this e-mail"),
    ],
)
async def test_what_makes_no_account_is_said_in_one_line(tmp_path: Path, email: str, password: str, says: str) -> None:
    await to_thread.run_sync(lambda: add(tmp_path, "Taken@example.org"))
    outcome = await to_thread.run_sync(lambda: add(tmp_path, email, password=password))

    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"error: {says}")
    assert outcome.stderr.count("\n") == 1
    assert password not in outcome.stderr


async def make(storage: Storage, name: str, *, admin: bool = False) -> str:
    account = await storage.accounts.create(email=f"{name}@example.org", name=name, password_hash=None, admin=admin)
    return account.user_id


async def test_accounts_are_listed_disabled_enabled_and_made_admins(
    storage: Storage, collab: Collab, database_url: str
) -> None:
    await make(storage, "root", admin=True)
    user_id = await make(storage, "bob")

    async def command(*arguments: str) -> str:
        outcome = await to_thread.run_sync(lambda: collab("user", *arguments, "--database-url", database_url))
        assert (outcome.returncode, outcome.stderr) == (0, "")
        return outcome.stdout

    assert re.search(r"^bob@example\.org\tbob\tu_\S+\t\t\d{4}-\d\d-\d\d\t$", await command("list"), re.MULTILINE)
    assert await command("disable", "BOB@example.org") == "BOB@example.org may not sign in any more.\n"
    assert (await storage.accounts.get(user_id)).disabled_at is not None
    assert await command("enable", "bob@example.org") == "bob@example.org may sign in.\n"
    assert (await storage.accounts.get(user_id)).disabled_at is None
    assert await command("admin", "bob@example.org") == "bob@example.org is an admin.\n"
    assert (await storage.accounts.get(user_id)).admin
    assert await command("admin", "bob@example.org", "--revoke") == "bob@example.org is no admin any more.\n"
    assert not (await storage.accounts.get(user_id)).admin


async def test_links_to_join_and_for_another_password_are_printed(
    storage: Storage, collab: Collab, database_url: str
) -> None:
    user_id = await make(storage, "bob")
    to = ("--database-url", database_url)
    invited = await to_thread.run_sync(collab, "user", "add", "sam@example.org", "--invite", *to)
    reset = await to_thread.run_sync(collab, "user", "reset", "bob@example.org", *to)

    for outcome, path, kind, whose in (
        (invited, "/join#", TicketKind.INVITATION, ("sam@example.org", None)),
        (reset, "/reset#", TicketKind.RESET, ("bob@example.org", user_id)),
    ):
        assert (outcome.returncode, outcome.stderr) == (0, "")
        ticket = await storage.tickets.look(hash_of(outcome.stdout.strip().partition(path)[2]) or b"")
        assert ticket is not None
        assert (ticket.kind, (ticket.email, ticket.user_id)) == (kind, whose)


async def test_a_reset_of_everything_ends_whatever_leads_into_the_account(
    storage: Storage, collab: Collab, database_url: str
) -> None:
    kept = await Passwords().hash(PASSWORD)
    bob = await storage.accounts.create(email="bob@example.org", name="Bob", password_hash=kept, admin=False)
    root = await storage.accounts.create(email="root@example.org", name="Root", password_hash=kept, admin=True)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for account in (bob, root):
        secret = account.user_id.encode()
        await storage.sessions.open(account.id, secret, agent="", address=None, expires_at=tomorrow)
        await storage.identities.link(account.id, "https://id.example.org", account.name, account.email)
        new = NewKey(
            "mine", account.user_id, {"*": Role.READER}, admin=False, created_by=account.user_id, expires_at=None
        )
        await storage.keys.create(new, secret)

    reset = await to_thread.run_sync(
        lambda: collab("user", "reset", "bob@example.org", "--everything", "--database-url", database_url)
    )

    async def ways_in(account: Account) -> tuple[bool, int, int, int]:
        _, password = await storage.accounts.by_email(account.email or "") or (None, None)
        return (
            await Passwords().verify(password, PASSWORD),
            len(await storage.sessions.of(account.id)),
            len(await storage.keys.list(account.user_id)),
            len(await storage.identities.of(account.id)),
        )

    assert (reset.returncode, reset.stderr) == (0, "")
    said, link = reset.stdout.splitlines()
    assert said.endswith("Taken away as well: 1 API key, 1 linked sign-in.")
    ticket = await storage.tickets.look(hash_of(link.partition("/reset#")[2]) or b"")
    assert ticket is not None
    assert ticket.user_id == bob.user_id
    assert await ways_in(bob) == (False, 0, 0, 0)
    assert await ways_in(root) == (True, 1, 1, 1)
    acts = [entry.act for entry in await storage.audit.page(AuditFilter(), limit=10)]
    assert [(act.action.value, act.subject) for act in acts] == [
        ("identity-unlinked", "Bob"),
        ("key-revoked", "key:1"),
        ("reset-offered", bob.user_id),
    ]
    assert acts[-1].details == {"everything": "yes"}


@pytest.mark.parametrize("command", ["disable", "enable", "admin", "reset"])
async def test_an_unknown_account_is_said(tmp_path: Path, collab: Collab, command: str) -> None:
    await to_thread.run_sync(lambda: add(tmp_path, "ada@example.org"))
    outcome = await to_thread.run_sync(collab, "user", command, "nobody@example.org")

    assert outcome.returncode == 1
    assert outcome.stderr == (
        "error: no account has the e-mail 'nobody@example.org'; `collab user list` shows all of them\n"
    )
