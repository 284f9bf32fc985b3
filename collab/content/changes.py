"""What a comparison of two states says: lines, what is in them, and what became of each piece."""

from dataclasses import dataclass
from enum import StrEnum

from collab.content.contents import Content
from collab.protocol.items import Id


class Change(StrEnum):
    """What became of something from the first state to the second."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    """It is there in both, and has other formats, or another value."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """An attribute of an element, an entry of a map or a format of text that has not the value it had."""

    key: str
    before: str | None
    """As JSON; `None` where it had none."""

    after: str | None
    written: Id | None = None
    """The unit that set or ended it; `None` where none did, but another was deleted."""

    deleted: Id | None = None
    """The unit that said what it was before, and may have been deleted."""

    tag: str = ""
    """Of the element whose attribute it is; a line takes those of the elements around it alone."""

    @property
    def change(self) -> Change:
        """Tell what became of it."""
        if self.before is None:
            return Change.ADDED
        return Change.REMOVED if self.after is None else Change.CHANGED


@dataclass(frozen=True, slots=True)
class Segment:
    """Units of one client that stand beside each other, and what became of them."""

    content: Content
    change: Change
    client: int
    start: int
    end: int
    """Their clocks, the last one exclusive."""

    formats: tuple[KeyChange, ...] = ()
    """Of text that was added those that it has, of text that was removed those that it had, and of other text those that changed."""

    @property
    def text(self) -> str:
        """Return the text, or the values as one JSON list."""
        return text_of(self.content)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either state, or of both."""

    root: str
    path: tuple[str, ...]
    """The keys of the maps that lead to it from its root."""

    tag: str
    """Of the element around it; empty where there is none."""

    change: Change
    """What became of the line as a whole."""

    segments: tuple[Segment, ...]
    entries: tuple[KeyChange, ...]
    """What became of the line's attributes or entries, and of those of the elements around it alone; not those that were kept.

    An element that stands in a text has the formats of that place too.
    """


def text_of(content: Content) -> str:
    """Return content as text: values as a JSON list."""
    return content if isinstance(content, str) else f"[{', '.join(content)}]"
