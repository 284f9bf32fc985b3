"""Whose each piece of a document's lines is, and whose what was removed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from collab.content.comparing import Change, Line, Segment
from collab.ports import DocumentAuthorship
from collab.rooms.authorship import Deliveries, Delivery
from collab.rooms.claims import Author


@dataclass(frozen=True, slots=True)
class Deed:
    """That somebody delivered something to the server."""

    author: Author | None
    """`None` for a guest, and where nobody is known."""

    at: datetime
    """In UTC; within a minute, the beginning of what they delivered then."""


@dataclass(frozen=True, slots=True)
class AttributedSegment:
    """A piece of a line that one user wrote in one go, and what became of it."""

    text: str
    change: Change
    client: int
    author: Author | None
    """Who is credited with it: the user whose the client id is, and who delivered it or has shown that they wrote it."""

    delivered: Deed | None
    """Who brought it first; `None` where that is not known."""

    removed: Deed | None
    """Who removed it; `None` unless it was, and where that is not known."""


@dataclass(frozen=True, slots=True)
class AttributedLine:
    """A line, and whose each piece of it is."""

    root: str
    tag: str
    change: Change
    segments: tuple[AttributedSegment, ...]
    changed_keys: tuple[str, ...]


def attribute(lines: Iterable[Line], authorship: DocumentAuthorship) -> list[AttributedLine]:
    """Say of each piece of these lines whose it is."""
    return [
        AttributedLine(
            line.root,
            line.tag,
            line.change,
            tuple(_merged(piece for segment in line.segments for piece in _pieces(segment, authorship))),
            line.changed_keys,
        )
        for line in lines
    ]


def _pieces(segment: Segment, authorship: DocumentAuthorship) -> Iterator[AttributedSegment]:
    written = authorship.deliveries.written
    for start, end in pairwise(_bounds(segment, authorship)):
        delivery = _first(written, segment.client, start, end)
        removal = None
        if segment.change is Change.REMOVED:
            removal = _first(authorship.deliveries.deleted, segment.client, start, end)
        yield AttributedSegment(
            text=_part(segment, start, end),
            change=segment.change,
            client=segment.client,
            author=_credited(segment.client, start, end, delivery, authorship),
            delivered=_deed(delivery, authorship),
            removed=_deed(removal, authorship),
        )


def _bounds(segment: Segment, authorship: DocumentAuthorship) -> list[int]:
    """Return where a segment is to be cut; what is no text but values, or one embedded object, is left in one piece."""
    bounds = {segment.start, segment.end}
    if _is_text(segment):
        sources = [authorship.deliveries.written, authorship.credited]
        if segment.change is Change.REMOVED:
            sources.append(authorship.deliveries.deleted)
        for source in sources:
            for delivery in source.within(segment.client, segment.start, segment.end):
                bounds |= {delivery.start, delivery.end}
    return sorted(bounds)


def _is_text(segment: Segment) -> bool:
    """Tell whether each unit is a UTF-16 code unit; the values of a list are longer as JSON."""
    return len(_units(segment.text)) == 2 * (segment.end - segment.start)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _part(segment: Segment, start: int, end: int) -> str:
    if (start, end) == (segment.start, segment.end):
        return segment.text
    units = _units(segment.text)[2 * (start - segment.start) : 2 * (end - segment.start)]
    return units.decode("utf-16-le", "replace")


def _first(deliveries: Deliveries, client: int, start: int, end: int) -> Delivery | None:
    return next(deliveries.within(client, start, end), None)


def _credited(
    client: int, start: int, end: int, delivery: Delivery | None, authorship: DocumentAuthorship
) -> Author | None:
    owner = authorship.owners.get(client)
    since = _first(authorship.credited, client, start, end)
    if owner is not None and owner in {each.author for each in (delivery, since) if each is not None}:
        return authorship.authors.get(owner)
    return None


def _deed(delivery: Delivery | None, authorship: DocumentAuthorship) -> Deed | None:
    if delivery is None:
        return None
    return Deed(authorship.authors.get(delivery.author), datetime.fromtimestamp(delivery.at, UTC))


def _merged(pieces: Iterable[AttributedSegment]) -> Iterator[AttributedSegment]:
    """Put together what stands side by side and differs in nothing but its text."""
    last: AttributedSegment | None = None
    for piece in pieces:
        if last is not None and _but_for_text(last) == _but_for_text(piece):
            last = AttributedSegment(last.text + piece.text, *_but_for_text(piece))
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _but_for_text(
    piece: AttributedSegment,
) -> tuple[Change, int, Author | None, Deed | None, Deed | None]:
    return piece.change, piece.client, piece.author, piece.delivered, piece.removed
