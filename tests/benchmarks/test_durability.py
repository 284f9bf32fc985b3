from benchmarks.commits import Pace
from benchmarks.durability import Durability, durability_table
from benchmarks.kills import Death, Deaths, KillPlan


def test_table_tells_what_was_lost_and_how_old_the_oldest_was() -> None:
    deaths = Deaths([Death(100, 90, 0.010), Death(200, 200, 0.0), Death(300, 290, 0.030)], lost=3)
    pace = Pace(5_000, commits=38.9, p50=0.015, p99=0.040, server_share=0.6, others_share=0.1)

    lines = durability_table([Durability("SQLite", deaths, [pace])], KillPlan(3, 2.0)).splitlines()

    assert "| SQLite | 3 | 600 | 580 | **3** | 10.0 ms | 30.0 ms |" in lines
    assert "| SQLite | 5,000 | 38.9 | 15.0 ms | 40.0 ms | 60% | 10% |" in lines
