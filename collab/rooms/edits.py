"""The edits of a room that wait for its next flush, and how that applies them.

All are applied in one CRDT transaction. When the CRDT panics its replica is lost; each edit that was under way is then applied to another
one by itself, so that exactly the one that breaks it is found.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field

from collab.errors import ContestedUpdate, UpdateError
from collab.protocol.keystroke import Typing
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


class Edit:
    """What one writer handed in: an update, or several keystrokes that follow each other, as one."""

    __slots__ = ("_first", "_typing", "count", "writer")

    def __init__(self, writer: Writer, update: bytes) -> None:
        self.writer = writer
        self.count = 1
        """How many updates it was."""
        self._first = update
        self._typing: Typing | None = None

    @property
    def update(self) -> bytes:
        """All of it as one update."""
        return self._first if self._typing is None else self._typing.update()

    def join(self, update: bytes) -> bool:
        """Take in the writer's next update, if that is a keystroke which goes on from this one."""
        typing = self._typing or Typing.begun_with(self._first)
        if typing is None or not typing.take(update):
            return False
        self._typing = typing
        self.count += 1
        return True


class Edits:
    """What writers, and readers, have handed in since the last flush."""

    __slots__ = ("_asked_for_less", "_claims", "_crediting", "_edits", "_latest", "_one_by_one", "_readers_edits")

    def __init__(self, claims: Claims, crediting: Crediting) -> None:
        self._claims = claims
        self._crediting = crediting
        self._edits: list[Edit] = []
        self._latest: dict[Writer, Edit] = {}
        """Of each writer the last of these."""
        self._readers_edits: list[tuple[Session, bytes]] = []
        self._one_by_one = False
        self._asked_for_less: set[Writer] = set()

    def __bool__(self) -> bool:
        return bool(self._edits or self._readers_edits)

    def add(self, writer: Writer, update: bytes) -> None:
        """Keep an edit of somebody who may write.

        Keystrokes that gather become one: what others wrote meanwhile cannot stand between them, for each goes on from the one before.
        """
        latest = self._latest.get(writer)
        if latest is None or not latest.join(update):
            edit = self._latest[writer] = Edit(writer, update)
            self._edits.append(edit)

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
        if not self._edits:
            return result
        edits, self._edits = self._edits, []
        self._latest.clear()
        batches = [[edit] for edit in edits] if self._one_by_one else [edits]
        while batches:
            batch = batches.pop(0)
            try:
                applied = document.apply([edit.update for edit in batch], _trusted(batch))
            except PoisonedReplica as error:
                result.has_lost_replica = True
                self._try_again(batch, [edit for later in batches for edit in later], result.offences, error)
                return result
            result.append += applied.append
            result.authors += [batch[index].writer.author for index in applied.appended]
            if applied.appended:
                self._note_whose(batch, applied, document)
            if applied.broadcast is not None:
                for deletion in applied.parted:
                    broadcast(deletion)
                broadcast(applied.broadcast)
            if self._crediting.waits:
                self._take_answers(batch, applied, document)
            for index, edit in enumerate(batch):
                refusal = applied.refused.get(index)
                if refusal is None:
                    result.acknowledge += [edit.writer] * edit.count
                    self._asked_for_less.discard(edit.writer)
                elif not self._refuse(edit, refusal, document):
                    result.offences.append(Offence(edit.writer, refusal))
        self._one_by_one = False
        return result

    def _refuse(self, edit: Edit, refusal: UpdateError, document: Document) -> bool:
        """Tell a writer that its edit was not taken; `False` where it cannot be told, and is not asked for less."""
        told = [edit.writer.refused() for _ in range(edit.count)]
        return self._ask_for_less(edit.writer, refusal, document) or all(told)

    def _note_whose(self, batch: list[Edit], applied: Applied, document: Document) -> None:
        if self._is_by_its_user(batch, applied):
            return
        claims, appended = self._claims, dict.fromkeys(applied.appended)
        clients = frozenset([run.client for run in applied.new_runs])
        if not claims.settles(clients):
            under = [(batch[index].writer, {run.client for run in applied.runs[index]}) for index in appended]
            claims.make(under, applied.new_clients)
        for index in appended:
            writer = batch[index].writer
            for run in applied.runs[index]:
                if not claims.is_own(run.client, writer.author):
                    if writer.author is not None:
                        self._crediting.delivered(run, _known_before(run.client, applied, document))
                elif self._crediting.waits and isinstance(writer, Session):
                    self._crediting.wrote(writer, run, _known_before(run.client, applied, document))

    def _is_by_its_user(self, batch: list[Edit], applied: Applied) -> bool:
        """Tell whether this is one run under the writer's own id, of which nothing is to be noted, as nearly every flush is."""
        return (
            len(batch) == 1
            and len(applied.runs[0]) == 1
            and not self._crediting.waits
            and self._claims.is_own(applied.runs[0][0].client, batch[0].writer.author)
        )

    def _take_answers(self, batch: list[Edit], applied: Applied, document: Document) -> None:
        for edit, runs in zip(batch, applied.runs, strict=True):
            if isinstance(edit.writer, Session):
                self._crediting.answered(edit.writer, runs, edit.update, document)

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
        batch: list[Edit],
        later: list[Edit],
        offences: list[Offence],
        error: PoisonedReplica,
    ) -> None:
        self._one_by_one = True
        if len(batch) == 1:
            culprit = batch[0].writer
            # An update error, for another try cannot mend it: a client that came back with it would cost everybody a rebuild each time.
            offences.append(Offence(culprit, UpdateError(str(error))))
            self._edits = [edit for edit in later if edit.writer is not culprit] + self._edits
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


def _trusted(batch: list[Edit]) -> Container[int]:
    """Return the indexes of those that the server has made itself."""
    if len(batch) == 1 and batch[0].writer.origin is Origin.WRITTEN:
        return ()
    return {index for index, edit in enumerate(batch) if edit.writer.origin is not Origin.WRITTEN}


def _known_before(client: int, applied: Applied, document: Document) -> int:
    """Return how far the document had come with a client id; what was held back then brings it no further."""
    starts = [run.start for run in applied.new_runs if run.client == client]
    return min(starts) if starts else document.reached(client)
