"""The fuzzer's targets over what they begin with, and over that with bytes changed: as much of `make fuzz` as needs no fuzzer."""

import random

import pytest

from fuzz.seeds import seeds_of
from fuzz.targets import TARGETS

CHANGED = 150
"""Changed inputs for each seed."""

EACH_TARGET = pytest.mark.parametrize("target", TARGETS)


@EACH_TARGET
def test_a_target_takes_its_seeds_and_what_is_made_of_them(target: str) -> None:
    chance = random.Random(1)
    seeds = seeds_of(target)
    assert seeds
    for seed in seeds:
        TARGETS[target](seed)
        for _ in range(CHANGED):
            TARGETS[target](changed(seed, chance))


def changed(seed: bytes, chance: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
    return bytes(data)


@pytest.mark.parametrize(
    ("target", "find"),
    [
        pytest.param("authorship", "01020701020100000701030101000000", id="a client that comes twice"),
    ],
)
def test_what_was_found_is_mended(target: str, find: str) -> None:
    TARGETS[target](bytes.fromhex(find))
