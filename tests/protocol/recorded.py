"""The frames that real clients and servers were recorded sending, and what `lib0` itself read from them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collab.protocol import hocuspocus, ywebsocket
from collab.protocol.messages import (
    Authenticate,
    Awareness,
    AwarenessEntry,
    Leave,
    Ping,
    Pong,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)

_FOLDER = Path(__file__).parent / "vectors"

Decoded = hocuspocus.Addressed | hocuspocus.HocuspocusMessage | ywebsocket.YWebsocketMessage | Ping | Pong


@dataclass(frozen=True)
class Recorded:
    """One frame of a recorded conversation."""

    source: str
    number: int
    dialect: str
    step: str
    sender: str
    meaning: dict[str, Any]
    frame: bytes

    def __str__(self) -> str:
        return f"{self.source}-{self.number}-{self.meaning['type'].replace(' ', '-')}"

    def decode(self) -> Decoded:
        """Read the frame as our server does."""
        return decode(self.dialect, self.frame)


def decode(dialect: str, frame: bytes) -> Decoded:
    return hocuspocus.decode(frame) if dialect == "hocuspocus" else ywebsocket.decode(frame)


def _read_all() -> Iterator[Recorded]:
    for path in sorted(_FOLDER.glob("*.json")):
        conversation = json.loads(path.read_text())
        for number, line in enumerate(conversation["frames"]):
            yield Recorded(
                source=path.stem,
                number=number,
                dialect=conversation["dialect"],
                step=line["step"],
                sender=line["from"],
                meaning=line["message"],
                frame=bytes.fromhex(line["hex"]),
            )


RECORDED = tuple(_read_all())
FROM_CLIENTS = tuple(recorded for recorded in RECORDED if recorded.sender == "client")
FROM_SERVERS = tuple(recorded for recorded in RECORDED if recorded.sender == "server")


def distinct(frames: tuple[Recorded, ...]) -> tuple[Recorded, ...]:
    """Leave out frames whose bytes came before in the same dialect."""
    return tuple({(recorded.dialect, recorded.frame): recorded for recorded in reversed(frames)}.values())


def entries_of(meaning: dict[str, Any]) -> list[AwarenessEntry]:
    return [AwarenessEntry(*entry) for entry in meaning["entries"]]


def expected_message(recorded: Recorded) -> Decoded:
    """Build what a client's frame must decode to, from what `lib0` read."""
    meaning = recorded.meaning
    address = meaning.get("address")
    message: hocuspocus.HocuspocusMessage | ywebsocket.YWebsocketMessage = _MESSAGES[meaning["type"]](meaning)
    if address is None:
        return message
    return hocuspocus.Addressed(address, message)


_MESSAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "sync step 1": lambda meaning: SyncStep1(bytes.fromhex(meaning["state_vector"])),
    "sync step 2": lambda meaning: SyncStep2(bytes.fromhex(meaning["update"])),
    "update": lambda meaning: SyncUpdate(bytes.fromhex(meaning["update"])),
    "awareness": lambda meaning: Awareness(tuple(entries_of(meaning))),
    "authenticate": lambda meaning: Authenticate(meaning["token"], meaning["version"]),
    "query awareness": lambda meaning: QueryAwareness(),
    "stateless": lambda meaning: Stateless(meaning["payload"]),
    "leave": lambda meaning: Leave(),
    "ping": lambda meaning: Ping(),
    "pong": lambda meaning: Pong(),
}
