"""What is made of the lags that a server counts while somebody types."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from benchmarks.lag import Beside, Looks, Outcome, lag_table, program
from benchmarks.processes import HOST

FIGURES = """\
# HELP collab_event_loop_lag_seconds By how much the event loop came late to a timer.
# TYPE collab_event_loop_lag_seconds histogram
collab_event_loop_lag_seconds_bucket{{le="0.005"}} {0}
collab_event_loop_lag_seconds_bucket{{le="0.01"}} {1}
collab_event_loop_lag_seconds_bucket{{le="0.05"}} {2}
collab_event_loop_lag_seconds_bucket{{le="+Inf"}} {3}
collab_event_loop_lag_seconds_count {3}
collab_event_loop_lag_seconds_sum 1.5
"""


class Figures(http.server.BaseHTTPRequestHandler):
    counts = (0, 0, 0, 0)

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(FIGURES.format(*type(self).counts).encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the standard library's name
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer((HOST, 0), Figures) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ((20, 20, 20, 20), (0.005, 0)),
        ((20, 22, 22, 22), (0.01, 0)),
        ((20, 22, 25, 25), (0.05, 3)),
        ((20, 22, 25, 26), (float("inf"), 4)),
    ],
)
def test_the_bound_is_the_least_that_no_look_exceeded(
    port: int, counts: tuple[int, int, int, int], found: tuple[float, int]
) -> None:
    Figures.counts = (10, 10, 10, 10)
    before = Looks(port)
    Figures.counts = counts

    assert Looks(port).since(before) == found


def test_the_table_has_a_line_for_each_visit_with_the_median_and_the_largest_of_its_rounds() -> None:
    visits = [
        Beside(0, "nothing", 3.0, 0.002, 0, [0.001]),
        Beside(16, "open", 1.25, float("inf"), 2, [0.001] * 99 + [0.5]),
        Beside(0, "nothing", 3.0, 0.002, 0, [0.001]),
        Beside(16, "open", 1.0, 0.005, 0, [0.001] * 100),
        Beside(16, "open", 2.0, 0.01, 1, [0.001] * 100),
    ]

    lines = lag_table(Outcome(visits, generator_share=0.2, others_share=0.1)).splitlines()

    assert "; 3 times each, " in lines[0]
    assert lines[-2:] == [
        "| - | nothing | 3.00 s | 3.00 s | 2 ms | 2 ms | 0 | 1.0 ms | 1.0 ms |",
        "| 5 MB | open | 1.25 s | 2.00 s | 10 ms | more | 3 | 1.0 ms | 500.0 ms |",
    ]


def test_many_come_at_once_to_the_document_of_5_mb_and_not_to_the_largest() -> None:
    made = [pages for pages, visit in program() if visit.title == "open, 20 within 0.2 s"]
    assert made == [1, 16]
