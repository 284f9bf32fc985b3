"""Each workload that is not typing, small, on the server itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import openings, throughput
from benchmarks.contenders import OURS, OURS_TO_HOCUSPOCUS_CLIENTS, Contender
from benchmarks.failures import GeneratorBusy, RunFailed
from benchmarks.openings import Rush
from benchmarks.rounds import Stand, started
from tests.benchmarks.test_rounds import contender, listening


def stand(contender: Contender, directory: Path) -> Stand:
    return Stand(contender, "room", lambda: started(contender.server, directory), directory)


@pytest.mark.parametrize("door", [OURS, OURS_TO_HOCUSPOCUS_CLIENTS], ids=lambda door: door.label)
async def test_all_who_come_at_once_get_the_whole_document(door: Contender, tmp_path: Path) -> None:
    outcome = await openings.trial(Rush(clients=5, within=0.05))(stand(door, tmp_path))
    assert 0 < outcome.longest < 10


LISTENER = contender("listener", listening)
OUTCOME = throughput.Outcome(20_000, 0.01, 0.05, 0.5, 0.4, 0.0)


@pytest.mark.parametrize(
    ("end", "best"),
    [
        (replace(OUTCOME, deliveries=80_000, p99=0.3), replace(OUTCOME, deliveries=40_000)),
        (RunFailed("119 of 120 clients have every edit"), replace(OUTCOME, deliveries=40_000)),
        (GeneratorBusy("the generator took 90%"), replace(OUTCOME, deliveries=40_000, has_more=True)),
    ],
)
async def test_throughput_is_that_of_the_last_rate_before_the_end(
    end: throughput.Outcome | RunFailed,
    best: throughput.Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results = iter([OUTCOME, replace(OUTCOME, deliveries=40_000), end])

    async def measured(*_: object) -> throughput.Outcome:
        result = next(results)
        if isinstance(result, RunFailed):
            raise result
        return result

    monkeypatch.setattr(throughput, "_at", measured)
    monkeypatch.setattr(throughput, "_SETTLING_SECONDS", 0)
    assert await throughput.trial(1.0)(stand(LISTENER, tmp_path)) == best
