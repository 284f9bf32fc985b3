"""API keys: make, list, revoke."""

from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from collab.api.caller import Caller, check_admin
from collab.api.models import Body, Moment, Name, RoleName, in_the_future, role_called, role_name
from collab.api.paths import LARGEST_ID
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.errors import Forbidden
from collab.ports import ApiKey, AuditAction, Identity, KeyNumber
from collab.services.keys import told_of

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

MAX_PATTERNS: Final = 1000
MAX_PATTERN_LENGTH: Final = 256

Pattern = Annotated[str, Field(min_length=1, max_length=MAX_PATTERN_LENGTH)]
Scope = Annotated[dict[Pattern, RoleName], Field(max_length=MAX_PATTERNS)]


class KeyInfo(BaseModel):
    """An API key, without its secret."""

    id: int
    name: str
    user_id: str = Field(description="As whom its bearer acts.")
    documents: dict[str, RoleName] = Field(
        description="The most that its bearer may do, by name or by a prefix that ends in `*`."
    )
    admin: bool = Field(description="Whether its bearer may do what admins do.")
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = Field(description="When it was last shown, give or take a minute; `null` for never.")

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """Show a key."""
        return cls(
            id=key.number,
            name=key.name,
            user_id=key.user_id,
            documents={pattern: role_name(role) for pattern, role in key.scope.items()},
            admin=key.admin,
            created_by=key.created_by,
            created_at=key.created_at,
            expires_at=key.expires_at,
            used_at=key.used_at,
        )


class KeyList(BaseModel):
    """Keys, the one made last at the beginning."""

    keys: list[KeyInfo]


class NewApiKey(Body):
    """A key to make."""

    name: Name
    documents: Scope = Field(
        default_factory=dict, description="The most that it may do, by name or by a prefix that ends in `*`."
    )
    admin: bool = Field(default=False, description="Whether it may do what admins do. For admins.")
    expires_at: Moment | None = Field(default=None, description="Until when it is good; for good without.")


class MadeKey(BaseModel):
    """A key, and what its bearer shows."""

    key: KeyInfo
    secret: str = Field(description="Shown this once: as a Bearer token, or where WebSocket clients take one.")


@router.get("", summary="List API keys", response_description="All of them.")
async def list_keys(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    everybodys: Annotated[bool, Query(alias="all", description="Everybody's. For admins.")] = False,
) -> KeyList:
    """List the keys that the caller has made, or that act as them."""
    if everybodys:
        await check_admin(identity, recording, "everybody's keys are for admins alone")
    _check_no_key(identity)
    return KeyList(
        keys=[KeyInfo.of(key) for key in await services.keys.list(None if everybodys else _user(identity.user_id))]
    )


@router.post("", status_code=201, summary="Make an API key", response_description="The key, with its secret.")
async def make_key(services: ServicesOfApp, identity: Caller, recording: Recording, new: NewApiKey) -> MadeKey:
    """Make a key for a program.

    It acts as the caller's account, and may do no more than that may at the moment; the key of an admin who has no account here is a
    program's own.
    """
    if new.admin:
        await check_admin(identity, recording, "only admins make keys that may do what admins do")
    scope = {pattern: role_called(role) for pattern, role in new.documents.items()}
    expires_at = in_the_future(new.expires_at)
    async with recording.together():
        key, secret = await services.keys.make(identity, new.name, scope, admin=new.admin, expires_at=expires_at)
        await recording.note(AuditAction.KEY_MADE, identity.user_id, subject=f"key:{key.number}", **told_of(key))
    return MadeKey(key=KeyInfo.of(key), secret=secret)


@router.delete("/{key}", status_code=204, summary="Revoke an API key", response_description="It is.")
async def revoke_key(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    key: Annotated[KeyNumber, Path(ge=1, le=LARGEST_ID)],
) -> None:
    """End one of the caller's keys, or an admin anybody's; what it has open in documents ends within a second."""
    _check_no_key(identity)
    whose = None if identity.admin else _user(identity.user_id)
    async with recording.together():
        await services.keys.revoke(key, user_id=whose)
        await recording.note(AuditAction.KEY_REVOKED, identity.user_id, subject=f"key:{key}")
    services.rights.look_now()


def _check_no_key(identity: Identity) -> None:
    """Raise `Forbidden` for a key that is no admin's: documents are all that its scope speaks of."""
    if identity.key is not None and not identity.admin:
        raise Forbidden("keys are looked after by people who have signed in, or by an admin's key")


def _user(user_id: str) -> str:
    """Return whose keys a caller sees. Raises `Forbidden` for a guest, who is nobody."""
    if not user_id:
        raise Forbidden("guests have no keys")
    return user_id
