"""What the API takes and gives, as JSON."""

import unicodedata
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from collab.ports import DocumentKind, DocumentRecord, Identity, Role

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
