"""The edits of a room that wait for its next flush, and how that applies them.

All are applied in one CRDT transaction. When the CRDT panics its replica is lost; each edit that was under way is then applied to another
one by itself, so that exactly the one that breaks it is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from collab.errors import ContestedUpdate, UpdateError
from collab.rooms.applied import Applied
from collab.rooms.claims import Author, Claims, Origin
from collab.rooms.crediting import Crediting
from collab.rooms.document import Document
from collab.rooms.flush import Offence
from collab.rooms.poison import PoisonedReplica
from collab.rooms.session import Session, Writer


@dataclass(slots=True)
class AppliedEdits:
    """What came of a flush's edits."""

    append: list[bytes] = field(default_factory=list)
    """Updates for the log."""

    authors: list[Author | None] = field(default_factory=list)
    """Who delivered each of them."""

    acknowledge: list[Writer] = field(default_factory=list)
    """Who is to be told `saved`, once for each edit."""

    offences: list[Offence] = field(default_factory=list)

    has_lost_replica: bool = False
    """Whether the CRDT panicked, so that the replica must not be used again."""


class Edits:
    """What writers, and readers, have handed in since the last flush."""

    __slots__ = ("_asked_for_less", "_claims", "_crediting", "_edits", "_one_by_one", "_readers_edits")

    def __init__(self, claims: Claims, crediting: Crediting) -> None:
        self._claims = claims
        self._crediting = crediting
        self._edits: list[tuple[Writer, bytes]] = []
        self._readers_edits: list[tuple[Session, bytes]] = []
        self._one_by_one = False
        self._asked_for_less: set[Writer] = set()

    def __bool__(self) -> bool:
        return bool(self._edits or self._readers_edits)

    def add(self, writer: Writer, update: bytes) -> None:
        """Keep an edit of somebody who may write."""
        self._edits.append((writer, update))

    def add_from_reader(self, session: Session, update: bytes) -> None:
        """Keep what a session sent that may only read."""
        self._readers_edits.append((session, update))

    def forget(self, session: Session) -> None:
        """Drop what a session that goes sent as a reader. Its edits as a writer are applied all the same."""
        self._asked_for_less.discard(session)
        self._readers_edits = [edit for edit in self._readers_edits if edit[0] is not session]

    def apply(self, document: Document, broadcast: Callable[[bytes], None]) -> AppliedEdits:
        """Apply what the writers handed in, and pass on what changed by it."""
        result = AppliedEdits()
        edits, self._edits = self._edits, []
        batches = [[edit] for edit in edits] if self._one_by_one else [edits] if edits else []
        while batches:
            batch = batches.pop(0)
            try:
                trusted = {index for index, (writer, _) in enumerate(batch) if writer.origin is not Origin.WRITTEN}
                applied = document.apply([update for _, update in batch], trusted)
            except PoisonedReplica as error:
                result.has_lost_replica = True
                self._try_again(batch, [edit for later in batches for edit in later], result.offences, error)
                return result
            result.append += applied.append
            result.authors += [batch[index][0].author for index in applied.appended]
            if applied.appended:
                self._note_whose(batch, applied, document)
            if applied.broadcast is not None:
                for deletion in applied.parted:
                    broadcast(deletion)
                broadcast(applied.broadcast)
            if self._crediting.waits:
                self._take_answers(batch, applied, document)
            for index, (writer, _) in enumerate(batch):
                refusal = applied.refused.get(index)
                if refusal is None:
                    result.acknowledge.append(writer)
                    self._asked_for_less.discard(writer)
                elif not (writer.refused() | self._ask_for_less(writer, refusal, document)):
                    result.offences.append(Offence(writer, refusal))
        self._one_by_one = False
        return result

    def _note_whose(self, batch: list[tuple[Writer, bytes]], applied: Applied, document: Document) -> None:
        claims, appended = self._claims, dict.fromkeys(applied.appended)
        clients = frozenset([run.client for run in applied.new_runs])
        if not claims.settles(clients):
            under = [(batch[index][0], {run.client for run in applied.runs[index]}) for index in appended]
            claims.make(under, applied.new_clients)
        for index in appended:
            writer = batch[index][0]
            for run in applied.runs[index]:
                if not claims.is_own(run.client, writer.author):
                    if writer.author is not None:
                        self._crediting.delivered(run, _known_before(run.client, applied, document))
                elif self._crediting.waits and isinstance(writer, Session):
                    self._crediting.wrote(writer, run, _known_before(run.client, applied, document))

    def _take_answers(self, batch: list[tuple[Writer, bytes]], applied: Applied, document: Document) -> None:
        for (writer, update), runs in zip(batch, applied.runs, strict=True):
            if isinstance(writer, Session):
                self._crediting.answered(writer, runs, update, document)

    def _ask_for_less(self, writer: Writer, refusal: UpdateError, document: Document) -> bool:
        """Ask a session anew, for what is new alone, whose update has other content for units that are known.

        What it wrote behind them must not be lost for it. It is asked once, until something of it is taken.
        """
        if not isinstance(writer, Session):
            return False
        if self._crediting.asks(writer):
            self._crediting.give_up(writer)
        elif not isinstance(refusal, ContestedUpdate) or writer in self._asked_for_less:
            return False
        self._asked_for_less.add(writer)
        writer.tell(writer.dialect.sync_step1(document.state_vector()))
        return True

    def _try_again(
        self,
        batch: list[tuple[Writer, bytes]],
        later: list[tuple[Writer, bytes]],
        offences: list[Offence],
        error: PoisonedReplica,
    ) -> None:
        self._one_by_one = True
        if len(batch) == 1:
            culprit = batch[0][0]
            # An update error, for another try cannot mend it: a client that came back with it would cost everybody a rebuild each time.
            offences.append(Offence(culprit, UpdateError(str(error))))
            self._edits = [edit for edit in later if edit[0] is not culprit] + self._edits
        else:
            self._edits = batch + later + self._edits

    def judge_readers(self, document: Document, result: AppliedEdits) -> None:
        """Refuse what brings something new; what does not is the state a reader sends back when it connects."""
        edits, self._readers_edits = self._readers_edits, []
        for index, (session, update) in enumerate(edits):
            try:
                nothing_new = document.holds(update)
            except UpdateError:
                nothing_new = False
            except PoisonedReplica:
                result.has_lost_replica = True
                self._readers_edits = edits[index + 1 :]  # for another replica to judge
                session.refused()
                return
            if nothing_new:
                result.acknowledge.append(session)
            else:
                session.refused()


def _known_before(client: int, applied: Applied, document: Document) -> int:
    """Return how far the document had come with a client id; what was held back then brings it no further."""
    starts = [run.start for run in applied.new_runs if run.client == client]
    return min(starts) if starts else document.reached(client)
