"""The checksum of a changeset's changes. Frozen: ledgers hold these values for as long as their databases live.

Version 1, ``1:`` and 64 hexadecimal digits, is made of the text of each change for the kind of database, as written,
before parameters are replaced:

1. A byte order mark at the beginning is dropped; ``\\r\\n`` and a single ``\\r`` become ``\\n``.
2. The text is cut into tokens by the lexical rules of the kind of database (:mod:`changelog_engine.sql.lexer`):
   quoted texts and identifiers with their prefix, hints (comments that begin with ``/*+`` or ``/*!``), numbers with an
   exponent, words (letters, digits, ``_``, ``$`` and all beyond ASCII), operators, and every other sign by itself.
   White space (blank, tab, ``\\n``, ``\\r``, form feed, vertical tab) and all other comments only separate tokens. In
   PostgreSQL's texts ``$${`` neither opens nor closes a dollar quotation, as it is an escaped ``${``. A quotation, hint
   or comment that is not closed reaches to the end and is one token. Tokens are kept as they are: case and the inside
   of quotes matter.
3. ``;`` tokens at the end are dropped.
4. The tokens are joined by single blanks. A change with no text for the kind of database counts as empty.
5. The bytes that are hashed are, for each change in order: the length of its joined tokens in bytes of UTF-8 as a
   decimal number, ``:``, and the joined tokens. The hash is SHA-256, in lower-case hexadecimal digits.

A typed change has no text. In its place stands, after the letter ``t`` and the length, its canonical form: JSON
``{"kind":…,"values":…}`` without white space, the keys of maps sorted by their characters' numbers, keys that the
changelog leaves out left out, texts in JSON's shortest escapes with all beyond ASCII as it is, numbers as Python's
``str`` has them (``1.50`` stays ``1.50``), and for each piece of SQL ``{"sql":…}`` with its tokens, made by steps 1 to
4. So the order of keys does not matter, and the same change has the same checksum on every kind of database whose
lexical rules read its pieces of SQL alike.

So neither where a text stands (``sql``, ``sql_file``, a list of changes with one of them) nor its layout matters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from changelog_engine.model import Change, Operation, OperationValue, SqlText
from changelog_engine.sql.lexer import COMMENT, PLAIN, lexer_for_written
from changelog_engine.sql.statements import clean_text, text_for

VERSION = "1:"


def checksum_changes(changes: Sequence[Change], dbms: str) -> str:
    """The checksum, with its version, of what the changes do on a kind of database."""
    digest = hashlib.sha256()
    for change in changes:
        if isinstance(change, Operation):
            normal, mark = canonical_form(change, dbms).encode("utf-8", "surrogatepass"), b"t"
        else:
            sql = text_for(change.texts, dbms)
            normal = normal_form(sql.text, dbms).encode("utf-8", "surrogatepass") if sql is not None else b""
            mark = b""
        digest.update(b"%b%d:" % (mark, len(normal)))
        digest.update(normal)
    return VERSION + digest.hexdigest()


def canonical_form(operation: Operation, dbms: str) -> str:
    """A typed change as one text, whatever the order of its keys."""
    return f'{{"kind":{_text(operation.kind)},"values":{_canonical(operation.values, dbms)}}}'


def _canonical(value: OperationValue, dbms: str) -> str:
    if isinstance(value, SqlText):
        return f'{{"sql":{_text(normal_form(value.text, dbms))}}}'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{_canonical(value[key], dbms)}" for key in sorted(value)) + "}"
    if isinstance(value, tuple):
        return "[" + ",".join(_canonical(item, dbms) for item in value) + "]"
    if isinstance(value, str):
        return _text(clean_text(value))
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def normal_form(text: str, dbms: str) -> str:
    """The tokens of a text as written, joined by single blanks: steps 1 to 4 of the algorithm."""
    text = clean_text(text)
    lexer = lexer_for_written(dbms)
    words = lexer.tokens.findall
    tokens: list[str] = []
    for kind, start, end in lexer.segments(text):
        if kind is PLAIN:
            tokens += words(text, start, end)
        elif kind is not COMMENT:
            tokens.append(text[start:end])
    while tokens and tokens[-1] == ";":
        tokens.pop()
    return " ".join(tokens)
