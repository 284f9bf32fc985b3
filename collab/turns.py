"""Turns, for what must not be done to one document twice at once."""

from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from anyio import Lock

Key = TypeVar("Key", bound=Hashable)


class Turns(Generic[Key]):
    """A lock for each key, as long as somebody holds it or waits for it; whoever came first has the first turn."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Key, Lock] = WeakValueDictionary()

    def of(self, key: Key) -> Lock:
        """Return the lock of a key."""
        return self._locks.setdefault(key, Lock())
