"""A room: the sessions that edit one document, and what a flush makes of what they said.

What arrives is only collected (`receive`). A `flush` applies it all in one CRDT transaction, encodes the outcome once for each dialect, and
hands the same bytes to every session; it returns what must be committed, and whom to tell once that is done. Order within a flush:
edits, then presence, then the answers to those who asked, which therefore hold everything before them. An answer that takes long to
encode is put off, for somebody else to encode; it holds everything before its question, and what comes then its session hears as all do.

When the CRDT panics its replica is lost. The room then waits for another one (`rebuild`), and keeps collecting meanwhile.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from operator import methodcaller
from types import MappingProxyType

from collab.errors import CollabError, LimitExceeded, ProtocolError
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import (
    EMPTY_STATE_VECTOR,
    Awareness,
    QueryAwareness,
    RoomMessage,
    Stateless,
    SyncStep1,
    SyncUpdate,
)
from collab.protocol.updates import decode_state_vector
from collab.rooms.answers import Answers, PutOff, Question
from collab.rooms.audience import Audience
from collab.rooms.claims import Claims
from collab.rooms.credit_notes import Units
from collab.rooms.crediting import Crediting
from collab.rooms.document import Document
from collab.rooms.edits import Edits
from collab.rooms.flush import Flush, Offence
from collab.rooms.poison import PoisonedReplica
from collab.rooms.presence import Presence
from collab.rooms.replica import Edition
from collab.rooms.session import Rights, Session, Writer


class Room:
    """The live state of one document."""

    def __init__(
        self,
        document: Document,
        *,
        keep_alive_interval: float,
        stuck_timeout: float,
        owners: Mapping[int, str] = MappingProxyType({}),
        open_units: Iterable[Units] = (),
        limits: Limits = DEFAULTS,
    ) -> None:
        """Make a room around a loaded replica; both times are in seconds.

        `owners` are the users whose client ids are known, `open_units` what came from others and may yet be credited to its id's user.
        """
        self.limits = limits
        self._document: Document | None = document
        self._replica_number = 0
        self._presence = Presence(limits)
        self._claims = Claims(owners)
        self._crediting = Crediting(self._claims.owner, open_units)
        self._audience = Audience(
            self._state_vector_sent, keep_alive_interval=keep_alive_interval, stuck_timeout=stuck_timeout
        )
        self._edits = Edits(self._claims, self._crediting)
        self._unasked: list[Session] = []  # who is to be asked for what it has
        self._questions: list[Question] = []
        self._put_off = PutOff()
        self._answers = Answers()
        self._curious: dict[Session, None] = {}  # who is to be told who is here
        self._messages: list[tuple[Session, str]] = []

    # Who is here

    @property
    def sessions(self) -> list[Session]:
        """Return the sessions of all dialects."""
        return self._audience.sessions

    @property
    def readers(self) -> int:
        """Return how many sessions each flush goes to."""
        return len(self._audience)

    def join(self, session: Session, now: float) -> None:
        """Let a session in; the next flush greets it."""
        self._audience.join(session, now)
        self._curious[session] = None
        if session.dialect.speaks_first:
            self._unasked.append(session)
        self._crediting.entered(session)

    def leave(self, session: Session) -> None:
        """Let a session go, with its presence. Its edits that wait for the next flush are applied all the same."""
        if session not in self._audience:
            return
        session.has_left = True
        self._audience.leave(session)
        self._presence.leave(session)
        self._unasked = [other for other in self._unasked if other is not session]
        self._questions = [question for question in self._questions if question[0] is not session]
        self._put_off.forget(session)
        self._curious.pop(session, None)
        self._edits.forget(session)
        self._crediting.left(session)

    def change_rights(self, session: Session, rights: Rights) -> None:
        """Have a session go on with other rights; one that may write from now on is asked for what it has written so far."""
        if rights.may_write and not session.rights.may_write:
            self._unasked.append(session)
        session.rights = rights

    # What is said

    def receive(self, session: Session, message: RoomMessage) -> None:
        """Take in a message of a session that has joined; what still comes from one that was parted with is passed over.

        Raises `ProtocolError` or `LimitExceeded` when the session must end for it; others are not affected.
        """
        if session.has_left:
            return
        match message:
            case SyncUpdate(update) if session.rights.may_write:  # first, for nearly all are
                self._edits.add(session, update)
            case SyncStep1(state_vector):
                _check_state_vector(state_vector, self.limits.state_vector_bytes)
                self._crediting.came_with(session, state_vector)
                self._questions.append((session, state_vector))
            case Awareness(entries):
                known = frozenset(session.presence)
                self._presence.announce(session, entries)
                if session.rights.may_write and (new := session.presence.keys() - known):
                    self._claims.announced(new, session.rights.user_id)
            case QueryAwareness():
                self._curious[session] = None
            case Stateless(payload):
                if session.rights.may_write:
                    self._messages.append((session, payload))
            case _ if session.rights.may_write:
                self._edits.add(session, message.update)
            case _:
                self._edits.add_from_reader(session, message.update)

    def edit(self, writer: Writer, update: bytes) -> None:
        """Take in an edit from somebody who is no session here."""
        self._edits.add(writer, update)

    # What comes of it

    def flush(self, now: float, *, with_presence: bool = True) -> Flush:
        """Apply and pass on everything received since the last flush, presence only where asked to. Does nothing while `needs_rebuild`."""
        if self._document is None:
            return Flush((), (), ())
        edits = self._edits.apply(self._document, partial(self._broadcast_update, now))
        if edits.has_lost_replica:
            self._document = None
        if with_presence:
            self._tell_presence(now)
        self._pass_messages_on(now)
        if self._document is not None:
            self._edits.judge_readers(self._document, edits)
            if edits.has_lost_replica:
                self._document = None
        if self._document is not None and (self._unasked or self._curious or self._questions):
            self._ask(self._document)
            self._tell_who_is_here(now)
            self._questions = self._answer(self._document, self._questions, edits.offences, now)
        return Flush(
            tuple(edits.append),
            tuple(edits.acknowledge),
            tuple(edits.offences),
            tuple(edits.authors),
            self._claims.made(),
            self._crediting.notes(),
        )

    def _tell_presence(self, now: float) -> None:
        presence = self._presence.changes()
        if presence is not None:
            self._audience.broadcast(lambda dialect: dialect.awareness(presence), now)

    def _ask(self, document: Document) -> None:
        unasked, self._unasked = self._unasked, []
        for session in unasked:
            session.tell(session.dialect.sync_step1(document.state_vector()))

    def _tell_who_is_here(self, now: float) -> None:
        curious, self._curious = self._curious, {}
        everybody = self._presence.everybody() if curious else None
        if everybody is None:
            return
        for session in curious:
            if self._audience.keeps_up(session, now):  # else it is told when it catches up
                session.tell(session.dialect.awareness(everybody))

    def _answer(
        self,
        document: Document,
        questions: list[Question],
        offences: list[Offence],
        now: float,
        diffs: Mapping[bytes, bytes] | None = None,
    ) -> list[Question]:
        """Answer as many as fit this turn, and return the others. Without diffs, those are put off that take long to encode."""
        self._answers.begin_turn()
        for index, (session, state_vector) in enumerate(questions):
            if not self._answers.has_room:
                return questions[index:]
            if not self._audience.keeps_up(session, now):
                try:
                    self._audience.ask_later(session, state_vector)
                except LimitExceeded as error:
                    offences.append(Offence(session, error))
                continue
            try:
                if diffs is None and document.is_slow_to_tell(state_vector):
                    self._put_off.add(session, state_vector)
                    continue
                diff = (diffs or {}).get(state_vector) or document.diff(state_vector)
            except PoisonedReplica as error:
                self._document = None
                offences.append(
                    Offence(session, ProtocolError(f"a state vector came that cannot be answered: {error}"))
                )
                return questions[index + 1 :]
            except CollabError as error:
                offences.append(Offence(session, error))
                continue
            # A dialect in which the server speaks first has asked already, but not for what may be credited.
            if not session.dialect.speaks_first or self._crediting.asks(session):
                question = self._crediting.question(session, document.state_vector())
                session.tell(session.dialect.sync_step1(question))
            session.write(self._answers.frame(session.dialect, diff))
        return []

    @property
    def has_put_off(self) -> bool:
        """Whether somebody waits for an answer that takes long."""
        return bool(self._put_off)

    def take_put_off(self) -> list[Question]:
        """Return some that take long to answer, for somebody who can encode what lacks without a replica that others wait for.

        Whoever asked hears each edit since like everybody else: an answer that holds all that was flushed when it was asked for is whole.
        """
        return self._put_off.take()

    def answer(self, asked: list[Question], diffs: Mapping[bytes, bytes], now: float) -> tuple[Flush, list[Question]]:
        """Answer as many of the questions that were taken as fit this turn, with what lacks to each state vector; return the others."""
        offences: list[Offence] = []
        questions = [question for question in asked if not question[0].has_left]
        if self._document is not None:
            questions = self._answer(self._document, questions, offences, now, diffs)
        if self._document is None:
            self._questions, questions = self._questions + questions, []
        return Flush((), (), tuple(offences)), questions

    # Passing on

    def _broadcast_update(self, now: float, update: bytes) -> None:
        self._audience.broadcast(lambda dialect: dialect.sync_update(update), now)

    def _pass_messages_on(self, now: float) -> None:
        messages, self._messages = self._messages, []
        for sender, payload in messages:
            self._audience.broadcast(methodcaller("stateless", payload), now, apart_from=sender)

    def tick(self, now: float, *, owing: bool) -> list[Session]:
        """Break silences and let those catch up who have drained; return the sessions that are stuck, to be ended.

        `owing` says whether anybody waits to hear that an edit is saved.
        """
        self._answers.forget()
        self._audience.keep_alive(now, owing=owing)
        for session in self._audience.drained():
            self._catch_up(session)
        return self._audience.stuck(now)

    def _catch_up(self, session: Session) -> None:
        if self._document is None:
            return
        if self._document.is_slow_to_tell(session.state_vector):
            self._questions.append((session, session.state_vector))  # which the flush puts off
        else:
            try:
                missed = self._document.diff(session.state_vector)
            except PoisonedReplica:
                self._document = None
                return
            session.tell(session.dialect.sync_update(missed))
        session.tell(session.dialect.awareness(self._presence.everything()))
        self._questions += [(session, state_vector) for state_vector in self._audience.catch_up(session)]

    def _state_vector_sent(self) -> bytes:
        return EMPTY_STATE_VECTOR if self._document is None else self._document.state_vector()

    # The replica

    @property
    def needs_rebuild(self) -> bool:
        """Whether the replica is lost, and another must be loaded from the log."""
        return self._document is None

    def rebuild(self, document: Document) -> None:
        """Go on with another replica, loaded after everything this room flushed was committed."""
        self._document = document
        self._replica_number += 1

    @property
    def has_work(self) -> bool:
        """Whether a flush would do anything, apart from passing on presence."""
        return self._document is not None and bool(
            self._edits or self._unasked or self._questions or self._curious or self._messages
        )

    @property
    def has_presence_to_tell(self) -> bool:
        """Whether a flush would pass on presence."""
        return self._document is not None and self._presence.has_changes

    @property
    def edition(self) -> tuple[int, Edition | None]:
        """Return which of the room's replicas this is, and what every change of it changes."""
        return self._replica_number, None if self._document is None else self._document.edition

    @property
    def is_slow_to_read(self) -> bool:
        """Whether `state` would take longer than everybody should wait for it."""
        return self._document is not None and self._document.is_slow_to_tell()

    def remember(self, state: bytes, edition: tuple[int, Edition | None]) -> None:
        """Take note of what was encoded elsewhere for the state of this edition, if the replica is still the same."""
        number, then = edition
        if self._document is not None and then is not None and number == self._replica_number:
            self._document.remember(state, then)

    def state(self) -> bytes:
        """Return the whole document as one update. Raises `PoisonedReplica` while `needs_rebuild`."""
        if self._document is None:
            raise PoisonedReplica("the replica is being rebuilt")
        return self._document.state()


def _check_state_vector(encoded: bytes, max_bytes: int) -> None:
    if len(encoded) > max_bytes:
        raise LimitExceeded(f"a state vector of {len(encoded)} bytes came; {max_bytes} are allowed")
    decode_state_vector(encoded)
