"""The durability benchmark finds what is lost: otherwise its zero would mean nothing."""

import sqlite3

import pytest
from pycrdt import Doc, Text

from benchmarks.databases import Content, Database, sqlite_database
from benchmarks.failures import RunFailed
from benchmarks.kills import Death, Deaths, KillPlan, Ledger, kill_again_and_again
from benchmarks.workload import ROOT, Script, Workload, write_scripts

FIRST, SECOND = write_scripts(Workload(writers=2, rate=10, seconds=1, warm_up=0))
PLAN = KillPlan(kills=2, seconds=0.5, seed=2)  # both late: 95 updates each
CUT = 2
"""Rows of the log; each holds what was typed in a tenth of a second."""


def content(held: dict[Script, int]) -> Content:
    document: Doc[Text] = Doc()
    text = document.get(ROOT, type=Text)
    for script, count in held.items():
        for update in script.updates[:count]:
            document.apply_update(update)
    return Content({script.client_id: count for script, count in held.items()}, str(text))


def ledger() -> Ledger:
    """Eight updates of the first script and five of the second were acknowledged."""
    ledger = Ledger()
    ledger.add(FIRST, 8)
    ledger.add(SECOND, 5)
    return ledger


def test_ledger_finds_everything_where_more_is_held_than_was_acknowledged() -> None:
    checked = ledger()
    checked.look(content({FIRST: 9, SECOND: 5}))
    assert checked.lost == 0


@pytest.mark.parametrize(
    ("held", "lost"), [({FIRST: 8, SECOND: 3}, 2), ({FIRST: 9, SECOND: 4}, 1), ({FIRST: 8}, 5), ({SECOND: 10}, 8)]
)
def test_ledger_counts_what_is_missing_of_each_life(held: dict[Script, int], lost: int) -> None:
    checked = ledger()
    checked.look(content(held))
    assert checked.lost == lost


def test_ledger_does_not_forget_what_was_missing_once() -> None:
    checked = ledger()
    checked.look(content({FIRST: 8, SECOND: 4}))
    checked.look(content({FIRST: 8, SECOND: 5}))
    assert checked.lost == 1


def test_ledger_refuses_a_text_that_its_updates_do_not_spell() -> None:
    held = content({FIRST: 8, SECOND: 5})
    with pytest.raises(RunFailed, match="not what its updates spell"):
        ledger().look(Content(held.state_vector, held.text[1:]))


async def kill(database: Database) -> Deaths:
    seen: list[Death] = []
    deaths = await kill_again_and_again(database, PLAN, lambda death, _: seen.append(death))
    assert seen == deaths.each
    return deaths


async def test_killed_server_has_lost_nothing_that_it_acknowledged() -> None:
    async with sqlite_database() as database:
        deaths = await kill(database)
    assert len(deaths.each) == PLAN.kills
    assert deaths.acknowledged > 0
    assert deaths.lost == 0


class ForgetfulDatabase(Database):
    """A database that loses its last rows when the server dies, as one does that had not written them to the disk."""

    async def content(self, name: str) -> Content:
        connection = sqlite3.connect(self.scratch / "collab.db")
        with connection:
            connection.execute("DELETE FROM updates WHERE id > (SELECT max(id) FROM updates) - ?", (CUT,))
        connection.close()
        return await super().content(name)


async def test_updates_that_the_database_lost_are_found() -> None:
    async with sqlite_database() as sound:
        deaths = await kill(ForgetfulDatabase(sound.label, sound.url, sound.scratch))
    assert 0 < deaths.lost < deaths.acknowledged
