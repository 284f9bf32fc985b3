"""What a server said, decoded as its clients do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from collab.protocol.awareness import decode_awareness
from collab.protocol.lib0 import Reader
from collab.protocol.messages import AwarenessEntry


@dataclass(frozen=True)
class Step1:
    state_vector: bytes


@dataclass(frozen=True)
class Step2:
    update: bytes


@dataclass(frozen=True)
class Update:
    update: bytes


@dataclass(frozen=True)
class States:
    """Presence; one without entries is a keep-alive."""

    entries: tuple[AwarenessEntry, ...]

    @property
    def states(self) -> dict[int, str]:
        return {entry.client_id: entry.state for entry in self.entries}


@dataclass(frozen=True)
class Status:
    saved: bool


@dataclass(frozen=True)
class Message:
    """A message of the application."""

    payload: str


@dataclass(frozen=True)
class LetIn:
    scope: str


@dataclass(frozen=True)
class AskedForToken:
    pass


@dataclass(frozen=True)
class Denied:
    reason: str


@dataclass(frozen=True)
class Pong:
    pass


Heard = Step1 | Step2 | Update | States | Status | Message | LetIn | AskedForToken | Denied | Pong
KEEP_ALIVE = States(())
Kind = TypeVar("Kind")


def ywebsocket(payload: bytes) -> Heard:
    """Decode what a y-websocket server said."""
    reader = Reader(payload)
    said = _say(reader.var_uint(), reader)
    reader.end()
    return said


def hocuspocus(payload: bytes) -> tuple[str, Heard]:
    """Decode what a Hocuspocus server said, and to which address."""
    if payload == b"\x0a":
        return "", Pong()
    reader = Reader(payload)
    address = reader.var_string()
    said = _say(reader.var_uint(), reader)
    reader.end()
    return address, said


def _say(kind: int, reader: Reader) -> Heard:
    if kind == 0:
        step = reader.var_uint()
        content = reader.var_bytes()
        return Step1(content) if step == 0 else Step2(content) if step == 1 else Update(content)
    if kind == 1:
        return States(decode_awareness(reader.var_bytes()).entries)
    if kind == 2:
        answer = reader.var_uint()
        if answer == 0:
            return AskedForToken()
        text = reader.var_string()
        return Denied(text) if answer == 1 else LetIn(text)
    if kind == 5:
        return Message(reader.var_string())
    if kind == 8:
        return Status(bool(reader.var_uint()))
    raise AssertionError(f"the server said something of type {kind}, which no client understands")


def only(kind: type[Kind], said: Iterable[object]) -> list[Kind]:
    """Keep what is of this kind."""
    return [each for each in said if isinstance(each, kind)]
