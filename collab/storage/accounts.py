"""Accounts in a database: the port `AccountStore`."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, delete, exists, false, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import AccountNotFound, EmailTaken, LastAdmin, SignInFailed, TicketSpent
from collab.ports import Account, AccountChanges, AccountId, AccountPage, SessionNumber
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import accounts, sessions, tickets
from collab.storage.cursors import Place
from collab.storage.database import Database
from collab.storage.documents import can_be_stored
from collab.storage.records import utc_now
from collab.storage.tables import fold

_LIST: Final = "accounts"
_USER_ID_BYTES: Final = 12

ACCOUNT_COLUMNS: Final = (
    accounts.c.id,
    accounts.c.user_id,
    accounts.c.email,
    accounts.c.email_is_claimed,
    accounts.c.name,
    accounts.c.color,
    accounts.c.picture,
    accounts.c.admin,
    accounts.c.created_at,
    accounts.c.disabled_at,
)
"""What an account is read from."""


def account_of(row: Mapping[str, Any] | RowMapping) -> Account:
    """Read an account."""
    return Account(
        id=AccountId(row["id"]),
        user_id=row["user_id"],
        email=row["email"],
        email_is_claimed=row["email_is_claimed"],
        name=row["name"],
        color=row["color"],
        picture=row["picture"],
        admin=row["admin"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )


class SqlAccountStore:
    """Keeps accounts in the table `accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        email: str,
        name: str,
        password_hash: str | None,
        admin: bool,
        email_is_claimed: bool = False,
        ticket: bytes | None = None,
    ) -> Account:
        """Insert it under a new random id, and delete the ticket, in one transaction."""
        user_id = f"u_{secrets.token_urlsafe(_USER_ID_BYTES)}"
        values = {"user_id": user_id, "email": email, "email_key": fold(email), "name": name, "admin": admin}
        values["email_is_claimed"] = email_is_claimed
        async with self._database.writing() as connection:
            if ticket is not None:
                await _use(connection, ticket)
            try:
                await connection.execute(
                    insert(accounts).values(
                        **values,
                        password_hash=password_hash,
                        search_text=_search_text(name, email),
                        created_at=utc_now(),
                    )
                )
            except IntegrityError as error:
                raise EmailTaken("another account has this e-mail") from error
            return await _account(connection, user_id)

    async def get(self, user_id: str) -> Account:
        """Read the row."""
        async with self._database.reading() as connection:
            return await _account(connection, user_id)

    async def by_email(self, email: str) -> tuple[Account, str | None] | None:
        """Look it up by the folded e-mail."""
        if not can_be_stored(email):
            return None
        statement = select(*ACCOUNT_COLUMNS, accounts.c.password_hash).where(accounts.c.email_key == fold(email))
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else (account_of(row), row["password_hash"])

    async def page(self, *, limit: int, cursor: str | None = None, query: str | None = None) -> AccountPage:
        """List accounts by keyset."""
        statement = select(*ACCOUNT_COLUMNS).order_by(accounts.c.id).limit(limit + 1)
        if cursor is not None:
            statement = statement.where(accounts.c.id > Place.decode(cursor, _LIST).id)
        if query is not None:
            statement = statement.where(self._contains(query))
        async with self._database.reading() as connection:
            found = [account_of(row) for row in (await connection.execute(statement)).mappings()]
        page = tuple(found[:limit])
        next_cursor = Place(page[-1].created_at, page[-1].id).encode(_LIST) if len(found) > limit else None
        return AccountPage(page, next_cursor)

    async def change(self, user_id: str, changes: AccountChanges) -> tuple[Account, bool]:
        """Change the row; whoever is no admin any more, or disabled, loses their rights."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            account = await _account(connection, user_id)
            changed = _changed(account, changes)
            if account.admin and account.disabled_at is None and not (changed.admin and changed.disabled_at is None):
                await _check_another_admin(connection, account)
            if changed == account:
                return account, False
            await connection.execute(
                update(accounts)
                .where(accounts.c.id == account.id)
                .values(
                    name=changed.name,
                    color=changed.color,
                    picture=changed.picture,
                    admin=changed.admin,
                    disabled_at=changed.disabled_at,
                    search_text=_search_text(changed.name, changed.email),
                )
            )
            if changed.disabled_at is not None:
                await connection.execute(delete(sessions).where(sessions.c.account_id == account.id))
            await tell(connection, user_id)
        return changed, True

    async def password_of(self, user_id: str) -> str | None:
        """Read the hash."""
        statement = select(accounts.c.password_hash).where(accounts.c.user_id == user_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise _unknown()
        kept: str | None = row.password_hash
        return kept

    async def hash_anew(self, user_id: str, kept: str, password_hash: str) -> str:
        """Write the hash where the one before is there still."""
        async with self._database.writing() as connection:
            account = await _account(connection, user_id)
            this = accounts.c.id == account.id
            await connection.execute(
                update(accounts).where(this, accounts.c.password_hash == kept).values(password_hash=password_hash)
            )
            return await connection.scalar(select(accounts.c.password_hash).where(this)) or ""

    async def set_password(
        self,
        user_id: str,
        password_hash: str,
        *,
        instead_of: str | None = None,
        keep: SessionNumber | None = None,
        ticket: bytes | None = None,
    ) -> None:
        """Write the hash, where one is named instead of that, and delete the ticket and the other sessions."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            account = await _account(connection, user_id)
            if ticket is not None:
                await _use(connection, ticket)
            chosen = [accounts.c.id == account.id]
            if instead_of is not None:
                chosen += _is_still(account, instead_of, keep)
            changed = await connection.execute(update(accounts).where(*chosen).values(password_hash=password_hash))
            if changed.rowcount == 0:
                raise SignInFailed("the password was set anew meanwhile, or you were signed out")
            others = delete(sessions).where(sessions.c.account_id == account.id)
            await connection.execute(others if keep is None else others.where(sessions.c.id != keep))
            await tell(connection, user_id)

    def _contains(self, query: str) -> ColumnElement[bool]:
        if not can_be_stored(query):
            return false()
        position = func.instr if self._database.is_sqlite else func.strpos
        return position(accounts.c.search_text, fold(query)) > 0


async def _account(connection: AsyncConnection, user_id: str) -> Account:
    statement = select(*ACCOUNT_COLUMNS).where(accounts.c.user_id == user_id)
    row = (await connection.execute(statement)).mappings().one_or_none() if can_be_stored(user_id) else None
    if row is None:
        raise _unknown()
    return account_of(row)


async def _use(connection: AsyncConnection, ticket: bytes) -> None:
    used = await connection.execute(
        delete(tickets).where(tickets.c.secret_hash == ticket, tickets.c.expires_at > utc_now())
    )
    if used.rowcount == 0:
        raise TicketSpent("this link was used already, or has expired; ask for another")


def _is_still(account: Account, password_hash: str, session: SessionNumber | None) -> list[ColumnElement[bool]]:
    """Tell whether somebody may still go by this password, and by their session."""
    conditions = [accounts.c.password_hash == password_hash, accounts.c.disabled_at.is_(None)]
    if session is not None:
        theirs = (sessions.c.id == session, sessions.c.account_id == account.id, sessions.c.expires_at > utc_now())
        conditions.append(exists().where(*theirs))
    return conditions


async def _check_another_admin(connection: AsyncConnection, account: Account) -> None:
    others = (
        select(func.count())
        .select_from(accounts)
        .where(accounts.c.admin.is_(True), accounts.c.disabled_at.is_(None), accounts.c.id != account.id)
    )
    if not await connection.scalar(others):
        raise LastAdmin("this is the only admin; make somebody else one first")


def _changed(account: Account, changes: AccountChanges) -> Account:
    values: dict[str, Any] = {}
    for field in ("name", "admin"):
        if (value := getattr(changes, field)) is not None:
            values[field] = value
    for field in ("color", "picture"):
        if (value := getattr(changes, field)) is not None:
            values[field] = value or None
    if changes.disabled is not None:
        values["disabled_at"] = (account.disabled_at or utc_now()) if changes.disabled else None
    return replace(account, **values)


def _search_text(name: str, email: str | None) -> str:
    return fold(f"{name}\n{email or ''}")


def _unknown() -> AccountNotFound:
    return AccountNotFound("there is no such account")
