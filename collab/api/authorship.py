"""Who wrote a document."""

from fastapi import APIRouter

from collab.access import Action
from collab.api.caller import Caller
from collab.api.comparisons import AuthorshipInfo
from collab.api.paths import DOCUMENTS, NameInPath
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.api.standing import still_may
from collab.ports import AuditAction

router = APIRouter(prefix=DOCUMENTS, tags=["authorship"])


@router.get("/{name}/authorship", summary="Who wrote what", response_description="All lines of the document.")
async def get_authorship(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath
) -> AuthorshipInfo:
    """Return the text of the document, and for each piece of it who wrote it and when.

    A Yjs client id belongs to the user who wrote under it first, at first hand. What another user delivers under it, such as what a peer
    brings back after a crash, is applied, and credited to nobody until the id's own client shows that it wrote that.
    """
    await services.policy.check(identity, name, Action.READ)
    told = AuthorshipInfo.of(await services.history.authorship(name))
    await still_may(services, identity, name, Action.READ)  # what is heavy has waited for its turn
    await recording.note(AuditAction.DOCUMENT_EXPORTED, identity.user_id, document=name, format="authorship")
    return told
