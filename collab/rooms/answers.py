"""What those are told who ask what they lack: framed once for all who speak alike and lack the same, and bounded in each turn."""

from typing import Final

from collab.protocol.dialect import Dialect
from collab.protocol.frames import Frame
from collab.rooms.session import Session

Question = tuple[Session, bytes]
"""Who asks, and with which state vector."""

TURN_BYTES: Final = 2 * 2**20
"""After which others have their turn of the event loop: the kernel copies about a megabyte in a millisecond."""

DIFFERENT_ANSWERS: Final = 4
"""That are encoded and told before others are: each may be as large as the document."""


class Answers:
    """Frames the answers of a room, and says when a turn has had its share of them."""

    __slots__ = ("_framed", "_told")

    def __init__(self) -> None:
        self._framed: dict[Dialect, tuple[bytes, Frame]] = {}
        """What was told last in each dialect, and its frame."""
        self._told = 0

    def begin_turn(self) -> None:
        """Count from here on."""
        self._told = 0

    @property
    def has_room(self) -> bool:
        """Whether more should be told in this turn."""
        return self._told < TURN_BYTES

    def frame(self, dialect: Dialect, diff: bytes) -> Frame:
        """Return the answer that tells this; the same one, where the same bytes were told last."""
        told, frame = self._framed.get(dialect, (None, None))
        if frame is None or told is not diff:
            frame = Frame.joined(*dialect.sync_step2(diff))
            self._framed[dialect] = diff, frame
        self._told += len(frame.wire)
        return frame

    def forget(self) -> None:
        """Let go of what nobody may ask for again."""
        self._framed.clear()


class PutOff:
    """Questions that take long to answer."""

    __slots__ = ("_questions",)

    def __init__(self) -> None:
        self._questions: list[Question] = []

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._questions)

    def add(self, session: Session, state_vector: bytes) -> None:
        """Put one off."""
        self._questions.append((session, state_vector))

    def forget(self, session: Session) -> None:
        """Drop what a session has asked that leaves."""
        self._questions = [question for question in self._questions if question[0] is not session]

    def take(self) -> list[Question]:
        """Return those with the first few state vectors that differ, and keep the others: what all lack is not in memory at once."""
        alike: dict[bytes, None] = {}
        for _, state_vector in self._questions:
            if len(alike) == DIFFERENT_ANSWERS:
                break
            alike[state_vector] = None
        taken = [question for question in self._questions if question[1] in alike]
        self._questions = [question for question in self._questions if question[1] not in alike]
        return taken
