"""A first look at the lock row, before anything heavy is imported: mostly it is the last look too."""

from __future__ import annotations

from changelog_engine.databases.connect import connect, database_kind
from changelog_engine.databases.database import Access, Row, Session
from changelog_engine.databases.look import LedgerNames, Looked, look_sql
from changelog_engine.errors import StatementError


def first_look(url: str, names: LedgerNames) -> Looked:
    """Connect and read the lock row. Raises as ``connect``."""
    kind = database_kind(url)
    if kind == "postgresql":
        from changelog_engine.databases import postgresql_look

        return postgresql_look.look(url, names)
    if kind == "sqlite":
        from changelog_engine.databases import sqlite_look

        return Looked(sqlite_look.look(url, names), lambda: connect(url, Access.WRITE), lambda: None)
    session = connect(url, Access.WRITE)
    return Looked(_ask(session, names), lambda: session, session.close)


def _ask(session: Session, names: LedgerNames) -> Row | None:
    try:
        rows = session.select(look_sql(names, session.quote))
    except StatementError:
        return None
    return rows[0] if rows else None
