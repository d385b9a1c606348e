"""Which statements a database refuses in a transaction, so that their changeset needs ``transaction: false``."""

from __future__ import annotations

import re

from changelog_engine.sql.effects import Refusal
from changelog_engine.sql.statements import statement_spans

_SQLITE = re.compile(r"(VACUUM|PRAGMA\s+(?:\w+\.)?(?:foreign_keys|journal_mode|synchronous)\s*[=(])", re.IGNORECASE)


def refused_in_transaction(text: str, dbms: str) -> tuple[Refusal, ...] | None:
    """The statements of a text that fail, or do nothing, in a transaction; None where the text cannot be read.

    An empty answer means that ``transaction: false`` is superfluous. MySQL and MariaDB refuse nothing: there, what
    changes objects commits by itself.
    """
    if dbms == "postgresql":
        from changelog_engine.sql.postgresql.autocommit import refusals

        return refusals(text)
    if dbms == "sqlite":
        return tuple(
            Refusal(" ".join(match[0].upper().rstrip("=( ").split()), start)
            for start, end in statement_spans(text, dbms)
            if (match := _SQLITE.match(text, start, end))
        )
    return ()
