"""What a room tells of a heavy document, encoded by a process of its own from the log, and not from the replica that everybody uses.

Whoever asks is in the room and hears each edit since, so an answer need only hold what was flushed when it was asked for. All that is in
the log once it is committed. Those who ask while one answer is worked on share the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Final, Protocol

import anyio
import structlog

from collab.errors import CollabError, ServerDraining
from collab.ports import DocumentName
from collab.protocol.messages import EMPTY_STATE_VECTOR
from collab.rooms.answers import Question
from collab.rooms.flush import Flush
from collab.rooms.room import Room

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0
"""Seconds that those who ask wait for the log. A database that is there is quicker; without one the replica must do, and everybody wait."""


class Source(Protocol):
    """What encoding asks of the hub."""

    async def diffs(self, name: DocumentName, state_vectors: frozenset[bytes]) -> Mapping[bytes, bytes]:
        """Return what lacks, of the document in the log, to somebody with each of these state vectors."""
        ...

    def start(self, work: Callable[[], Coroutine[object, object, None]], name: str) -> None:
        """Run a coroutine function in the hub's task group."""
        ...


class Encoding:
    """The answers of one room that take long."""

    __slots__ = ("_carry_out", "_give_up", "_is_under_way", "_name", "_readers", "_room", "_source", "_until_saved")

    def __init__(
        self,
        name: DocumentName,
        room: Room,
        source: Source,
        until_saved: Callable[[], Awaitable[None]],
        carry_out: Callable[[Flush], None],
        give_up: Callable[[], None],
    ) -> None:
        """Begin with nothing to do.

        `until_saved` waits until all that was flushed is in the log; `carry_out` takes what comes of an answer; `give_up` closes the room.
        """
        self._name = name
        self._room = room
        self._source = source
        self._until_saved = until_saved
        self._carry_out = carry_out
        self._give_up = give_up
        self._readers: list[asyncio.Future[bytes]] = []
        self._is_under_way = False

    def begin(self) -> None:
        """Work on what was put off, if there is anything."""
        if not self._is_under_way and (self._room.has_put_off or self._readers):
            self._is_under_way = True
            self._source.start(self._run, f"encode {self._name}")

    async def state(self) -> bytes:
        """Return the whole document as one update, with everything flushed by now. Raises what `Room.state` does.

        Raises `ServerDraining` too, and `CollabError` when the room fails meanwhile.
        """
        reader: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._readers.append(reader)
        self.begin()
        return await reader

    async def _run(self) -> None:
        try:
            while self._room.has_put_off or self._readers:
                await self._answer_those_who_wait()
        except Exception:
            log.exception("a heavy document was not encoded; its room is closed", document=self._name)
            self._turn_away(CollabError("the room failed; come back in a moment"))
            self._give_up()
        finally:
            self._is_under_way = False
            self._turn_away(ServerDraining("the server is going down"))

    async def _answer_those_who_wait(self) -> None:
        questions = self._room.take_put_off()
        readers, self._readers = self._readers, []
        edition = self._room.edition
        wanted = {state_vector for _, state_vector in questions}
        if readers:
            wanted.add(EMPTY_STATE_VECTOR)
        try:
            diffs = self._known(wanted)
            if lacking := wanted - diffs.keys():
                diffs |= await self._diffs(frozenset(lacking))
            if EMPTY_STATE_VECTOR in diffs:
                self._room.remember(diffs[EMPTY_STATE_VECTOR], edition)
            await self._answer(questions, diffs)
        except BaseException:
            self._readers[:0] = readers  # to be turned away with those who came meanwhile
            raise
        for reader in readers:
            if not reader.done():  # nor gone
                self._tell(reader, diffs)

    def _known(self, wanted: set[bytes]) -> dict[bytes, bytes]:
        """Return what need not be encoded: those who asked before may have had it encoded."""
        if EMPTY_STATE_VECTOR not in wanted or self._room.needs_rebuild or self._room.is_slow_to_read:
            return {}
        return {EMPTY_STATE_VECTOR: self._room.state()}

    async def _answer(self, questions: list[Question], diffs: Mapping[bytes, bytes]) -> None:
        """Answer all of these, others having their turn in between."""
        while questions:
            flush, questions = self._room.answer(questions, diffs, asyncio.get_running_loop().time())
            self._carry_out(flush)
            if questions:
                await asyncio.sleep(0)

    async def _diffs(self, wanted: frozenset[bytes]) -> Mapping[bytes, bytes]:
        """Return what was encoded elsewhere: nothing where the log is not at hand."""
        try:
            with anyio.fail_after(PATIENCE):
                await self._until_saved()
            return await self._source.diffs(self._name, wanted)
        except (CollabError, TimeoutError) as error:
            log.warning("a heavy document is encoded at once", document=self._name, error=str(error))
            return {}

    def _turn_away(self, error: CollabError) -> None:
        """Tell those who still wait that nothing comes."""
        readers, self._readers = self._readers, []
        for reader in readers:
            if not reader.done():
                reader.set_exception(error)

    def _tell(self, reader: "asyncio.Future[bytes]", diffs: Mapping[bytes, bytes]) -> None:
        try:
            reader.set_result(diffs.get(EMPTY_STATE_VECTOR) or self._room.state())
        except CollabError as error:
            reader.set_exception(error)
