"""What is fuzzed: each target takes any bytes, and raises only where something is wrong with the program.

Refusing bytes is right. What is read has to come out the same when it is written and read once more.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from collab.content.comparing import compare
from collab.errors import CollabError, ContentError, InvalidName, ProtocolError, UpdateError
from collab.protocol import hocuspocus, ywebsocket
from collab.protocol.any_values import read_values
from collab.protocol.awareness import decode_awareness, encode_awareness
from collab.protocol.budget import PIECE_BYTES, Budget
from collab.protocol.frame_reader import FrameReader
from collab.protocol.items import items_of, read_items
from collab.protocol.lib0 import Reader, var_bytes, var_string, var_uint
from collab.protocol.limits import DEFAULTS
from collab.protocol.names import check_document_name
from collab.protocol.structs import read_structs, write_structs
from collab.protocol.surrogates import part_texts, read_seams
from collab.protocol.updates import (
    covers,
    decode_delete_set,
    decode_state_vector,
    encode_state_vector,
)
from collab.rooms.authorship import Authorship
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica

Target = Callable[[bytes], None]

MAX_MESSAGE_BYTES: Final = 512


def lib0(data: bytes) -> None:
    """Variable-length integers, bytes and strings."""
    with suppress(ProtocolError):
        reader = Reader(data)
        number, raw, text = reader.var_uint(), reader.var_bytes(), reader.var_string()
        again = Reader(var_uint(number) + var_bytes(raw) + var_string(text))
        assert (again.var_uint(), again.var_bytes(), again.var_string()) == (number, raw, text)
        again.end()


def y_websocket_frame(data: bytes) -> None:
    """Messages of y-websocket clients."""
    with suppress(ProtocolError):
        ywebsocket.decode(data)


def hocuspocus_frame(data: bytes) -> None:
    """Messages of Hocuspocus clients."""
    with suppress(ProtocolError):
        hocuspocus.decode(data)


def websocket_frames(data: bytes) -> None:
    """WebSocket frames: however they are cut, the same is read from them, or the same is wrong with them."""
    assert _read(data, len(data) + 1) == _read(data, 3)


def _read(data: bytes, size: int) -> object:
    reader, events = (
        FrameReader(MAX_MESSAGE_BYTES, Budget(2 * MAX_MESSAGE_BYTES + PIECE_BYTES * len(data), "halves")),
        list[object](),
    )
    try:
        for start in range(0, len(data), size):
            events += reader.feed(data[start : start + size])
    except CollabError as error:
        return type(error)
    return events


def awareness(data: bytes) -> None:
    """Presence."""
    with suppress(ProtocolError):
        entries = decode_awareness(data)
        assert decode_awareness(encode_awareness(entries.entries)) == entries


def document_name(data: bytes) -> None:
    """Names of documents."""
    with suppress(InvalidName, UnicodeDecodeError):
        name = check_document_name(data.decode())
        assert check_document_name(name) == name


def state_vector(data: bytes) -> None:
    """State vectors."""
    with suppress(ProtocolError):
        decoded = decode_state_vector(data)
        assert decode_state_vector(encode_state_vector(decoded)) == decoded


def delete_set(data: bytes) -> None:
    """Deletions."""
    with suppress(ProtocolError):
        deleted = decode_delete_set(data, DEFAULTS.update_entries)
        assert covers(deleted, deleted)


def structs(data: bytes) -> None:
    """The screening of updates."""
    with suppress(ProtocolError):
        read = read_structs(data, DEFAULTS)
        again = read_structs(write_structs(read.runs, read.deletions))
        assert (sorted(again.runs, key=repr), again.deletions) == (sorted(read.runs, key=repr), read.deletions)


def seams(data: bytes) -> None:
    """Where updates part what they build upon: parted at all of its pairs, an update is as long as it was."""
    with suppress(ProtocolError):
        read = read_structs(data, DEFAULTS)
        _, texts = read_seams(data)
        parted = part_texts(data, texts, {seam for text in texts for seam in text.seams()})
        assert read_seams(parted)[1] == []
        assert [(run.start, run.end) for run in read_structs(parted).runs] == [
            (run.start, run.end) for run in read.runs
        ]


def items(data: bytes) -> None:
    """The items of a state, for histories."""
    with suppress(ProtocolError):
        found, _ = read_items(data)
        for client, own in found.items():
            assert items_of(data, client) == own


def values(data: bytes) -> None:
    """Values of lists and maps."""
    with suppress(ProtocolError):
        read_values(data)


def authorship(data: bytes) -> None:
    """Who delivered what, as it stands in snapshots."""
    with suppress(ProtocolError):
        known = Authorship(data)
        assert Authorship(known.encode()).encode() == known.encode()


def comparison(data: bytes) -> None:
    """Two states of a document, the earlier one empty, put into their order."""
    with suppress(ProtocolError, UpdateError, ContentError):
        compare(b"\x00\x00", data)


def document(data: bytes) -> None:
    """Updates that have passed the screening, given to the CRDT: what was taken in can be loaded again."""
    live = Document()
    log: list[bytes] = []
    with suppress(PoisonedReplica):
        size = max(1, data[0]) if data else 1
        for start in range(1, len(data), size):
            log += live.apply([data[start : start + size]]).append
        state = live.state()
        assert Document(log).state_vector() == live.state_vector()
        again = Document(snapshot=state)  # its state may be cut into other structs
        assert again.holds(state)
        assert live.holds(again.state())


TARGETS: Final[dict[str, Target]] = {
    target.__name__: target
    for target in (
        lib0,
        y_websocket_frame,
        hocuspocus_frame,
        websocket_frames,
        awareness,
        document_name,
        state_vector,
        delete_set,
        structs,
        seams,
        items,
        values,
        authorship,
        comparison,
        document,
    )
}
