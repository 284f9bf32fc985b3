import re

from benchmarks.machine import cpu_model, machine
from benchmarks.report import alone

CORES = """\
processor\t: 0
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1

processor\t: 1
model\t\t: 18
model name\t: another
"""


def test_processor_is_told_with_its_family_and_model() -> None:
    assert cpu_model(CORES.splitlines()) == "AMD EPYC, cpu family 25, model 17"


def test_processor_that_is_not_told_of_is_nothing() -> None:
    assert cpu_model(["Hardware\t: BCM2835"]) == ""


def test_line_of_every_section_tells_how_fast_the_machine_is() -> None:
    assert re.search(r"\d+ cores \(.+; a loop of 1,000,000 turns takes \d+ ms\), ", machine())
    assert machine() in alone()
