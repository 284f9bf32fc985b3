"""What the API takes and gives, as JSON."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from collab.content.comparing import Change
from collab.ports import DocumentKind, DocumentRecord, Identity, Role, Version, VersionKind
from collab.rooms.claims import Author
from collab.services.attribution import AttributedLine, AttributedSegment, Deed

MAX_TITLE_LENGTH: Final = 255

RoleName = Literal["reader", "commenter", "editor", "owner"]
_ROLE_NAMES: Final[dict[Role, RoleName]] = {
    Role.READER: "reader",
    Role.COMMENTER: "commenter",
    Role.EDITOR: "editor",
    Role.OWNER: "owner",
}


def _without_control_characters(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("has a control character, or half a surrogate pair; expected one line of text")
    return text


OneLine = Annotated[str, AfterValidator(_without_control_characters)]
Title = Annotated[OneLine, Field(min_length=1, max_length=MAX_TITLE_LENGTH)]


class NewDocument(BaseModel):
    """A document to create."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(
        default=None, description="1 to 255 characters, none of them a control character; a random one when absent."
    )
    title: Title = "Untitled"
    kind: DocumentKind = Field(
        default=DocumentKind.RICH_TEXT,
        description="`richtext` for the browser editor, `yjs` for whatever your clients put there.",
    )


class DocumentChange(BaseModel):
    """What to change of a document; what is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    kind: DocumentKind | None = Field(
        default=None, description="`richtext` only where the document is empty or holds rich text already."
    )


class DocumentInfo(BaseModel):
    """A document, without its content."""

    name: str
    title: str
    kind: DocumentKind
    created_at: datetime
    updated_at: datetime
    role: RoleName = Field(description="What the caller may do with it.")

    @classmethod
    def of(cls, record: DocumentRecord, role: Role) -> Self:
        """Describe a document to somebody with this role in it."""
        return cls(
            name=record.name,
            title=record.title,
            kind=record.kind,
            created_at=record.created_at,
            updated_at=record.updated_at,
            role=_ROLE_NAMES[role],
        )


class DocumentList(BaseModel):
    """A page of documents, the one changed last first."""

    documents: list[DocumentInfo]
    next_cursor: str | None = Field(description="Asks for the next page, as `cursor`; `null` on the last.")


class AuthorInfo(BaseModel):
    """Somebody who has written."""

    id: str
    name: str

    @classmethod
    def of(cls, author: Author | None) -> Self | None:
        """Describe somebody; `None` stays `None`."""
        return None if author is None else cls(id=author.user_id, name=author.name)


class VersionInfo(BaseModel):
    """What a document was at a moment."""

    id: int
    kind: VersionKind
    name: str | None
    created_at: datetime
    author: AuthorInfo | None = Field(description="Who asked for it; `null` for a guest, and for the server itself.")
    participants: list[AuthorInfo | None] = Field(
        description="Who has written since the version before; `null` among them stands for guests."
    )

    @classmethod
    def of(cls, version: Version) -> Self:
        """Describe a version."""
        return cls(
            id=version.id,
            kind=version.kind,
            name=version.name,
            created_at=version.created_at,
            author=AuthorInfo.of(version.author),
            participants=[AuthorInfo.of(author) for author in version.participants],
        )


class VersionList(BaseModel):
    """A page of versions, the newest first."""

    versions: list[VersionInfo]
    next_cursor: str | None = Field(description="Asks for the next page, as `cursor`; `null` on the last.")


class NewVersion(BaseModel):
    """A version to keep, or the name to give to one."""

    model_config = ConfigDict(extra="forbid")

    name: Title


class AuthoredSegment(BaseModel):
    """Text, or a list's values as JSON, that one client wrote in one go, and whose it is."""

    text: str
    author: AuthorInfo | None = Field(
        description="Who is credited with it: the user whose the Yjs client id is, and who delivered it or has shown that they wrote it."
    )
    credited: bool = Field(description="Whether somebody is; else nothing says who wrote it, only who brought it.")
    delivered_by: AuthorInfo | None = Field(description="Who brought it to the server first; `null` for a guest.")
    delivered_at: datetime | None = Field(description="When, to the minute; `null` where it is not known.")
    client_id: int = Field(description="The Yjs client id that it has.")

    @classmethod
    def of(cls, segment: AttributedSegment) -> Self:
        """Describe a segment."""
        return cls(**_whose(segment))


class SegmentInfo(AuthoredSegment):
    """The same, and what became of it between two versions."""

    change: Change
    removed_by: AuthorInfo | None = Field(description="Who removed it, if that is known; `null` for a guest.")
    removed_at: datetime | None

    @classmethod
    def of(cls, segment: AttributedSegment) -> Self:
        """Describe a segment."""
        removed = segment.removed
        return cls(
            **_whose(segment),
            change=segment.change,
            removed_by=_author_of(removed),
            removed_at=None if removed is None else removed.at,
        )


def _whose(segment: AttributedSegment) -> dict[str, Any]:
    delivered = segment.delivered
    return {
        "text": segment.text,
        "author": AuthorInfo.of(segment.author),
        "credited": segment.author is not None,
        "delivered_by": _author_of(delivered),
        "delivered_at": None if delivered is None else delivered.at,
        "client_id": segment.client,
    }


def _author_of(deed: Deed | None) -> AuthorInfo | None:
    return None if deed is None else AuthorInfo.of(deed.author)


class AuthoredLine(BaseModel):
    """A block's text, or one of the texts and lists of another document."""

    root: str
    tag: str = Field(description="Of the element around it; empty where there is none.")
    segments: list[AuthoredSegment]


class AuthorshipInfo(BaseModel):
    """A document's text, and whose each piece of it is."""

    lines: list[AuthoredLine]

    @classmethod
    def of(cls, lines: Iterable[AttributedLine]) -> Self:
        """Describe the lines of a document."""
        return cls(
            lines=[
                AuthoredLine(root=line.root, tag=line.tag, segments=list(map(AuthoredSegment.of, line.segments)))
                for line in lines
            ]
        )


class LineInfo(BaseModel):
    """A block's text, or one of the texts and lists of another document."""

    root: str
    tag: str = Field(description="Of the element around it; empty where there is none.")
    change: Change
    segments: list[SegmentInfo]
    changed_keys: list[str] = Field(description="Attributes of elements and entries of maps that were set or removed.")

    @classmethod
    def of(cls, line: AttributedLine) -> Self:
        """Describe a line."""
        return cls(
            root=line.root,
            tag=line.tag,
            change=line.change,
            segments=list(map(SegmentInfo.of, line.segments)),
            changed_keys=list(line.changed_keys),
        )


class Comparison(BaseModel):
    """What was added and removed between two versions of a document."""

    before: int | None = Field(description="The earlier version; `null` for the empty beginning.")
    after: int | None = Field(description="The later version; `null` for the document as it is now.")
    lines: list[LineInfo]


class Restored(BaseModel):
    """What a restore did."""

    restored: VersionInfo
    before: VersionInfo = Field(description="What the document was before; restoring that undoes it.")


class User(BaseModel):
    """Who the caller is, as the token says."""

    id: str
    name: str
    color: str | None
    picture: str | None
    admin: bool

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """Describe somebody to themselves."""
        return cls(
            id=identity.user_id,
            name=identity.name,
            color=identity.color,
            picture=identity.picture,
            admin=identity.admin,
        )


class SessionInfo(BaseModel):
    """How this server lets people in, and who the caller is."""

    mode: Literal["open", "token"]
    user: User | None = Field(description="`null` for a guest.")


class Health(BaseModel):
    """That the server is well."""

    status: Literal["ok"] = "ok"
