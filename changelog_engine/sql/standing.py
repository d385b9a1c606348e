"""Statements whose whole effect is on the session, so that a new session needs them again."""

from __future__ import annotations

import re

_SPACE = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)"
_STANDING = re.compile(rf"{_SPACE}*(?:SET|RESET|USE|PRAGMA|ATTACH|LOAD)\b(?!\s+DATA\b)", re.IGNORECASE)


def sets_session(sql: str) -> bool:
    """Whether the statement sets something for those that follow it on the same connection; to run it again does no
    harm.
    """
    return _STANDING.match(sql) is not None
