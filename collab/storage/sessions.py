"""Sessions of browsers in a database: the port `SessionStore`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update

from collab.ports import AccountId, BrowserSession, SessionNumber
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import accounts, sessions
from collab.storage.accounts import ACCOUNT_COLUMNS, account_of
from collab.storage.database import Database
from collab.storage.records import utc_now

MAX_SESSIONS: Final = 100
"""Of one account. Whoever signs in more often than that without signing out has lost sight of the first ones."""

_LABELLED: Final = [column.label(f"account_{column.name}") for column in ACCOUNT_COLUMNS]
_SESSIONS: Final = select(
    sessions.c.id,
    sessions.c.agent,
    sessions.c.address,
    sessions.c.created_at,
    sessions.c.seen_at,
    sessions.c.expires_at,
    *_LABELLED,
).join(accounts, sessions.c.account_id == accounts.c.id)


class SqlSessionStore:
    """Keeps sessions in the table `sessions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self,
        account: AccountId,
        secret_hash: bytes,
        *,
        agent: str,
        address: str | None,
        expires_at: datetime,
        password_hash: str | None = None,
    ) -> SessionNumber | None:
        """Insert it, and delete what is old or too many; whoever changes the account meanwhile comes before or after all of that."""
        now = utc_now()
        mine = sessions.c.account_id == account
        is_theirs = [accounts.c.id == account, accounts.c.disabled_at.is_(None)]
        if password_hash is not None:
            is_theirs.append(accounts.c.password_hash == password_hash)
        async with self._database.writing() as connection:
            if await connection.scalar(select(accounts.c.id).where(*is_theirs).with_for_update()) is None:
                return None
            await connection.execute(delete(sessions).where(mine, sessions.c.expires_at <= now))
            newest = select(sessions.c.id).where(mine).order_by(sessions.c.seen_at.desc()).limit(MAX_SESSIONS - 1)
            await connection.execute(delete(sessions).where(mine, sessions.c.id.not_in(newest)))
            opened = await connection.execute(
                insert(sessions)
                .values(
                    account_id=account,
                    secret_hash=secret_hash,
                    agent=agent,
                    address=address,
                    created_at=now,
                    seen_at=now,
                    expires_at=expires_at,
                )
                .returning(sessions.c.id)
            )
            return SessionNumber(opened.scalar_one())

    async def find(self, secret_hash: bytes) -> BrowserSession | None:
        """Look it up by its hash."""
        return await self._one(sessions.c.secret_hash == secret_hash)

    async def get(self, number: SessionNumber) -> BrowserSession | None:
        """Look it up by its number."""
        return await self._one(sessions.c.id == number)

    async def seen(self, number: SessionNumber, *, expires_at: datetime) -> None:
        """Update the row."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(sessions).where(sessions.c.id == number).values(seen_at=utc_now(), expires_at=expires_at)
            )

    async def of(self, account: AccountId) -> Sequence[BrowserSession]:
        """Read the rows."""
        statement = _SESSIONS.where(sessions.c.account_id == account, sessions.c.expires_at > utc_now())
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(sessions.c.seen_at.desc(), sessions.c.id.desc()))
            return [_session_of(row) for row in rows.mappings()]

    async def end(self, account: AccountId, number: SessionNumber) -> bool:
        """Delete the row, and tell."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            user_id = await connection.scalar(select(accounts.c.user_id).where(accounts.c.id == account))
            ended = await connection.execute(
                delete(sessions).where(sessions.c.id == number, sessions.c.account_id == account)
            )
            if user_id is None or ended.rowcount == 0:
                return False
            await tell(connection, user_id)
        return True

    async def _one(self, chosen: ColumnElement[bool]) -> BrowserSession | None:
        statement = _SESSIONS.where(chosen, sessions.c.expires_at > utc_now(), accounts.c.disabled_at.is_(None))
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else _session_of(row)


def _session_of(row: RowMapping) -> BrowserSession:
    return BrowserSession(
        number=SessionNumber(row["id"]),
        account=account_of({column.name: row[f"account_{column.name}"] for column in ACCOUNT_COLUMNS}),
        agent=row["agent"],
        address=row["address"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
    )
