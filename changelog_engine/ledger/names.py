"""The names of what is kept in the target database, and the version of its layout."""

from __future__ import annotations

LAYOUT = 1
"""Version of the layout, kept in the lock row. A higher one in the database is refused."""

LEDGER, LOCK, STATE = "changelog_ledger", "changelog_lock", "changelog_state"

BACKUP = "changelog_backup"
"""How the names of tables and files begin that hold a backup for a rollback."""
