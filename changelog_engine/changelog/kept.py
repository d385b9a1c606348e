"""What a file was read to, in a form that can be kept.

The form of its values as JSON: positions count from the file's first changeset, and the file itself is not named again
at each place. A file of many changesets has it in pieces, as the form takes more memory than what it stands for.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from changelog_engine import model
from changelog_engine.changes.nodes import shared
from changelog_engine.model import Changeset, Location, SqlText, Tag

_PIECE = 256
"""Changesets and tags in one piece."""


@dataclasses.dataclass(frozen=True, slots=True)
class KeptFile:
    """``items`` are the changesets and tags in declared order; ``texts`` and ``roles`` those with parameters in them.

    ``files`` are the files of SQL that were read for it, with the digests of their bytes.
    """

    items: tuple[Changeset | Tag, ...]
    texts: tuple[SqlText, ...]
    roles: tuple[SqlText, ...]
    files: tuple[tuple[str, str], ...]


def dump_kept(kept: KeptFile, file: str, position: int) -> list[str]:
    """A file's values as pieces of JSON; ``position`` is that of its first changeset. There are none where
    something has no such form.
    """
    encode = _Encoder(file).encode
    more = max(0, len(kept.items) - 1) // _PIECE
    pieces = []
    try:
        rest: list[Any] = [encode(kept.texts), encode(kept.roles), [list(each) for each in kept.files], more]
        for start in range(0, more * _PIECE + 1, _PIECE):
            items = [_moved(encode(item), -position) for item in kept.items[start : start + _PIECE]]
            pieces.append(json.dumps([items, *rest], ensure_ascii=False, separators=(",", ":")))
            rest = []
    except TypeError:
        return []
    return pieces


def load_kept(piece: Callable[[int], Any], file: str, position: int) -> KeptFile | None:
    """What ``dump_kept`` gave, for a file whose first changeset has that position; None where it is nothing of ours.

    ``piece`` gives the pieces by number, each after it was read as JSON, and None where one is not there.
    """
    decode = _decoder(file)
    try:
        items, texts, roles, files, more = piece(0)
        found = [decode(_moved(item, position)) for item in items]
        for number in range(1, more + 1):
            found += [decode(_moved(item, position)) for item in piece(number)[0]]
        return KeptFile(tuple(found), decode(texts), decode(roles), tuple([(name, digest) for name, digest in files]))
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _moved(item: list[Any], by: int) -> list[Any]:
    """The form of a changeset or tag with its positions moved."""
    for place in _POSITIONS[item[0]]:
        item[place] += by
    return item


# ------------------------------------------------------------------------------------------------- the form
#
# A list begins with a number that says what it is: a tuple, a place in the file or in another one, a number with
# decimals, a word of an enumeration, or a value of one of the model's classes, then with its fields up to the last one
# that is not the default. Texts, numbers, booleans and null stand for themselves, and so do maps.

_TUPLE, _HERE, _PLACE, _DECIMAL, _WORD, _FIRST_CLASS = range(6)
_KINDS = sorted((kind for kind in vars(model).values() if isinstance(kind, type)), key=lambda kind: kind.__name__)
_WORDS = [kind for kind in _KINDS if issubclass(kind, StrEnum) and kind is not StrEnum]
_CLASSES: list[type[Any]] = [kind for kind in _KINDS if dataclasses.is_dataclass(kind)]
_WORD_NUMBERS = {kind: number for number, kind in enumerate(_WORDS)}
_CLASS_NUMBERS = {kind: number + _FIRST_CLASS for number, kind in enumerate(_CLASSES)}
_FIELDS = {kind: dataclasses.fields(kind) for kind in _CLASSES}
_POSITIONS = {
    _CLASS_NUMBERS[kind]: [place for place, field in enumerate(_FIELDS[kind], 1) if field.name in ("position", "first")]
    for kind in (Changeset, Tag)
}


class _Encoder:
    def __init__(self, file: str) -> None:
        self._file = file

    def encode(self, value: Any) -> Any:
        kind = value.__class__
        if value is None or kind in (str, int, bool, float):
            return value
        if kind is Location:
            return [_HERE, *value[1:]] if value.file == self._file else [_PLACE, *value]
        if kind is tuple:
            return [_TUPLE, *map(self.encode, value)]
        if kind in _CLASS_NUMBERS:
            return [_CLASS_NUMBERS[kind], *self._fields(value)]
        if kind is Decimal:
            return [_DECIMAL, str(value)]
        if kind in _WORD_NUMBERS:
            return [_WORD, _WORD_NUMBERS[kind], value.value]
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {key: self.encode(item) for key, item in value.items()}
        raise TypeError(kind)

    def _fields(self, value: Any) -> list[Any]:
        values, last = [], 0
        for number, field in enumerate(_FIELDS[value.__class__], 1):
            item = getattr(value, field.name)
            values.append(self.encode(item))
            if field.default is dataclasses.MISSING or item != field.default:
                last = number
        return values[:last]


def _decoder(file: str) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        if value.__class__ is list:
            kind = value[0]
            if kind >= _FIRST_CLASS:
                return _CLASSES[kind - _FIRST_CLASS](*[decode(item) for item in value[1:]])
            if kind == _HERE:
                return Location(file, value[1], value[2])
            if kind == _TUPLE:
                return tuple([decode(item) for item in value[1:]])
            if kind == _PLACE:
                return Location(*value[1:])
            if kind == _WORD:
                return _WORDS[value[1]](value[2])
            return Decimal(value[1])
        if value.__class__ is dict:
            return {key: decode(item) for key, item in value.items()}
        return shared(value) if value.__class__ is str else value

    return decode
