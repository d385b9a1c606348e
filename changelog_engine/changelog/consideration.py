"""How changesets treat the others on their database: time-outs, retries and the role that they run as."""

from __future__ import annotations

from changelog_engine.changelog.file_log import FileLog
from changelog_engine.changelog.keys import CONSIDERATION
from changelog_engine.changelog.texts import Texts
from changelog_engine.changes.nodes import Scalar
from changelog_engine.changes.shapes import Fields
from changelog_engine.model import Consideration, Retries

_KEYS = CONSIDERATION.keys()


def read_consideration(fields: Fields, log: FileLog, texts: Texts, inherited: Consideration) -> Consideration:
    """What the keys of a changeset or of ``defaults`` say, over what is inherited."""
    if _KEYS.isdisjoint(fields):
        return inherited
    role: Scalar | None = fields.get("run_as")
    if role is not None and "${" in role.text:
        texts.check_role(log.sql_text(role))
    own = Consideration(
        lock_timeout=fields.get("lock_timeout"),
        statement_timeout=fields.get("statement_timeout"),
        retries=_retries(fields.get("retries")),
        run_as=None if role is None else role.text.strip(),
    )
    return own.over(inherited)


def _retries(given: int | Fields | None) -> Retries | None:
    if isinstance(given, Fields):
        default = Retries()
        return Retries(given.get("attempts", 0), given.get("initial_seconds", default.initial_seconds))
    return None if given is None else Retries(given)
