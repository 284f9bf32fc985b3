"""API keys: who may make which."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from collab.access.secrets import API_KEY, hash_of, make_secret
from collab.errors import Forbidden, InvalidScope, KeyNotFound
from collab.ports import ApiKey, Identity, KeyNumber, KeyStore, NewKey, Role
from collab.services.audit_trail import until, yes_or_no


def told_of(key: ApiKey) -> dict[str, str]:
    """Return what the audit log says of a key that was made."""
    return {
        "name": key.name,
        "documents": ", ".join(f"{pattern} {role.name.lower()}" for pattern, role in key.scope.items()) or "none",
        "admin": yes_or_no(key.admin),
        "expires_at": until(key.expires_at),
    }


class Keys:
    """What people do with API keys."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    async def make(
        self, by: Identity, name: str, scope: Mapping[str, Role], *, admin: bool, expires_at: datetime | None
    ) -> tuple[ApiKey, str]:
        """Make a key, and return it with its secret, which is shown this once.

        Whoever has an account makes keys that act as them, within this scope; an admin without one makes those of programs. Raises
        `Forbidden`, `InvalidScope` and `TooManyKeys`.
        """
        if by.key is not None or by.link is not None:
            raise Forbidden("keys are made by people who have signed in; an API key, or a link, makes none")
        if by.session is None and not by.admin:
            raise Forbidden("you have no account here; expected somebody who has signed in, or an admin")
        if admin and not by.admin:
            raise Forbidden("only admins make keys that may do what admins do")
        return await self.make_for(
            by.user_id if by.session is not None else None, name, scope, admin, expires_at, by.user_id
        )

    async def make_for(
        self,
        user_id: str | None,
        name: str,
        scope: Mapping[str, Role],
        admin: bool,
        expires_at: datetime | None,
        by: str,
    ) -> tuple[ApiKey, str]:
        """Make a key for an account, or where none is named for a program of its own. Raises as `make` does but for `Forbidden`."""
        if not scope and not admin:
            raise InvalidScope(
                'the key could do nothing; expected documents, such as {"team/*": "editor"}, or an admin\'s key'
            )
        secret = make_secret(API_KEY)
        key = await self._store.create(NewKey(name, user_id, scope, admin, by, expires_at), hash_of(secret) or b"")
        return key, secret

    async def list(self, user_id: str | None = None) -> Sequence[ApiKey]:
        """Return this user's keys, or all."""
        return await self._store.list(user_id)

    async def revoke(self, number: KeyNumber, *, user_id: str | None = None) -> None:
        """End a key, where a user is named one of theirs. Raises `KeyNotFound`."""
        if not await self._store.end(number, user_id=user_id):
            raise KeyNotFound("there is no such key of yours")
