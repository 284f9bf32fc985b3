"""The formats of text in two states at once, as a walk through its items finds them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from collab.content.changes import Change, KeyChange
from collab.protocol.items import Id

_ENDED: Final = "null"


@dataclass(frozen=True, slots=True)
class _Mark:
    """The item that says how the text behind it looks."""

    json: str
    unit: Id
    is_new: bool


@dataclass(slots=True)
class Formats:
    """Which formats hold at one place of a text."""

    _was: dict[str, _Mark] = field(default_factory=dict)
    _now: dict[str, _Mark] = field(default_factory=dict)

    def pass_by(self, key: str, json: str, unit: Id, change: Change) -> None:
        """Take note of an item that sets a format of the text behind it, in the states that it is in."""
        mark = _Mark(json, unit, change is Change.ADDED)
        if change is not Change.ADDED:
            self._was[key] = mark
        if change is not Change.REMOVED:
            self._now[key] = mark

    def of(self, change: Change) -> tuple[KeyChange, ...]:
        """Return the formats of text that became of this: those that it has or had, or where it was kept those that changed."""
        if change is Change.ADDED:
            return tuple(
                KeyChange(key, None, mark.json, written=mark.unit)
                for key, mark in sorted(self._now.items())
                if mark.json != _ENDED
            )
        if change is Change.REMOVED:
            return tuple(
                KeyChange(key, mark.json, None) for key, mark in sorted(self._was.items()) if mark.json != _ENDED
            )
        return tuple(self._changed())

    def _changed(self) -> Iterator[KeyChange]:
        for key in sorted(self._was.keys() | self._now.keys()):
            was, now = self._was.get(key), self._now.get(key)
            before, after = _value(was), _value(now)
            if before != after:
                written = now.unit if now is not None and now.is_new else None
                yield KeyChange(key, before, after, written, None if was is None else was.unit)


def _value(mark: _Mark | None) -> str | None:
    return None if mark is None or mark.json == _ENDED else mark.json
