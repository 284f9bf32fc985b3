"""Share links: make, list, revoke, open."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, SecretStr

from collab.access import Action, address_of
from collab.api.caller import Caller, shown_session
from collab.api.models import Body, Moment, RoleName, Secret, in_the_future, role_called, role_name
from collab.api.paths import DOCUMENTS, LARGEST_ID, NameInPath
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.errors import Distrust, LinkNotFound, SignInDelayed, SignInFailed
from collab.ports import AuditAction, LinkNumber, ShareLink
from collab.services.audit_trail import until, yes_or_no

router = APIRouter(tags=["links"])

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

    document: str | None = Field(description="`null` where the caller does not get in by it yet.")
    role: RoleName | None
    guests: bool = Field(description="Whether it lets people in who have not signed in.")
    token: str | None = Field(
        description="What to show in place of an access token, and here instead of the password; `null` where that is missing."
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
    password_hash = await services.links.hash_of(_shown(new.password), by=identity.user_id)
    async with recording.together(partial(services.policy.check, document=name, action=Action.SHARE)):
        link = await services.links.make(
            record.id,
            role_called(new.role),
            guests=new.guests,
            password_hash=password_hash,
            expires_at=in_the_future(new.expires_at),
            by=identity.user_id,
        )
        await recording.note(
            AuditAction.LINK_MADE,
            identity.user_id,
            document=name,
            subject=f"link:{link.number}",
            role=new.role,
            guests=yes_or_no(link.guests),
            password=yes_or_no(link.password_hash is not None),
            expires_at=until(link.expires_at),
        )
    return LinkInfo.of(link)


@router.delete(f"{_PATH}/{{link}}", status_code=204, summary="Revoke a share link", response_description="It is.")
async def revoke_link(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    name: NameInPath,
    link: Annotated[LinkNumber, Path(ge=1, le=LARGEST_ID)],
) -> None:
    """End a link; whoever came by it loses that role within a second. Needs the owner's role."""
    await services.policy.check(identity, name, Action.SHARE)
    record = await services.documents.get(name)
    async with recording.together(partial(services.policy.check, document=name, action=Action.SHARE)):
        if not await services.links.store.end(record.id, link):
            raise LinkNotFound("the document has no such link")
        await recording.note(AuditAction.LINK_REVOKED, identity.user_id, document=name, subject=f"link:{link}")
    services.rights.look_now()


@router.post("/api/v1/links/open", summary="Open a share link", response_description="What it opens.")
async def open_link(services: ServicesOfApp, recording: Recording, request: Request, shown: OpenLink) -> OpenedLink:
    """Give what a link's bearer shows at the doors, and tell which document it opens for them. Whoever has the link may ask."""
    secret = shown.token.get_secret_value()
    try:
        link = await services.links.find(secret)
    except LinkNotFound:
        await recording.note(AuditAction.CREDENTIALS_REFUSED, "", shown="link", reason=Distrust.UNKNOWN.value)
        raise
    session = None if services.accounts is None else await services.accounts.session_of(shown_session(request))
    who = "" if session is None else session.account.user_id
    about = {"document": link.document, "subject": f"link:{link.number}"}
    try:
        token = await services.links.open(link, secret, _shown(shown.password), address_of(request.scope))
    except (SignInFailed, SignInDelayed) as error:
        await recording.refusal(AuditAction.LINK_REFUSED, error, who, **about)
        raise
    if token is None or not (link.guests or session):
        return OpenedLink(document=None, role=None, guests=link.guests, token=token)
    await recording.note(AuditAction.LINK_OPENED, who, document=link.document, subject=f"link:{link.number}")
    return OpenedLink(document=link.document, role=role_name(link.role), guests=link.guests, token=token)


def _shown(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
