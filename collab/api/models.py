"""What the API takes and gives, as JSON."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from collab.errors import InvalidExpiry
from collab.ports import DocumentKind, DocumentRecord, Identity, Role, Version, VersionKind
from collab.rooms.claims import Author

MAX_NAME_LENGTH: Final = 255
MAX_TITLE_LENGTH: Final = 255

RoleName = Literal["reader", "commenter", "editor", "owner"]
_ROLE_NAMES: Final[dict[Role, RoleName]] = {
    Role.READER: "reader",
    Role.COMMENTER: "commenter",
    Role.EDITOR: "editor",
    Role.OWNER: "owner",
}


def role_name(role: Role) -> RoleName:
    """Return what a role is called outside."""
    return _ROLE_NAMES[role]


def role_called(name: RoleName) -> Role:
    """Return the role of this name."""
    return Role[name.upper()]


_MANY_LINES_OR_NONE: Final = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, halves of surrogate pairs, separators of lines and of paragraphs."""

_DIRECTIONS: Final = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Of the bidirectional algorithm (UAX #9): they could have what stands around a name shown in another order."""


def _one_line(text: str) -> str:
    for character in text:
        if (
            unicodedata.category(character) in _MANY_LINES_OR_NONE
            or unicodedata.bidirectional(character) in _DIRECTIONS
        ):
            raise ValueError(f"has the character U+{ord(character):04X}; expected one line of text")
    return text


def _no_half_characters(secret: SecretStr) -> SecretStr:
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a surrogate pair; expected whole characters") from None
    return secret


OneLine = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[OneLine, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
Secret = Annotated[SecretStr, Field(max_length=4096), AfterValidator(_no_half_characters)]
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE_LENGTH), AfterValidator(_one_line)]


class Body(BaseModel):
    """What a call brings: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class NewDocument(Body):
    """A document to create."""

    name: str | None = Field(
        default=None, description="1 to 255 characters, none of them a control character; a random one when absent."
    )
    title: Title = "Untitled"
    kind: DocumentKind = Field(
        default=DocumentKind.RICH_TEXT,
        description="`richtext` for the browser editor, `yjs` for whatever your clients put there.",
    )


class DocumentChange(Body):
    """What to change of a document; what is absent stays as it is."""

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
            role=role_name(role),
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
    document_kind: DocumentKind = Field(
        description="What kind of document it was then; its content is read as that, whatever the document is now."
    )
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
            document_kind=version.document_kind,
            name=version.name,
            created_at=version.created_at,
            author=AuthorInfo.of(version.author),
            participants=[AuthorInfo.of(author) for author in version.participants],
        )


class VersionList(BaseModel):
    """A page of versions, the newest first."""

    versions: list[VersionInfo]
    next_cursor: str | None = Field(description="Asks for the next page, as `cursor`; `null` on the last.")


class NewVersion(Body):
    """A version to keep, or the name to give to one."""

    name: Title


class Restored(BaseModel):
    """What a restore did."""

    restored: VersionInfo
    before: VersionInfo | None = Field(
        description="What the document was before; restoring that undoes it. `null` where it was as in the version, and nothing was done."
    )


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} came; expected a moment of the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time that a caller names, with its time zone."""


def in_the_future(moment: datetime | None) -> datetime | None:
    """Return a time that is yet to come. Raises `InvalidExpiry`."""
    if moment is not None and moment <= datetime.now(UTC):
        raise InvalidExpiry(f"{moment.isoformat()} came as the end; expected a moment that is yet to come")
    return moment


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

    mode: Literal["open", "token", "account", "link"] = Field(
        description="Whether everybody is let in, or the caller was by a token or key, by having signed in, or as a guest by a link."
    )
    user: User | None = Field(description="`null` for a guest.")


class Health(BaseModel):
    """That the server is well."""

    status: Literal["ok"] = "ok"
