"""What the API says of a document's content piece by piece, as JSON: whose each is, and what became of it between two versions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from collab.api.models import AuthorInfo
from collab.content.changes import Change
from collab.services.attribution import AttributedKey, AttributedLine, AttributedSegment, Deed


class KeyChangeInfo(BaseModel):
    """An attribute of an element, an entry of a map or a format of text that was set, changed or removed."""

    key: str
    change: Literal["added", "changed", "removed"]
    before: str | None = Field(description="The value that it had, as JSON; `null` where it had none.")
    after: str | None = Field(description="The value that it has, as JSON; `null` where it has none.")
    author: AuthorInfo | None = Field(description="Who is credited with the new value, as with a piece of text.")
    credited: bool = Field(description="Whether somebody is.")
    delivered_by: AuthorInfo | None = Field(description="Who brought the new value first; `null` for a guest.")
    delivered_at: datetime | None = Field(description="When, to the minute; `null` where it is not known.")
    client_id: int | None = Field(
        description="The Yjs client id that the new value has; `null` where none was written."
    )
    removed_by: AuthorInfo | None = Field(
        description="Who removed the old value, if that is known; `null` for a guest."
    )
    removed_at: datetime | None

    @classmethod
    def of(cls, change: AttributedKey) -> Self:
        """Describe a change."""
        return cls(**_key(change))


class EntryInfo(KeyChangeInfo):
    """An attribute of an element or an entry of a map that was set, changed or removed."""

    tag: str = Field(description="Of the element whose attribute it is; empty for an entry of a map.")

    @classmethod
    def of(cls, change: AttributedKey) -> Self:
        """Describe a change."""
        return cls(**_key(change), tag=change.tag)


class AuthoredSegment(BaseModel):
    """Text, or values as JSON, that one client wrote in one go, and whose it is."""

    text: str
    holds: Literal["text", "values"] = Field(
        description="Whether `text` is text, or a JSON list of values: those of a list, or one that stands in a text."
    )
    author: AuthorInfo | None = Field(
        description="Who is credited with it: the user whose the Yjs client id is, and who delivered it or has shown that they wrote it."
    )
    credited: bool = Field(description="Whether somebody is; else nothing says who wrote it, only who brought it.")
    delivered_by: AuthorInfo | None = Field(description="Who brought it to the server first; `null` for a guest.")
    delivered_at: datetime | None = Field(description="When, to the minute; `null` where it is not known.")
    client_id: int = Field(description="The Yjs client id that it has.")
    formats: list[KeyChangeInfo] = Field(
        description="Formats of the text, such as `bold`. Of text that was added those that it has, of text that was removed those that it"
        " had, and of other text those that changed."
    )

    @classmethod
    def of(cls, segment: AttributedSegment) -> Self:
        """Describe a segment."""
        return cls(**_whose(segment))


class SegmentInfo(AuthoredSegment):
    """The same, and what became of it between two versions."""

    change: Change = Field(description="`changed` where the text is in both versions and its formats are not the same.")
    removed_by: AuthorInfo | None = Field(description="Who removed it, if that is known; `null` for a guest.")
    removed_at: datetime | None

    @classmethod
    def of(cls, segment: AttributedSegment) -> Self:
        """Describe a segment."""
        removed = segment.removed
        return cls(
            **_whose(segment), change=segment.change, removed_by=_author_of(removed), removed_at=_time_of(removed)
        )


class AuthoredLine(BaseModel):
    """A block's text, or one of the texts, lists and maps of another document."""

    root: str
    path: list[str] = Field(description="The keys of the maps that lead to it from its root.")
    tag: str = Field(description="Of the element around it; empty where there is none.")
    segments: list[AuthoredSegment]
    entries: list[EntryInfo] = Field(
        description="Attributes of elements, formats of those within a text, and entries of maps."
    )


class AuthorshipInfo(BaseModel):
    """A document's text, and whose each piece of it is."""

    lines: list[AuthoredLine]

    @classmethod
    def of(cls, lines: Iterable[AttributedLine]) -> Self:
        """Describe the lines of a document."""
        return cls(
            lines=[
                AuthoredLine(**_where(line), segments=list(map(AuthoredSegment.of, line.segments))) for line in lines
            ]
        )


class LineInfo(BaseModel):
    """A block's text, or one of the texts, lists and maps of another document."""

    root: str
    path: list[str] = Field(description="The keys of the maps that lead to it from its root.")
    tag: str = Field(description="Of the element around it; empty where there is none.")
    change: Literal["kept", "added", "removed"]
    segments: list[SegmentInfo]
    entries: list[EntryInfo] = Field(
        description="Attributes of elements, formats of those within a text, and entries of maps that were set, changed or removed. What is"
        " no plain value but a text, list or map of its own has a line of its own."
    )

    @classmethod
    def of(cls, line: AttributedLine) -> Self:
        """Describe a line."""
        return cls(**_where(line), **_became(line), segments=list(map(SegmentInfo.of, line.segments)))


class Comparison(BaseModel):
    """What was added, removed and changed between two versions of a document."""

    before: int | None = Field(description="The earlier version; `null` for the empty beginning.")
    after: int | None = Field(description="The later version; `null` for the document as it is now.")
    lines: list[LineInfo]


def _where(line: AttributedLine) -> dict[str, Any]:
    return {
        "root": line.root,
        "path": list(line.path),
        "tag": line.tag,
        "entries": list(map(EntryInfo.of, line.entries)),
    }


def _became(line: AttributedLine) -> dict[str, Any]:
    return {"change": line.change.value}


def _whose(segment: AttributedSegment) -> dict[str, Any]:
    return {
        "text": segment.text,
        "holds": "text" if isinstance(segment.content, str) else "values",
        "formats": list(map(KeyChangeInfo.of, segment.formats)),
        "client_id": segment.client,
        **_credit(segment),
    }


def _key(change: AttributedKey) -> dict[str, Any]:
    return {
        "key": change.key,
        "change": change.change.value,
        "before": change.before,
        "after": change.after,
        "client_id": change.client,
        "removed_by": _author_of(change.removed),
        "removed_at": _time_of(change.removed),
        **_credit(change),
    }


def _credit(whose: AttributedKey | AttributedSegment) -> dict[str, Any]:
    return {
        "author": AuthorInfo.of(whose.author),
        "credited": whose.author is not None,
        "delivered_by": _author_of(whose.delivered),
        "delivered_at": _time_of(whose.delivered),
    }


def _author_of(deed: Deed | None) -> AuthorInfo | None:
    return None if deed is None else AuthorInfo.of(deed.author)


def _time_of(deed: Deed | None) -> datetime | None:
    return None if deed is None else deed.at
