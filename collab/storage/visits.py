"""Browsers that were sent to the identity provider, in a database: the port `VisitStore`."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, or_, select

from collab.ports import ProviderVisit, SessionNumber
from collab.storage.access_tables import provider_visits
from collab.storage.database import Database
from collab.storage.records import utc_now

MAX_VISITS: Final = 20_000
"""Anybody may begin one. Whoever floods the table makes room for themselves by forgetting the oldest, and fills no disk."""


class SqlVisitStore:
    """Keeps visits in the table `provider_visits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, visit: ProviderVisit, secret_hash: bytes, *, expires_at: datetime) -> None:
        """Insert it, and delete what is old or too many."""
        async with self._database.writing() as connection:
            newest = await connection.scalar(select(func.max(provider_visits.c.id))) or 0
            await connection.execute(
                delete(provider_visits).where(
                    or_(provider_visits.c.expires_at <= utc_now(), provider_visits.c.id <= newest + 1 - MAX_VISITS)
                )
            )
            await connection.execute(
                insert(provider_visits).values(
                    secret_hash=secret_hash,
                    return_to=visit.return_to,
                    session_id=visit.session,
                    link=visit.link,
                    expires_at=expires_at,
                )
            )

    async def end(self, secret_hash: bytes) -> ProviderVisit | None:
        """Delete the row: of several that try at once one gets it."""
        statement = (
            delete(provider_visits)
            .where(provider_visits.c.secret_hash == secret_hash)
            .returning(
                provider_visits.c.return_to,
                provider_visits.c.session_id,
                provider_visits.c.link,
                provider_visits.c.expires_at,
            )
        )
        async with self._database.writing() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None or row["expires_at"] <= utc_now():
            return None
        session = row["session_id"]
        return ProviderVisit(row["return_to"], None if session is None else SessionNumber(session), row["link"])
