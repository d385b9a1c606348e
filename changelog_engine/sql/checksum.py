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

So neither where a text stands (``sql``, ``sql_file``, a list of changes with one of them) nor its layout matters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from changelog_engine.model import Change
from changelog_engine.sql.lexer import COMMENT, PLAIN, lexer_for_written
from changelog_engine.sql.statements import clean_text, text_for

VERSION = "1:"


def checksum_changes(changes: Sequence[Change], dbms: str) -> str:
    """The checksum, with its version, of what the changes do on a kind of database."""
    digest = hashlib.sha256()
    for change in changes:
        sql = text_for(change.texts, dbms)
        normal = normal_form(sql.text, dbms).encode("utf-8", "surrogatepass") if sql is not None else b""
        digest.update(b"%d:" % len(normal))
        digest.update(normal)
    return VERSION + digest.hexdigest()


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
