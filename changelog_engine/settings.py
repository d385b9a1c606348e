"""Settings of a run, from options, environment variables, ``changelog.toml`` and defaults.

Alone in reading the environment, which is passed in. Strongest first:

1. the options of the command line (:class:`Options`);
2. environment variables: ``CHANGELOG_FILE``, ``CHANGELOG_URL``, ``CHANGELOG_CONTEXTS``, ``CHANGELOG_LABEL``,
   ``CHANGELOG_SCHEMA``, ``CHANGELOG_CREATE_SCHEMA``, ``CHANGELOG_TABLE_PREFIX``, ``CHANGELOG_LOCK_WAIT``,
   ``CHANGELOG_LOCK_TIMEOUT``, ``CHANGELOG_STATEMENT_TIMEOUT``, ``CHANGELOG_CACHE``; and ``CHANGELOG_CONFIG`` and
   ``CHANGELOG_ENV``, which stand for ``--config`` and ``--env``. An empty one counts as not set;
3. ``changelog.toml`` in the current folder or the nearest one above: its environment's table over what is at the top;
4. defaults: ``changelogs/main.yaml`` and ``sqlite:///changelog.db``, beside ``changelog.toml``, else in the current
   folder.

A path, of a changelog or of an SQLite file, is relative to the current folder where an option or a variable gives it,
and to the folder of ``changelog.toml`` where that does. A URL may name environment variables, ``${NAME}``; ``$${`` is a
literal ``${``. What a variable puts before the ``@`` of a URL is percent-encoded, so that a password may be any text.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath
from typing import TypeVar
from urllib.parse import quote

from changelog_engine.durations import parse_duration
from changelog_engine.errors import ConfigurationError
from changelog_engine.model import Consideration
from changelog_engine.plan.request import ContextChoice, ParameterSources
from changelog_engine.settings_file import (
    FILE_NAME,
    FileSettings,
    Retention,
    find_settings_file,
    parse_boolean,
    parse_contexts,
    parse_lock_wait,
    parse_table_prefix,
    parse_text,
    read_settings_file,
)

DEFAULT_CHANGELOG = "changelogs/main.yaml"
DEFAULT_URL = "sqlite:///changelog.db"
DEFAULT_BACKUPS = "backups"

T = TypeVar("T")

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///)([^?]+)(\?.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a run depends on and that is not in the changelog.

    ``url`` is an SQLAlchemy URL (``postgresql://`` and ``postgres://`` mean psycopg 3), never shown with its password;
    ``url_source`` says for people where it came from. ``root`` is the folder that no path of the changelog leaves.
    ``schema`` None puts the ledger in the connection's own schema. ``lock_wait`` is in seconds. ``backups`` says where
    files of backups go, and what pruning keeps. ``consideration`` holds where a changeset says nothing of its own.
    ``config`` is the ``changelog.toml`` that was read, if any.
    """

    changelog: Path
    root: Path
    url: str = field(default="sqlite:///changelog.db", repr=False)
    url_source: str = "default"
    environment: str | None = None
    contexts: ContextChoice = field(default_factory=ContextChoice)
    label: str | None = None
    parameters: ParameterSources = field(default_factory=ParameterSources)
    schema: str | None = None
    create_schema: bool = False
    table_prefix: str = ""
    lock_wait: float = 60.0
    consideration: Consideration = field(default_factory=Consideration)
    os_user: str = ""
    host: str = ""
    command: str = ""
    config: Path | None = None
    cache: str = "off"
    """Where what was worked out of changelog files is remembered: ``off``, ``user`` or a folder."""
    backups: Retention = field(default_factory=Retention)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line gave, None where it gave nothing. ``parameters`` are those of ``--param``."""

    changelog: str | None = None
    url: str | None = field(default=None, repr=False)
    config: str | None = None
    environment: str | None = None
    contexts: ContextChoice | None = None
    label: str | None = None
    lock_wait: float | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: str = ""


def load_settings(options: Options, environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of a run started in ``folder``. ConfigurationError (2) where a source says what cannot be."""
    folder = Path(os.path.abspath(folder))
    environment = options.environment or environ.get("CHANGELOG_ENV") or None
    config = _config_path(options, environ, folder)
    if config is None:
        if environment is not None:
            raise ConfigurationError(
                f"environment `{environment}` was asked for, and there is no {FILE_NAME}",
                hint=f"create {FILE_NAME} with a table `[environments.{environment}]`, or name it with `--config`",
            )
        file = FileSettings(FILE_NAME)
    else:
        file = read_settings_file(config).choose(environment)
    home = config.parent if config else folder
    changelog = _changelog_path(options, environ, file, folder, home)
    url, url_source = _url(options, environ, file, folder, home)
    given = _Variables(environ)
    return Settings(
        changelog=changelog,
        root=home if config and changelog.is_relative_to(home) else changelog.parent,
        url=url,
        url_source=url_source,
        environment=environment,
        contexts=_first(
            options.contexts, given.read("CHANGELOG_CONTEXTS", parse_contexts), file.contexts, ContextChoice()
        ),
        label=_first(options.label, given.read("CHANGELOG_LABEL", parse_text), file.label, None),
        parameters=ParameterSources(dict(options.parameters), environ, file.parameters),
        schema=_first(None, given.read("CHANGELOG_SCHEMA", parse_text), file.schema, None),
        create_schema=_first(None, given.read("CHANGELOG_CREATE_SCHEMA", parse_boolean), file.create_schema, False),
        table_prefix=_first(None, given.read("CHANGELOG_TABLE_PREFIX", parse_table_prefix), file.table_prefix, ""),
        lock_wait=_first(options.lock_wait, given.read("CHANGELOG_LOCK_WAIT", parse_lock_wait), file.lock_wait, 60.0),
        consideration=Consideration(
            _first(None, given.read("CHANGELOG_LOCK_TIMEOUT", parse_duration), file.lock_timeout, None),
            _first(None, given.read("CHANGELOG_STATEMENT_TIMEOUT", parse_duration), file.statement_timeout, None),
            file.retries,
            file.run_as,
        ),
        os_user=_os_user(environ),
        host=platform.node(),
        command=options.command,
        config=config,
        cache=_cache(given, file, folder, home),
        backups=_retention(file, home),
    )


@dataclass(frozen=True, slots=True)
class _Variables:
    environ: Mapping[str, str]

    def read(self, name: str, parse: Callable[[object], T]) -> T | None:
        """The value of a variable, None where it is not set or empty."""
        text = self.environ.get(name)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise ConfigurationError(f"the environment variable `{name}`: {error}") from None


def _first(option: T | None, variable: T | None, file: T | None, default: T) -> T:
    for value in (option, variable, file):
        if value is not None:
            return value
    return default


def _cache(given: _Variables, file: FileSettings, folder: Path, home: Path) -> str:
    variable = given.read("CHANGELOG_CACHE", parse_text)
    chosen, base = (variable, folder) if variable is not None else (file.cache or "user", home)
    return chosen if chosen in ("off", "user") else str(_absolute(chosen, base))


def _config_path(options: Options, environ: Mapping[str, str], folder: Path) -> Path | None:
    named = options.config or environ.get("CHANGELOG_CONFIG")
    return _absolute(named, folder) if named else find_settings_file(folder)


def _changelog_path(options: Options, environ: Mapping[str, str], file: FileSettings, folder: Path, home: Path) -> Path:
    named = options.changelog or environ.get("CHANGELOG_FILE")
    if named:
        return _absolute(named, folder)
    return _absolute(file.changelog or DEFAULT_CHANGELOG, home)


def _retention(file: FileSettings, home: Path) -> Retention:
    said = file.backups or Retention()
    return replace(said, folder=str(_absolute(said.folder or DEFAULT_BACKUPS, home)))


def _absolute(path: str, folder: Path) -> Path:
    # Not resolved: a symbolic link stays as the user wrote it, in messages and in the ledger.
    return Path(os.path.abspath(folder / Path(path).expanduser()))


def _url(options: Options, environ: Mapping[str, str], file: FileSettings, folder: Path, home: Path) -> tuple[str, str]:
    variable = environ.get("CHANGELOG_URL")
    if options.url is not None:
        written, source, base = options.url, "`--url`", folder
    elif variable:
        written, source, base = variable, "`CHANGELOG_URL`", folder
    elif file.url is not None:
        written, source, base = file.url, file.where, home
    else:
        written, source, base = DEFAULT_URL, "default", home
    url = expand_variables(written, environ, source).strip()
    if not url:
        raise ConfigurationError(f"the database URL from {source} is empty", hint=f"for example {DEFAULT_URL}")
    return _absolute_sqlite(url, base), source


def expand_variables(url: str, environ: Mapping[str, str], source: str) -> str:
    """The URL with its ``${NAME}`` replaced. ConfigurationError names a variable that is not set; no value is shown."""
    # Only between the written `://` and the last `@` that follows it can a value be a user or a password.
    start, end = url.find("://"), url.rfind("@")

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "${"
        if name not in environ:
            raise ConfigurationError(
                f"the database URL from {source} names the environment variable `{name}`, which is not set",
                hint=f"set `{name}`, or give another URL with `--url`",
            )
        return quote(environ[name], safe="") if 0 <= start < match.start() < end else environ[name]

    return _VARIABLE.sub(value, url)


def _absolute_sqlite(url: str, folder: Path) -> str:
    match = _SQLITE_FILE.fullmatch(url)
    if match is None or match[2] == ":memory:" or match[2].startswith("file:"):
        return url
    path = match[2]
    if not PureWindowsPath(path).drive:
        path = _absolute(path, folder).as_posix()
    return f"{match[1]}{path}{match[3] or ''}"


def _os_user(environ: Mapping[str, str]) -> str:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if environ.get(name):
            return environ[name]
    try:
        return Path.home().name
    except RuntimeError:
        return ""
