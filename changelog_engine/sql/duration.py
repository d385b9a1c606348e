"""Whether a statement may take long: by its first words, and rather too often than too seldom. Pure."""

from __future__ import annotations

import re

_GAP = r"(?:\s|--[^\n]*\n|/\*.*?\*/)+"
_NEW_OBJECT = (
    r"(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+)?"
    r"(?:TABLE|VIEW|TYPE|DOMAIN|SEQUENCE|FUNCTION|PROCEDURE|TRIGGER|SCHEMA|POLICY|ROLE|RULE|AGGREGATE|CAST|OPERATOR)\b"
)
_QUICK = re.compile(
    rf"(?:{_GAP})?(?:CREATE\s+{_NEW_OBJECT}|COMMENT\s+ON\b|GRANT\b|REVOKE\b|DROP\b|INSERT\s+INTO\s+[^()]*(?:\([^()]*\)\s*)?VALUES\b"
    r"|ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?\S+\s+(?:RENAME|OWNER|ENABLE|DISABLE|ALTER\s+(?:COLUMN\s+)?\S+\s+(?:SET|DROP)\s+DEFAULT)\b)",
    re.IGNORECASE | re.DOTALL,
)
_READS = re.compile(r"\b(?:AS\s+(?:SELECT|WITH|TABLE|EXECUTE)|SELECT)\b", re.IGNORECASE)
_VIEW = re.compile(r"(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:VIEW|FUNCTION|PROCEDURE|RULE|POLICY))\b", re.IGNORECASE)
LONG_TEXT = 20_000
"""Above this many characters rows of literals are not few any more."""


def may_take_long(sql: str) -> bool:
    """False for a statement that makes, names or drops an object, or inserts a few literal rows; True for all
    others.
    """
    if len(sql) > LONG_TEXT or _QUICK.match(sql) is None:
        return True
    return _READS.search(sql) is not None and _VIEW.search(sql) is None
