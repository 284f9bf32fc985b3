"""A room: the sessions that edit one document, and what a flush makes of what they said.

What arrives is only collected (`receive`). A `flush` applies it all in one CRDT transaction, encodes the outcome once for each dialect, and
hands the same bytes to every session; it returns what must be committed, and whom to tell once that is done. Order within a flush:
edits, then presence, then the answers to those who asked, which therefore hold everything before them.

When the CRDT panics its replica is lost. The room then waits for another one (`rebuild`), keeps collecting meanwhile, and afterwards
applies each edit that was under way by itself, so that exactly the one that breaks it is found, and its session ended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collab.errors import CollabError, LimitExceeded, ProtocolError, UpdateError
from collab.protocol.dialect import Dialect
from collab.protocol.frames import Frame
from collab.protocol.messages import (
    EMPTY_STATE_VECTOR,
    Awareness,
    QueryAwareness,
    RoomMessage,
    Stateless,
    SyncStep1,
)
from collab.protocol.updates import decode_state_vector
from collab.rooms.document import Document, PoisonedReplica
from collab.rooms.presence import Presence
from collab.rooms.session import Session, Writer

MAX_STATE_VECTOR_BYTES: Final = 1024 * 1024
"""A client takes about seven of them; so many never wrote in one document."""

MAX_QUESTIONS_BEHIND: Final = 8
"""State vectors that are kept for a session that does not read; a client asks when it connects, and seldom again."""

_TOO_MANY_QUESTIONS: Final = f"more than {MAX_QUESTIONS_BEHIND} state vectors came from a client that does not read"


@dataclass(frozen=True, slots=True)
class Offence:
    """A writer whose message cannot be borne, and why; a session is to be ended."""

    writer: Writer
    error: CollabError


@dataclass(frozen=True, slots=True)
class Flush:
    """What follows from one flush."""

    append: tuple[bytes, ...]
    """Updates for the log."""

    acknowledge: tuple[Writer, ...]
    """Who is to be told `saved`, once for each edit, when these updates and all before them are committed."""

    offences: tuple[Offence, ...]


class _Audience:
    """The sessions of one room that receive the same bytes."""

    __slots__ = ("dialect", "sessions", "spoke_at")

    def __init__(self, dialect: Dialect, now: float) -> None:
        self.dialect = dialect
        self.sessions: dict[Session, None] = {}
        self.spoke_at = now


class Room:
    """The live state of one document."""

    def __init__(self, document: Document, *, keep_alive_interval: float, stuck_timeout: float) -> None:
        """Make a room around a loaded replica; both times are in seconds."""
        self._document: Document | None = document
        self._presence = Presence()
        self._audiences: dict[Dialect, _Audience] = {}
        self._edits: list[tuple[Writer, bytes]] = []
        self._readers_edits: list[tuple[Session, bytes]] = []
        self._joined: list[Session] = []
        self._questions: list[tuple[Session, bytes]] = []
        self._curious: dict[Session, None] = {}
        """Who is to be told who is here."""
        self._messages: list[tuple[Session, str]] = []
        self._behind: dict[Session, list[bytes]] = {}
        """Who gets nothing more until it has drained, with the state vectors that it asked with meanwhile."""
        self._one_by_one = False
        self._keep_alive_interval = keep_alive_interval
        self._stuck_timeout = stuck_timeout

    # Who is here

    @property
    def sessions(self) -> list[Session]:
        """Return the sessions of all dialects."""
        return [session for audience in self._audiences.values() for session in audience.sessions]

    @property
    def readers(self) -> int:
        """Return how many sessions each flush goes to."""
        return sum(len(audience.sessions) for audience in self._audiences.values())

    def join(self, session: Session, now: float) -> None:
        """Let a session in; the next flush greets it."""
        audience = self._audiences.setdefault(session.dialect, _Audience(session.dialect, now))
        audience.sessions[session] = None
        self._joined.append(session)

    def leave(self, session: Session) -> None:
        """Let a session go, with its presence. Its edits that wait for the next flush are applied all the same."""
        audience = self._audiences.get(session.dialect)
        if audience is None or session not in audience.sessions:
            return
        session.has_left = True
        del audience.sessions[session]
        if not audience.sessions:
            del self._audiences[session.dialect]
        self._presence.leave(session)
        self._behind.pop(session, None)
        self._joined = [other for other in self._joined if other is not session]
        self._questions = [question for question in self._questions if question[0] is not session]
        self._curious.pop(session, None)
        self._readers_edits = [edit for edit in self._readers_edits if edit[0] is not session]

    # What is said

    def receive(self, session: Session, message: RoomMessage) -> None:
        """Take in a message of a session that has joined.

        Raises `ProtocolError` or `LimitExceeded` when the session must end for it; others are not affected.
        """
        match message:
            case SyncStep1(state_vector):
                _check_state_vector(state_vector)
                self._questions.append((session, state_vector))
            case Awareness(entries):
                self._presence.announce(session, entries)
            case QueryAwareness():
                self._curious[session] = None
            case Stateless(payload):
                if session.rights.may_write:
                    self._messages.append((session, payload))
            case _ if session.rights.may_write:
                self._edits.append((session, message.update))
            case _:
                self._readers_edits.append((session, message.update))

    def edit(self, writer: Writer, update: bytes) -> None:
        """Take in an edit from somebody who is no session here."""
        self._edits.append((writer, update))

    # What comes of it

    def flush(self, now: float) -> Flush:
        """Apply and pass on everything received since the last flush. Does nothing while `needs_rebuild`."""
        if self._document is None:
            return Flush((), (), ())
        offences: list[Offence] = []
        append, acknowledge = self._apply_edits(self._document, offences, now)
        presence = self._presence.changes()
        if presence is not None:
            self._broadcast(lambda dialect: dialect.awareness(presence), now)
        self._pass_messages_on(now)
        if self._document is not None:
            acknowledge += self._judge_readers_edits(self._document)
        if self._document is not None:
            self._greet(self._document)
            self._tell_who_is_here(now)
            self._answer(self._document, offences, now)
        return Flush(tuple(append), tuple(acknowledge), tuple(offences))

    def _apply_edits(self, document: Document, offences: list[Offence], now: float) -> tuple[list[bytes], list[Writer]]:
        edits, self._edits = self._edits, []
        batches = [[edit] for edit in edits] if self._one_by_one else [edits] if edits else []
        append: list[bytes] = []
        acknowledge: list[Writer] = []
        while batches:
            batch = batches.pop(0)
            try:
                applied = document.apply([update for _, update in batch])
            except PoisonedReplica as error:
                self._lose_replica(batch, [edit for later in batches for edit in later], offences, error)
                return append, acknowledge
            append += applied.append
            if applied.broadcast is not None:
                self._broadcast_update(applied.broadcast, now)
            for index, (writer, _) in enumerate(batch):
                if index not in applied.refused:
                    acknowledge.append(writer)
                elif not writer.refused():
                    offences.append(Offence(writer, applied.refused[index]))
        self._one_by_one = False
        return append, acknowledge

    def _lose_replica(
        self,
        batch: list[tuple[Writer, bytes]],
        later: list[tuple[Writer, bytes]],
        offences: list[Offence],
        error: PoisonedReplica,
    ) -> None:
        self._document = None
        self._one_by_one = True
        if len(batch) == 1:
            culprit = batch[0][0]
            # An update error, for another try cannot mend it: a client that came back with it would cost everybody a rebuild each time.
            offences.append(Offence(culprit, UpdateError(str(error))))
            self._edits = [edit for edit in later if edit[0] is not culprit] + self._edits
        else:
            self._edits = batch + later + self._edits

    def _judge_readers_edits(self, document: Document) -> list[Writer]:
        """Refuse what brings something new; what does not is the state a reader sends back when it connects."""
        edits, self._readers_edits = self._readers_edits, []
        known: list[Writer] = []
        for index, (session, update) in enumerate(edits):
            try:
                nothing_new = document.holds(update)
            except UpdateError:
                nothing_new = False
            except PoisonedReplica:
                self._document = None
                self._readers_edits = edits[index + 1 :]  # for another replica to judge
                session.refused()
                return known
            if nothing_new:
                known.append(session)
            else:
                session.refused()
        return known

    def _greet(self, document: Document) -> None:
        joined, self._joined = self._joined, []
        for session in joined:
            if session.dialect.speaks_first:
                session.tell(session.dialect.sync_step1(document.state_vector()))
            self._curious[session] = None

    def _tell_who_is_here(self, now: float) -> None:
        curious, self._curious = self._curious, {}
        everybody = self._presence.everybody()
        if everybody is None:
            return
        for session in curious:
            if self._keeps_up(session, now):  # else it is told when it catches up
                session.tell(session.dialect.awareness(everybody))

    def _answer(self, document: Document, offences: list[Offence], now: float) -> None:
        questions, self._questions = self._questions, []
        for index, (session, state_vector) in enumerate(questions):
            if not self._keeps_up(session, now):
                if len(self._behind[session]) < MAX_QUESTIONS_BEHIND:
                    self._behind[session].append(state_vector)
                else:
                    offences.append(Offence(session, LimitExceeded(_TOO_MANY_QUESTIONS)))
                continue
            try:
                diff = document.diff(state_vector)
            except PoisonedReplica as error:
                self._document = None
                self._questions = questions[index + 1 :]
                offences.append(
                    Offence(session, ProtocolError(f"a state vector came that cannot be answered: {error}"))
                )
                return
            except CollabError as error:
                offences.append(Offence(session, error))
                continue
            if not session.dialect.speaks_first:
                session.tell(session.dialect.sync_step1(document.state_vector()))
            session.tell(session.dialect.sync_step2(diff))

    # Passing on

    def _broadcast_update(self, update: bytes, now: float) -> None:
        self._broadcast(lambda dialect: dialect.sync_update(update), now)

    def _pass_messages_on(self, now: float) -> None:
        messages, self._messages = self._messages, []
        for sender, payload in messages:
            self._pass_on(sender, payload, now)

    def _pass_on(self, sender: Session, payload: str, now: float) -> None:
        self._broadcast(lambda dialect: dialect.stateless(payload), now, apart_from=sender)

    def _broadcast(
        self, encode: Callable[[Dialect], bytes | None], now: float, apart_from: Session | None = None
    ) -> None:
        for audience in self._audiences.values():
            payload = encode(audience.dialect)
            if payload is None:
                continue
            frame = Frame.binary(payload)
            if apart_from is None:  # else somebody hears nothing, and needs the sign of life
                audience.spoke_at = now
            for session in audience.sessions:
                if session.behind_since is None and session is not apart_from:
                    session.wire.write(frame)
                    self._keeps_up(session, now)

    def _keeps_up(self, session: Session, now: float) -> bool:
        """Tell whether a session may be written to; one with too much on its way to it falls behind here."""
        if session.behind_since is None and session.is_over_limit():
            session.behind_since = now
            session.state_vector = EMPTY_STATE_VECTOR if self._document is None else self._document.state_vector()
            self._behind[session] = []
        return session.behind_since is None

    def tick(self, now: float) -> list[Session]:
        """Break silences and let those catch up who have drained; return the sessions that are stuck, to be ended."""
        for audience in self._audiences.values():
            if now - audience.spoke_at >= self._keep_alive_interval:
                audience.spoke_at = now
                frame = Frame.binary(audience.dialect.keep_alive())
                for session in audience.sessions:
                    if session.behind_since is None:
                        session.wire.write(frame)
        stuck: list[Session] = []
        for session in tuple(self._behind):
            if session.has_drained():
                self._catch_up(session)
            elif session.behind_since is not None and now - session.behind_since >= self._stuck_timeout:
                stuck.append(session)
        return stuck

    def _catch_up(self, session: Session) -> None:
        if self._document is None:
            return
        try:
            missed = self._document.diff(session.state_vector)
        except PoisonedReplica:
            self._document = None
            return
        session.tell(session.dialect.sync_update(missed))
        session.tell(session.dialect.awareness(self._presence.everything()))
        session.behind_since, session.state_vector = None, b""
        self._questions += [(session, state_vector) for state_vector in self._behind.pop(session)]

    # The replica

    @property
    def needs_rebuild(self) -> bool:
        """Whether the replica is lost, and another must be loaded from the log."""
        return self._document is None

    def rebuild(self, document: Document) -> None:
        """Go on with another replica, loaded after everything this room flushed was committed."""
        self._document = document

    @property
    def has_work(self) -> bool:
        """Whether a flush would do anything."""
        return self._document is not None and bool(
            self._edits
            or self._joined
            or self._questions
            or self._readers_edits
            or self._curious
            or self._messages
            or self._presence.has_changes
        )

    def state(self) -> bytes:
        """Return the whole document as one update. Raises `PoisonedReplica` while `needs_rebuild`."""
        if self._document is None:
            raise PoisonedReplica("the replica is being rebuilt")
        return self._document.state()


def _check_state_vector(encoded: bytes) -> None:
    if len(encoded) > MAX_STATE_VECTOR_BYTES:
        raise LimitExceeded(f"a state vector of {len(encoded)} bytes came; {MAX_STATE_VECTOR_BYTES} are allowed")
    decode_state_vector(encoded)
