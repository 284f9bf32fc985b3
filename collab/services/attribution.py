"""Whose each piece of a document's lines is, whose what was removed, and who changed what is under a key."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, pairwise

from collab.content.changes import Change, KeyChange, Line, Segment, text_of
from collab.content.comparing import cost_of
from collab.content.contents import Content
from collab.content.replica import Budget
from collab.ports import DocumentAuthorship
from collab.protocol.items import Id
from collab.rooms.claims import Author
from collab.rooms.deliveries import UNKNOWN_TIME, Deliveries, Delivery


@dataclass(frozen=True, slots=True)
class Deed:
    """That somebody delivered something to the server."""

    author: Author | None
    """`None` for a guest, and where nobody is known."""

    at: datetime
    """In UTC, cut to the minute."""


@dataclass(frozen=True, slots=True)
class AttributedKey:
    """What became of an attribute, an entry or a format, and by whom."""

    key: str
    tag: str
    change: Change
    before: str | None
    after: str | None
    client: int | None
    """Under whose id the new value was written; `None` where none was."""

    author: Author | None
    """Who is credited with the new value."""

    delivered: Deed | None
    """Who brought the new value first; `None` where none was written, and where that is not known."""

    removed: Deed | None
    """Who removed the old value; `None` where it was not removed, and where that is not known."""


@dataclass(frozen=True, slots=True)
class AttributedSegment:
    """A piece of a line that one user wrote in one go, and what became of it."""

    content: Content
    change: Change
    client: int
    author: Author | None
    """Who is credited with it: the user whose the client id is, and who delivered it or has shown that they wrote it."""

    delivered: Deed | None
    """Who brought it first; `None` where that is not known."""

    removed: Deed | None
    """Who removed it; `None` unless it was, and where that is not known."""

    formats: tuple[AttributedKey, ...]

    @property
    def text(self) -> str:
        """Return the text, or the values as one JSON list."""
        return text_of(self.content)


@dataclass(frozen=True, slots=True)
class AttributedLine:
    """A line, and whose each piece of it is."""

    root: str
    path: tuple[str, ...]
    tag: str
    change: Change
    segments: tuple[AttributedSegment, ...]
    entries: tuple[AttributedKey, ...]


def attribute(
    lines: Iterable[Line], authorship: DocumentAuthorship, budget: Budget | None = None
) -> list[AttributedLine]:
    """Say of each piece of these lines whose it is. Raises `ContentError` for more than the budget allows."""
    budget = budget or Budget()
    return [
        AttributedLine(
            line.root,
            line.path,
            line.tag,
            line.change,
            tuple(_merged(piece for segment in line.segments for piece in _pieces(segment, authorship, budget))),
            tuple(_key(each, authorship) for each in line.entries),
        )
        for line in lines
    ]


def _pieces(segment: Segment, authorship: DocumentAuthorship, budget: Budget) -> Iterator[AttributedSegment]:
    written = authorship.deliveries.written
    formats = tuple(_key(each, authorship) for each in segment.formats)
    cost = 1 + cost_of(segment.formats)
    for start, end in pairwise(_bounds(segment, authorship)):
        budget.spend(0, cost)
        delivery = _first(written, segment.client, start, end)
        removal = None
        if segment.change is Change.REMOVED:
            removal = _first(authorship.deliveries.deleted, segment.client, start, end)
        yield AttributedSegment(
            content=_part(segment, start, end),
            change=segment.change,
            client=segment.client,
            author=_credited(segment.client, start, end, delivery, authorship),
            delivered=_deed(delivery, authorship),
            removed=_deed(removal, authorship),
            formats=formats,
        )


def _key(change: KeyChange, authorship: DocumentAuthorship) -> AttributedKey:
    deliveries = authorship.deliveries
    removal = None if change.deleted is None else _of_unit(deliveries.deleted, change.deleted)
    setting = None if change.written is None else _of_unit(deliveries.written, change.written)
    if removal is None and change.before is not None:
        removal = setting  # a format may also be ended by a unit that is written within it
    if change.written is None and change.before is None:
        setting, removal = removal, None  # or come to be because what ended it before this text was deleted
    new = None if change.after is None else change.written
    return AttributedKey(
        change.key,
        change.tag,
        change.change,
        change.before,
        change.after,
        client=None if new is None else new.client,
        author=None if new is None else _credited(new.client, new.clock, new.clock + 1, setting, authorship),
        delivered=None if change.after is None else _deed(setting, authorship),
        removed=_deed(removal, authorship),
    )


def _bounds(segment: Segment, authorship: DocumentAuthorship) -> list[int]:
    """Return where a segment is to be cut."""
    bounds = {segment.start, segment.end}
    sources = [authorship.deliveries.written, authorship.credited]
    if segment.change is Change.REMOVED:
        sources.append(authorship.deliveries.deleted)
    for source in sources:
        for delivery in source.within(segment.client, segment.start, segment.end):
            bounds |= {delivery.start, delivery.end}
    return sorted(bounds)


def _part(segment: Segment, start: int, end: int) -> Content:
    if (start, end) == (segment.start, segment.end):
        return segment.content
    first, last = start - segment.start, end - segment.start
    if not isinstance(segment.content, str):
        return segment.content[first:last]
    units = segment.content.encode("utf-16-le", "surrogatepass")[2 * first : 2 * last]
    return units.decode("utf-16-le", "replace")


def _of_unit(deliveries: Deliveries, unit: Id) -> Delivery | None:
    return _first(deliveries, unit.client, unit.clock, unit.clock + 1)


def _first(deliveries: Deliveries, client: int, start: int, end: int) -> Delivery | None:
    return next(deliveries.within(client, start, end), None)


def _credited(
    client: int, start: int, end: int, delivery: Delivery | None, authorship: DocumentAuthorship
) -> Author | None:
    if delivery is not None and delivery.at == UNKNOWN_TIME:
        return None
    owner = authorship.owners.get(client)
    since = _first(authorship.credited, client, start, end)
    if owner is not None and owner in {each.author for each in (delivery, since) if each is not None}:
        return authorship.authors.get(owner)
    return None


def _deed(delivery: Delivery | None, authorship: DocumentAuthorship) -> Deed | None:
    if delivery is None or delivery.at == UNKNOWN_TIME:
        return None
    return Deed(authorship.authors.get(delivery.author), datetime.fromtimestamp(delivery.at, UTC))


def _merged(pieces: Iterable[AttributedSegment]) -> Iterator[AttributedSegment]:
    """Put together what stands side by side and differs in nothing but what it holds."""
    for _, group in groupby(pieces, key=_but_for_content):
        first, *others = group
        yield replace(first, content=_joined([each.content for each in (first, *others)])) if others else first


def _but_for_content(piece: AttributedSegment) -> tuple[type[Content], AttributedSegment]:
    return type(piece.content), replace(piece, content="")


def _joined(contents: list[Content]) -> Content:
    """Return as one what is all text, or all values."""
    texts = [content for content in contents if isinstance(content, str)]
    return "".join(texts) if texts else tuple(value for content in contents for value in content)
