"""Reading SQL: what a text does to the objects of a database, whichever kind of database that is."""

from __future__ import annotations

from changelog_engine.sql.effects import Effects, Thing


def read_effects(text: str, dbms: str) -> Effects:
    """What a text does on a kind of database ("postgresql", "sqlite", "mysql", "mariadb").

    The text is as written in the changelog: it may have several statements, and ``${parameters}``, which stay in names
    as they are. What it sets (SET search_path) holds for the rest of it. Raises nothing: what cannot be read is opaque.
    """
    if dbms == "postgresql":
        from changelog_engine.sql.postgresql.reader import read_postgresql

        return read_postgresql(text)
    from changelog_engine.sql.glot import reader

    return reader.read_effects(text, dbms)


def is_built_in(thing: Thing, dbms: str) -> bool:
    """Whether a thing is the database's own, so that nobody has to make it."""
    if dbms == "postgresql":
        from changelog_engine.sql.postgresql import own_names

        return own_names.is_built_in(thing)
    from changelog_engine.sql.glot.own_names import is_own

    return is_own(thing, dbms)


def extensions_of(thing: Thing, dbms: str) -> tuple[str, ...]:
    """The extensions that bring a thing of that name (``pgcrypto`` for the function ``crypt``): any of them will do, as
    far as one can tell; none if none is known to.
    """
    if dbms == "postgresql":
        from changelog_engine.sql.postgresql import own_names

        return own_names.extensions_of(thing)
    return ()
