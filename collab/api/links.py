"""Share links: make, list, revoke, open."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, SecretStr

from collab.access import Action
from collab.access.client_address import address_of
from collab.api.accounts import Body, Secret
from collab.api.auditing import Recording
from collab.api.caller import Caller
from collab.api.models import Moment, RoleName, role_called, role_name
from collab.api.paths import DOCUMENTS, NameInPath
from collab.api.services import ServicesOfApp
from collab.errors import InvalidExpiry, LinkNotFound, SignInFailed
from collab.ports import AuditAction, LinkNumber, ShareLink

router = APIRouter(tags=["links"])

_LARGEST_ID: Final = 2**63 - 1
_PATH: Final = f"{DOCUMENTS}/{{name}}/links"


class LinkInfo(BaseModel):
    """A share link."""

    id: int
    token: str = Field(description="What its bearer shows in place of an access token.")
    path: str = Field(description="Where on this server it opens the document.")
    role: RoleName
    guests: bool = Field(description="Whether it lets people in who have not signed in.")
    has_password: bool
    created_by: str
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, link: ShareLink) -> Self:
        """Show a link."""
        return cls(
            id=link.number,
            token=link.secret,
            path=f"/share#{link.secret}",
            role=role_name(link.role),
            guests=link.guests,
            has_password=link.password_hash is not None,
            created_by=link.created_by,
            created_at=link.created_at,
            expires_at=link.expires_at,
        )


class LinkList(BaseModel):
    """All links of a document, the one made first at the beginning."""

    links: list[LinkInfo]


class NewShareLink(Body):
    """A link to make."""

    role: Literal["reader", "commenter", "editor"]
    guests: bool = Field(default=False, description="Whether it lets people in who have not signed in.")
    password: Secret | None = Field(default=None, description="Asked of whoever opens it.")
    expires_at: Moment | None = Field(default=None, description="Until when it is good; for good without.")


class OpenLink(Body):
    """A link that somebody was given."""

    token: Secret
    password: Secret | None = None


class OpenedLink(BaseModel):
    """What a link opens."""

    document: str
    role: RoleName
    guests: bool
    token: str | None = Field(
        description="What to show in place of an access token; `null` where a password is missing."
    )


@router.get(_PATH, summary="List a document's share links", response_description="All of them.")
async def list_links(services: ServicesOfApp, identity: Caller, name: NameInPath) -> LinkList:
    """List the links by which people come into a document. Needs the owner's role: whoever has a link may use it."""
    await services.policy.check(identity, name, Action.SHARE)
    record = await services.documents.get(name)
    return LinkList(links=[LinkInfo.of(link) for link in await services.links.store.of(record.id)])


@router.post(_PATH, status_code=201, summary="Make a share link", response_description="The link.")
async def make_link(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath, new: NewShareLink
) -> LinkInfo:
    """Make a link that gives whoever has it a role in this document. Needs the owner's role."""
    await services.policy.check(identity, name, Action.SHARE)
    record = await services.documents.get(name)
    link = await services.links.make(
        record.id,
        role_called(new.role),
        guests=new.guests,
        password=_shown(new.password),
        expires_at=in_the_future(new.expires_at),
        by=identity.user_id,
    )
    await recording.note(
        AuditAction.LINK_MADE, identity.user_id, document=name, subject=f"link:{link.number}", role=new.role
    )
    return LinkInfo.of(link)


@router.delete(f"{_PATH}/{{link}}", status_code=204, summary="Revoke a share link", response_description="It is.")
async def revoke_link(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    name: NameInPath,
    link: Annotated[LinkNumber, Path(ge=1, le=_LARGEST_ID)],
) -> None:
    """End a link; whoever came by it loses that role within a second. Needs the owner's role."""
    await services.policy.check(identity, name, Action.SHARE)
    record = await services.documents.get(name)
    if not await services.links.store.end(record.id, link):
        raise LinkNotFound("the document has no such link")
    services.rights.look_now()
    await recording.note(AuditAction.LINK_REVOKED, identity.user_id, document=name, subject=f"link:{link}")


@router.post("/api/v1/links/open", summary="Open a share link", response_description="What it opens.")
async def open_link(services: ServicesOfApp, recording: Recording, request: Request, shown: OpenLink) -> OpenedLink:
    """Tell which document a link opens, and give what its bearer shows at the doors. Whoever has the link may ask."""
    try:
        link, token = await services.links.open(
            shown.token.get_secret_value(), _shown(shown.password), address_of(request.scope)
        )
    except SignInFailed:
        await recording.note(AuditAction.LINK_REFUSED, "")
        raise
    return OpenedLink(document=link.document, role=role_name(link.role), guests=link.guests, token=token)


def in_the_future(moment: datetime | None) -> datetime | None:
    """Return a time that is yet to come. Raises `InvalidExpiry`."""
    if moment is not None and moment <= datetime.now(UTC):
        raise InvalidExpiry(f"{moment.isoformat()} came as the end; expected a moment that is yet to come")
    return moment


def _shown(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
