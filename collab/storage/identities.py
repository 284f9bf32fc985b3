"""External identities in a database: the port `IdentityStore`."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import AccountNotFound, IdentityTaken, LastWayIn
from collab.ports import Account, AccountId, ExternalIdentity, IdentityNumber
from collab.storage.access_tables import accounts, external_identities
from collab.storage.accounts import ACCOUNT_COLUMNS, account_of
from collab.storage.database import Database
from collab.storage.records import utc_now


class SqlIdentityStore:
    """Keeps them in the table `external_identities`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owner_of(self, issuer: str, subject: str) -> Account | None:
        """Look it up by both."""
        statement = (
            select(*ACCOUNT_COLUMNS)
            .join(external_identities, external_identities.c.account_id == accounts.c.id)
            .where(external_identities.c.issuer == issuer, external_identities.c.subject == subject)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else account_of(row)

    async def link(
        self, account: AccountId, issuer: str, subject: str, email: str | None, *, alone: bool = False
    ) -> bool:
        """Insert it, while the account's row is held."""
        now = utc_now()
        async with self._database.writing() as connection:
            await _hold(connection, account)
            mine = await _of(connection, account)
            if any((each.issuer, each.subject) == (issuer, subject) for each in mine):
                return False
            if alone and any(each.issuer == issuer for each in mine):
                raise IdentityTaken("the account is linked to another identity of this provider")
            try:
                await connection.execute(
                    insert(external_identities).values(
                        account_id=account,
                        issuer=issuer,
                        subject=subject,
                        email=email,
                        created_at=now,
                        last_used_at=now,
                    )
                )
            except IntegrityError as error:
                raise IdentityTaken("this identity is linked to another account") from error
        return True

    async def used(self, issuer: str, subject: str, email: str | None) -> None:
        """Update the row."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(external_identities)
                .where(external_identities.c.issuer == issuer, external_identities.c.subject == subject)
                .values(last_used_at=utc_now(), email=email)
            )

    async def of(self, account: AccountId) -> Sequence[ExternalIdentity]:
        """Read the rows."""
        async with self._database.reading() as connection:
            return await _of(connection, account)

    async def unlink(self, account: AccountId, number: IdentityNumber, *, issuer: str) -> ExternalIdentity | None:
        """Delete the row, while the account's is held."""
        async with self._database.writing() as connection:
            has_password = await _hold(connection, account)
            mine = await _of(connection, account)
            found = next((each for each in mine if each.number == number), None)
            if found is None:
                return None
            others = [each for each in mine if each.issuer == issuer and each is not found]
            if found.issuer == issuer and not has_password and not others:
                raise LastWayIn("the account has no password, and would have no way in; set a password first")
            await connection.execute(delete(external_identities).where(external_identities.c.id == number))
            return found


async def _hold(connection: AsyncConnection, account: AccountId) -> bool:
    """Keep others from changing what the account has until the transaction ends; tell whether it has a password."""
    statement = select(accounts.c.password_hash.is_not(None)).where(accounts.c.id == account).with_for_update()
    has_password: bool | None = await connection.scalar(statement)
    if has_password is None:
        raise AccountNotFound("there is no such account")
    return has_password


async def _of(connection: AsyncConnection, account: AccountId) -> list[ExternalIdentity]:
    statement = (
        select(external_identities)
        .where(external_identities.c.account_id == account)
        .order_by(external_identities.c.id)
    )
    return [_identity_of(row) for row in (await connection.execute(statement)).mappings()]


def _identity_of(row: RowMapping) -> ExternalIdentity:
    return ExternalIdentity(
        number=IdentityNumber(row["id"]),
        issuer=row["issuer"],
        subject=row["subject"],
        email=row["email"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
    )
