"""``${parameters}`` in SQL that is read without values: for a parser each is a word, of the same length."""

from __future__ import annotations

import re
from collections.abc import Sequence

from changelog_engine.sql.effects import ColumnType, Effects, Inherits, RowWrite, Thing
from changelog_engine.sql.templates import names_in

_FIRST_SIGN = 0x0700
"""Letters to PostgreSQL's scanner, of two bytes each (a name may have 63), and not folded; nobody's SQL has them."""

_DISGUISE = {code: chr(_FIRST_SIGN + code) for code in range(0x21, 0x7F)}
_DISGUISED = re.compile("[\u0721-\u077e]+")
_PARAMETER = re.compile("\u0724\u077b([\u0721-\u077c\u077e]+)\u077d")


def disguise(text: str) -> str:
    """The text with each ``${name}`` as a word that the parser takes for a name, of the same length."""
    if "${" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for _, place in names_in(text):
        end = text.index("}", place) + 1
        pieces += (text[done:place], text[place:end].translate(_DISGUISE))
        done = end
    pieces.append(text[done:])
    # `$${` stands for a literal `${`; its first sign must not begin a quotation.
    return "".join(pieces).replace("$${", " ${")


def disguise_all(text: str) -> str:
    """As ``disguise``, with ``$${`` as letters too, so that ``undisguise`` gives the text back as it was written."""
    return disguise(text.replace("$${", "$${".translate(_DISGUISE)))


def undisguise(name: str) -> str:
    """A name out of a disguised text, as it was written."""
    return _DISGUISED.sub(lambda match: "".join(chr(ord(sign) - _FIRST_SIGN) for sign in match[0]), name)


def is_disguised(text: str) -> bool:
    """Whether a parameter is in a disguised text."""
    return not text.isascii() and _DISGUISED.search(text) is not None


def is_parameter(name: str) -> bool:
    """Whether a name of a disguised text is one parameter and nothing else."""
    return _PARAMETER.fullmatch(name) is not None


def may_be_one(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names, part by part, may be the same with some values of the parameters in them.

    As written or disguised; a part that has none is only itself.
    """
    return all(a == b or _may_be_one(undisguise(a), undisguise(b)) for a, b in zip(one, other, strict=True))


def _may_be_one(one: str, other: str) -> bool:
    if not names_in(one) and not names_in(other):
        return False
    begins = [text.partition("${")[0] if names_in(text) else text for text in (one, other)]
    ends = [text.rpartition("}")[2] if names_in(text) else text for text in (one, other)]
    shortest = [min(map(len, each)) for each in (begins, ends)]
    is_begin_same = begins[0][: shortest[0]] == begins[1][: shortest[0]]
    return is_begin_same and ends[0][len(ends[0]) - shortest[1] :] == ends[1][len(ends[1]) - shortest[1] :]


def undisguised(effects: Effects) -> Effects:
    """What was read out of a disguised text, with the parameters in names as they were written."""

    def thing(found: Thing) -> Thing:
        return Thing(found.kind, undisguise(found.name), undisguise(found.schema), undisguise(found.of))

    def names(found: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(undisguise(name) for name in found)

    def write(found: RowWrite) -> RowWrite:
        rows = found.rows and tuple(
            tuple((undisguise(name), undisguise(value)) for name, value in row) for row in found.rows
        )
        return found._replace(relation=thing(found.relation), columns=names(found.columns), rows=rows)

    return Effects(
        tuple(
            found._replace(thing=thing(found.thing), alternatives=names(found.alternatives))
            for found in effects.objects
        ),
        tuple(write(found) for found in effects.writes),
        tuple(
            found._replace(
                relation=thing(found.relation),
                columns=names(found.columns),
                target=thing(found.target),
                target_columns=names(found.target_columns),
            )
            for found in effects.foreign_keys
        ),
        tuple(found._replace(what=undisguise(found.what)) for found in effects.opaque),
        tuple(
            ColumnType(thing(found.column), thing(found.type), names(found.alternatives))
            for found in effects.column_types
        ),
        tuple(
            found._replace(
                column=thing(found.column), text=undisguise(found.text), alternatives=names(found.alternatives)
            )
            for found in effects.literals
        ),
        tuple(
            Inherits(thing(found.relation), thing(found.parent), names(found.alternatives))
            for found in effects.inherits
        ),
    )
