"""Settings of a run, from options, environment variables, ``changelog.toml`` and defaults. Alone in reading the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from changelog_engine.plan.request import ContextChoice, Filters, ParameterSources


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a run depends on and that is not in the changelog.

    ``url`` is an SQLAlchemy URL (``postgresql://`` and ``postgres://`` mean psycopg 3), never shown with its password;
    ``url_source`` says for people where it came from. ``root`` is the folder that no path of the changelog leaves.
    ``schema`` None puts the ledger in the connection's own schema. ``lock_wait`` is in seconds.
    """

    changelog: Path
    root: Path
    url: str = field(default="sqlite:///changelog.db", repr=False)
    url_source: str = "default"
    environment: str | None = None
    contexts: ContextChoice = ContextChoice()
    label: str | None = None
    parameters: ParameterSources = ParameterSources()
    schema: str | None = None
    create_schema: bool = False
    table_prefix: str = ""
    lock_wait: float = 60.0
    os_user: str = ""
    host: str = ""
    command: str = ""
