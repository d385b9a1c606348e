"""``requires``: which versions of the engine a changelog is for."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|~=|>|<)?\s*([0-9]+(?:\.[0-9]+)*)\s*")


class VersionError(ValueError):
    """The requirement cannot be read; the message says why."""


def is_met(requirement: str, version: str) -> bool:
    """Whether a version fits a requirement such as ``>=0.1, <2``. Raises ``VersionError``."""
    released = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    present = _numbers(released[0] if released else "0")
    return all(_fits(clause, present) for clause in requirement.split(","))


def _fits(clause: str, present: tuple[int, ...]) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise VersionError(f"`{clause.strip()}` is no requirement of a version")
    wanted = _numbers(match[2])
    width = max(len(wanted), len(present))
    left, right = _padded(present, width), _padded(wanted, width)
    match match[1]:
        case ">=" | None:
            return left >= right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case "<":
            return left < right
        case "!=":
            return left != right
        case "==":
            return left == right
        case _:
            kept = max(1, len(wanted) - 1)
            return left >= right and left[:kept] == right[:kept]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(".") if number)


def _padded(numbers: tuple[int, ...], width: int) -> tuple[int, ...]:
    return numbers + (0,) * (width - len(numbers))
