"""API keys in a database: the port `KeyStore`."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, and_, delete, func, insert, or_, select, update

from collab.errors import AccountNotFound, TooManyKeys
from collab.ports import ApiKey, KeyNumber, NewKey, program_id
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import accounts, api_keys
from collab.storage.accounts import ACCOUNT_COLUMNS, account_of
from collab.storage.database import Database
from collab.storage.records import utc_now
from collab.storage.roles import names_of, patterns_named

MAX_KEYS: Final = 200
"""That one user may make, or that programs of their own may have in all; whoever has more has lost sight of them."""

_LABELLED: Final = [column.label(f"account_{column.name}") for column in ACCOUNT_COLUMNS]
_KEYS: Final = select(
    api_keys.c.id,
    api_keys.c.account_id.label("of_account"),
    api_keys.c.name,
    api_keys.c.scope,
    api_keys.c.admin,
    api_keys.c.created_by,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.used_at,
    *_LABELLED,
).outerjoin_from(api_keys, accounts, api_keys.c.account_id == accounts.c.id)


class SqlKeyStore:
    """Keeps API keys in the table `api_keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, new: NewKey, secret_hash: bytes) -> ApiKey:
        """Insert it."""
        async with self._database.writing() as connection:
            await begin_change(connection)  # no other counts beside it
            account = None
            if new.user_id is not None:
                account = await connection.scalar(select(accounts.c.id).where(accounts.c.user_id == new.user_id))
                if account is None:
                    raise AccountNotFound("no account has this user id")
            count = select(func.count()).select_from(api_keys).where(api_keys.c.created_by == new.created_by)
            if (await connection.scalar(count) or 0) >= MAX_KEYS:
                raise TooManyKeys(f"there are {MAX_KEYS} keys by this maker; revoke some first")
            made = await connection.execute(
                insert(api_keys)
                .values(
                    account_id=account,
                    secret_hash=secret_hash,
                    name=new.name,
                    scope=names_of(new.scope),
                    admin=new.admin,
                    created_by=new.created_by,
                    created_at=utc_now(),
                    expires_at=new.expires_at,
                )
                .returning(api_keys.c.id)
            )
            row = (await connection.execute(_KEYS.where(api_keys.c.id == made.scalar_one()))).mappings().one()
        return _key(row)

    async def find(self, secret_hash: bytes) -> ApiKey | None:
        """Look it up by its hash."""
        return await self._one(api_keys.c.secret_hash == secret_hash)

    async def get(self, number: KeyNumber) -> ApiKey | None:
        """Look it up by its number."""
        return await self._one(api_keys.c.id == number)

    async def used(self, number: KeyNumber) -> None:
        """Update the row."""
        async with self._database.writing() as connection:
            await connection.execute(update(api_keys).where(api_keys.c.id == number).values(used_at=utc_now()))

    async def list(self, user_id: str | None = None) -> Sequence[ApiKey]:
        """Read the rows."""
        statement = _KEYS if user_id is None else _KEYS.where(_is_theirs(user_id))
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(api_keys.c.id.desc()))
            return [_key(row) for row in rows.mappings()]

    async def end(self, number: KeyNumber, *, user_id: str | None = None) -> bool:
        """Delete the row, and tell."""
        this = _KEYS.where(api_keys.c.id == number)
        async with self._database.writing() as connection:
            await begin_change(connection)
            chosen = this if user_id is None else this.where(_is_theirs(user_id))
            row = (await connection.execute(chosen)).mappings().one_or_none()
            if row is None:
                return False
            await connection.execute(delete(api_keys).where(api_keys.c.id == number))
            await tell(connection, row["account_user_id"] or program_id(number))
        return True

    async def _one(self, chosen: ColumnElement[bool]) -> ApiKey | None:
        is_good = and_(
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > utc_now()), accounts.c.disabled_at.is_(None)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(_KEYS.where(chosen, is_good))).mappings().one_or_none()
        return None if row is None else _key(row)


def _is_theirs(user_id: str) -> ColumnElement[bool]:
    return or_(api_keys.c.created_by == user_id, accounts.c.user_id == user_id)


def _key(row: RowMapping) -> ApiKey:
    account = None
    if row["of_account"] is not None:
        account = account_of({column.name: row[f"account_{column.name}"] for column in ACCOUNT_COLUMNS})
    return ApiKey(
        number=KeyNumber(row["id"]),
        name=row["name"],
        account=account,
        scope=patterns_named(row["scope"]),
        admin=row["admin"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
    )
