"""The engine's own statements: SQL that every kind of database reads alike, names and values left open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

_OPEN = re.compile(r"\{(\w+)\}|:(\w+)|%")


class ParameterStyle(StrEnum):
    """How a driver wants the place of a value to be written."""

    COLON = ":name"
    FORMAT = "%(name)s"


def fill_in(template: str, names: Mapping[str, str], style: ParameterStyle) -> str:
    """The statement that a template stands for, as a driver takes it: ``{name}`` is a name of ``names``, which are
    quoted already, and ``:name`` the place of a value, which the driver binds.
    """
    is_format = style is ParameterStyle.FORMAT

    def put(match: re.Match[str]) -> str:
        identifier, value = match.groups()
        if value is not None:
            return f"%({value})s" if is_format else f":{value}"
        text = names[identifier] if identifier is not None else "%"
        return text.replace("%", "%%") if is_format else text

    return _OPEN.sub(put, template)
