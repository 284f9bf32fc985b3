"""Bytes that all clients together may have under way."""

import pytest

from collab.errors import ServerBusy
from collab.protocol.budget import Budget


def test_what_finds_no_room_is_refused_and_not_counted() -> None:
    budget = Budget(100, "things")
    budget.take(60)

    with pytest.raises(ServerBusy, match="41 bytes came while 60 are kept of things; 100 are allowed"):
        budget.take(41)
    budget.take(40)


def test_what_is_given_back_makes_room() -> None:
    budget = Budget(100, "things")
    budget.take(100)
    budget.give_back(30)

    budget.take(30)
    with pytest.raises(ServerBusy):
        budget.take(1)
