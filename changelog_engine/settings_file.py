"""``changelog.toml``: found, read and checked, key by key, into typed values. A fault names its line where it can."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from changelog_engine.durations import parse_duration
from changelog_engine.errors import ConfigurationError
from changelog_engine.model import Location, Retries
from changelog_engine.nearest import did_you_mean
from changelog_engine.plan.request import ContextChoice, ContextMode

FILE_NAME = "changelog.toml"

_CONTEXT_NAME = re.compile(r"[A-Za-z0-9._-]+")
_TABLE_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}|")
_TABLE_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_LONGEST_PAUSE = 3600
_RESERVED_NAMES = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class Retention:
    """The table ``[backups]``: the folder for files, and which backups that nothing needs any more are kept.

    ``keep`` is how many of the latest, ``days`` for how long; None and None keeps none of these when they are pruned.
    """

    folder: str | None = None
    keep: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What the file, or an environment of it, says: None where nothing. ``where`` names the place, for people."""

    where: str
    changelog: str | None = None
    url: str | None = field(default=None, repr=False)
    contexts: ContextChoice | None = None
    label: str | None = None
    schema: str | None = None
    create_schema: bool | None = None
    table_prefix: str | None = None
    lock_wait: float | None = None
    lock_timeout: int | None = None
    statement_timeout: int | None = None
    retries: Retries | None = None
    run_as: str | None = None
    cache: str | None = None
    backups: Retention | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A ``changelog.toml``: its path, what it says at the top, and its environments by name."""

    path: Path
    top: FileSettings
    environments: Mapping[str, FileSettings]

    def choose(self, environment: str | None) -> FileSettings:
        """The settings of an environment over those at the top. ConfigurationError where there is no such one."""
        if environment is None:
            return self.top
        if environment not in self.environments:
            names = ", ".join(f"`{name}`" for name in self.environments)
            raise ConfigurationError(
                f"{self.path.name} has no environment `{environment}`",
                hint=f"there are {names}" if names else f"add a table `[environments.{environment}]` to {self.path}",
            )
        chosen = self.environments[environment]
        said = {item.name: value for item in fields(chosen) if (value := getattr(chosen, item.name)) is not None}
        said["parameters"] = {**self.top.parameters, **chosen.parameters}
        if chosen.url is None:
            said["where"] = self.top.where
        return replace(self.top, **said)


def find_settings_file(folder: Path) -> Path | None:
    """The ``changelog.toml`` of a folder or of the nearest one above it."""
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
    return None


def read_settings_file(path: Path) -> SettingsFile:
    """Read and check a file. ConfigurationError where it cannot be read, is no TOML, or has an unknown key."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(f"the configuration file {path} does not exist") from None
    except OSError as error:
        raise ConfigurationError(f"the configuration file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"the configuration file {path} is not in UTF-8", hint="save it as UTF-8") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_error(path, text, str(error)) from None
    faults = _Faults(path, text)
    environments = content.pop("environments", {})
    if not isinstance(environments, dict):
        raise faults.error((), "environments", "`environments` is a table of tables, such as `[environments.prod]`")
    top = _read_table(content, (), FILE_NAME, faults)
    chosen = {}
    for name, table in environments.items():
        if not isinstance(table, dict):
            raise faults.error(("environments",), name, f"`environments.{name}` is a table of settings")
        chosen[name] = _read_table(table, ("environments", name), f"{FILE_NAME}, environment `{name}`", faults)
    return SettingsFile(path, top, chosen)


# --------------------------------------------------------------------------------------- values, from any source


def parse_contexts(value: object) -> ContextChoice:
    """Contexts from a text (``dev,test``; ``(all)``; ``(none)``) or a list of names. ValueError says what is wrong."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError("contexts are a list of names, or a text such as `dev,test`")
    wanted = tuple(dict.fromkeys(name.strip().lower() for name in names))
    if wanted == ("(all)",):
        return ContextChoice(ContextMode.ALL)
    if wanted in ((), ("(none)",)):
        return ContextChoice(ContextMode.NONE)
    for name in wanted:
        if not _CONTEXT_NAME.fullmatch(name) or name in _RESERVED_NAMES:
            raise ValueError(f"`{name}` is not the name of a context: letters, digits and `. _ -`")
    return ContextChoice(ContextMode.GIVEN, wanted)


def parse_lock_wait(value: object) -> float:
    """Seconds, 0 or more, from a number or its text. ValueError says what is wrong."""
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds <= 86400 * 365:
        raise ValueError(f"the time to wait for the lock is a number of seconds, 0 or more, not `{value}`")
    return seconds


def parse_table_prefix(value: object) -> str:
    """The prefix of the ledger's tables. ValueError says what is wrong."""
    if not isinstance(value, str) or not _TABLE_PREFIX.fullmatch(value):
        raise ValueError(
            f"`{value}` is not a prefix for table names: up to 30 letters, digits and `_`, not starting with a digit"
        )
    return value


def parse_boolean(value: object) -> bool:
    """``true`` or ``false``, as a boolean or its text. ValueError says what is wrong."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0", "yes", "no"):
        return value.lower() in ("true", "1", "yes")
    raise ValueError(f"`{value}` is neither `true` nor `false`")


def parse_text(value: object) -> str:
    """A text that is not empty. ValueError says what is wrong."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected a text in quotes")
    return value


def parse_retries(value: object) -> Retries:
    """How often to try again: a number, or a table with ``attempts`` and ``initial_seconds``. ValueError says what is
    wrong.
    """
    table = value if isinstance(value, dict) else {"attempts": value}
    known = ("attempts", "initial_seconds")
    for key in table:
        if key not in known:
            raise ValueError(f"unknown key `{key}`; the keys are {', '.join(f'`{name}`' for name in known)}")
    attempts, seconds = table.get("attempts"), table.get("initial_seconds", Retries().initial_seconds)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 0:
        raise ValueError("`attempts` is a whole number from 0, as in `retries = {attempts = 5, initial_seconds = 1}`")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST_PAUSE:
        raise ValueError(f"`initial_seconds` is a number of seconds up to {_LONGEST_PAUSE}, not `{seconds}`")
    return Retries(attempts, float(seconds))


def parse_retention(value: object) -> Retention:
    """The table ``[backups]``. ValueError says what is wrong."""
    known = ("folder", "keep", "days")
    if not isinstance(value, dict):
        raise ValueError('`backups` is a table, such as `[backups]` with lines `folder = "backups"` and `keep = 10`')
    for key, item in value.items():
        if key not in known:
            raise ValueError(f"unknown key `{key}`; the keys are {', '.join(f'`{name}`' for name in known)}")
        is_number = isinstance(item, int) and not isinstance(item, bool) and item >= 0
        if key == "folder":
            parse_text(item)
        elif not is_number:
            raise ValueError(f"`{key}` is a whole number from 0, not `{item}`")
    return Retention(**value)


def parse_role(value: object) -> str:
    """The name of a role. ValueError says what is wrong."""
    return parse_text(value).strip()


def _parse_parameters(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError('`parameters` is a table, such as `[parameters]` with lines `currency = "EUR"`')
    values = {}
    for name, item in value.items():
        if not isinstance(item, str | int | float):
            raise ValueError(f"the value of the parameter `{name}` is a text, a number, `true` or `false`")
        values[name] = str(item).lower() if isinstance(item, bool) else str(item)
    return values


KEYS: Mapping[str, Callable[[object], Any]] = {
    "changelog": parse_text,
    "url": parse_text,
    "contexts": parse_contexts,
    "label": parse_text,
    "schema": parse_text,
    "create_schema": parse_boolean,
    "table_prefix": parse_table_prefix,
    "lock_wait": parse_lock_wait,
    "lock_timeout": parse_duration,
    "statement_timeout": parse_duration,
    "retries": parse_retries,
    "run_as": parse_role,
    "cache": parse_text,
    "backups": parse_retention,
    "parameters": _parse_parameters,
}
"""Each key of ``changelog.toml``, at the top and in an environment alike, and what reads its value."""


# ----------------------------------------------------------------------------------------------------- faults


@dataclass(frozen=True, slots=True)
class _Faults:
    path: Path
    text: str

    def error(self, table: tuple[str, ...], key: str, message: str, hint: str | None = None) -> ConfigurationError:
        """The error with the line of the key, where that can be found; not with its text, which may hold a password."""
        line = self._line(table, key)
        location = Location(str(self.path), line, 1) if line else None
        return ConfigurationError(message, hint=hint, location=location)

    def _line(self, table: tuple[str, ...], key: str) -> int | None:
        current: tuple[str, ...] = ()
        assignment = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]")
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = _TABLE_HEADER.match(line)
            if header:
                current = tuple(part.strip().strip("\"'") for part in header[1].split("."))
                if current[: len(table) + 1] == (*table, key):
                    return number
            elif current == table and assignment.match(line):
                return number
        return None


def _toml_error(path: Path, text: str, words: str) -> ConfigurationError:
    """The parser's words with their place; the line itself is not shown, it may hold a password."""
    place = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", words)
    if place is None:
        return ConfigurationError(f"{path.name} is not TOML: {words}")
    line, column = (int(place[1]), int(place[2])) if place[1] else (len(text.splitlines()), 1)
    words = f"{words[:1].lower()}{words[1 : place.start()]}"
    return ConfigurationError(f"{path.name} is not TOML: {words}", location=Location(str(path), line, column))


def _read_table(content: dict[str, Any], table: tuple[str, ...], where: str, faults: _Faults) -> FileSettings:
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in KEYS:
            known = list(KEYS) if table else [*KEYS, "environments"]
            hint = did_you_mean(key, known) or f"the keys are {', '.join(f'`{name}`' for name in known)}"
            raise faults.error(table, key, f"unknown key `{key}` in {where}", hint)
        try:
            values[key] = KEYS[key](value)
        except ValueError as error:
            # A value is repeated by its parser only where it cannot hold a password: never that of `url`.
            raise faults.error(table, key, f"`{key}` in {where}: {error}") from None
    return FileSettings(where, **values)
