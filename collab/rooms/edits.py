"""The edits of a room that wait for its next flush, and how that applies them.

All are applied in one CRDT transaction. When the CRDT panics its replica is lost; each edit that was under way is then applied to another
one by itself, so that exactly the one that breaks it is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from collab.errors import UpdateError
from collab.rooms.claims import Author, Claims
from collab.rooms.crediting import Crediting
from collab.rooms.document import Applied, Document, PoisonedReplica
from collab.rooms.flush import Offence
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

    __slots__ = ("_claims", "_crediting", "_edits", "_is_announced", "_one_by_one", "_readers_edits")

    def __init__(self, claims: Claims, crediting: Crediting, is_announced: Callable[[int], bool]) -> None:
        """`is_announced` tells whether somebody here announces a client id as their own."""
        self._claims = claims
        self._crediting = crediting
        self._is_announced = is_announced
        self._edits: list[tuple[Writer, bytes]] = []
        self._readers_edits: list[tuple[Session, bytes]] = []
        self._one_by_one = False

    def __bool__(self) -> bool:
        return bool(self._edits or self._readers_edits)

    def add(self, writer: Writer, update: bytes) -> None:
        """Keep an edit of somebody who may write."""
        self._edits.append((writer, update))

    def add_from_reader(self, session: Session, update: bytes) -> None:
        """Keep what a session sent that may only read."""
        self._readers_edits.append((session, update))

    def forget_reader(self, session: Session) -> None:
        """Drop what a session sent as a reader. Its edits as a writer are applied all the same."""
        self._readers_edits = [edit for edit in self._readers_edits if edit[0] is not session]

    def apply(self, document: Document, broadcast: Callable[[bytes], None]) -> AppliedEdits:
        """Apply what the writers handed in, and pass on what changed by it."""
        result = AppliedEdits()
        edits, self._edits = self._edits, []
        batches = [[edit] for edit in edits] if self._one_by_one else [edits] if edits else []
        while batches:
            batch = batches.pop(0)
            try:
                applied = document.apply([update for _, update in batch])
            except PoisonedReplica as error:
                result.has_lost_replica = True
                self._try_again(batch, [edit for later in batches for edit in later], result.offences, error)
                return result
            result.append += applied.append
            result.authors += [batch[index][0].author for index in applied.appended]
            if applied.broadcast is not None:
                self._note_whose(batch, applied)
                broadcast(applied.broadcast)
            if self._crediting.waits:
                self._take_answers(batch, applied, document)
            for index, (writer, _) in enumerate(batch):
                if index not in applied.refused:
                    result.acknowledge.append(writer)
                elif not writer.refused():
                    result.offences.append(Offence(writer, applied.refused[index]))
        self._one_by_one = False
        return result

    def _note_whose(self, batch: list[tuple[Writer, bytes]], applied: Applied) -> None:
        claims = self._claims
        clients = frozenset([run.client for run in applied.new_runs])
        if not claims.settles(clients):
            claims.make([batch[index] for index in applied.appended], applied.new_clients)
        for index in applied.appended:
            author = batch[index][0].author
            for run in applied.runs[index]:
                if author is not None and not claims.is_own(run.client, author) and not self._is_announced(run.client):
                    self._crediting.delivered(run, applied.new_runs)

    def _take_answers(self, batch: list[tuple[Writer, bytes]], applied: Applied, document: Document) -> None:
        for (writer, update), runs in zip(batch, applied.runs, strict=True):
            if isinstance(writer, Session) and writer.author is not None:
                for client in self._crediting.answered(writer, runs, update, document):
                    self._claims.claim(client, writer.author)

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
