"""The tables of the format: every key, its shape and what it means; for the reader and the JSON Schema alike."""

from __future__ import annotations

import re
from typing import Final

from changelog_engine.changelog.expressions import NAME_PATTERN
from changelog_engine.changelog.lint_rules import RULES
from changelog_engine.changes import KINDS
from changelog_engine.changes.kinds import DATABASE_KINDS, PATH, SQL, by_database
from changelog_engine.changes.shapes import (
    AnyScalar,
    ByKey,
    ByNode,
    Choice,
    Flag,
    Key,
    ListOf,
    MapOf,
    Record,
    Rule,
    Shape,
    Text,
    WholeNumber,
)
from changelog_engine.changes.times import Duration, Seconds
from changelog_engine.sql.templates import PARAMETER_NAME

FORMAT_VERSION: Final = 1

_FILLED = Rule(re.compile(r"\s*\S[\s\S]*"), "more than white space")
_TEXT = Text(rule=_FILLED)
_ID = Text(
    words="an id",
    rule=Rule(re.compile(r"[A-Za-z0-9._/\-]+"), "ASCII letters, digits and `. _ - /` only"),
    longest=255,
    examples=("create-customers", "billing/create-invoices"),
)
_NAME = Rule(
    re.compile(rf"(?!(?:[aA][nN][dD]|[oO][rR]|[nN][oO][tT])$){NAME_PATTERN}"),
    "a name (ASCII letters, digits and `. _ -`; none of `and`, `or`, `not`)",
)
_LABEL = Text(words="a name", rule=_NAME)
_LABELS = ListOf(_LABEL)
_CONTEXTS = Text(words="an expression", rule=_FILLED, joint=" or ", examples=("dev or (test and not prod)", "!prod"))
_EXPECT = AnyScalar()
_QUERY = ByNode(scalar=SQL, mapping=by_database(SQL))

_ANY_KIND = "|".join(DATABASE_KINDS)
_DBMS = Text(
    words="a database kind",
    rule=Rule(re.compile(f"!?(?:{_ANY_KIND})"), f"one of {', '.join(f'`{kind}`' for kind in DATABASE_KINDS)}"),
    numbers=False,
    examples=("postgresql", "!sqlite"),
)
_ORDER = Choice(
    {
        "dependencies": "changesets wait for what they depend on (the default)",
        "linear": "every changeset requires the one declared before it",
    }
)
_ON_ERROR = Choice(
    {
        "halt": "stop the update (the default)",
        "continue": "record the failure and go on with all that does not require it",
    }
)
_STATEMENTS = Record(
    "statements",
    "How SQL text is cut into statements; by default by the database's own lexical rules.",
    {
        "split": Key(Flag(), "false: the text is sent as it is, as one statement"),
        "delimiter": Key(Text(rule=_FILLED, numbers=False), "what ends a statement, in place of `;`"),
    },
)

# ------------------------------------------------------------------------------------- considerate to production

_RETRIES = Record(
    "retry rule",
    "How often a changeset is tried again after a lock time-out or a deadlock.",
    {
        "attempts": Key(WholeNumber(), "how often, after the first time; 0 for never", required=True),
        "initial_seconds": Key(
            Seconds(3600), "the first pause, 1 second by default; each further one is twice as long"
        ),
    },
)
CONSIDERATION: Final = {
    "lock_timeout": Key(Duration(), "how long a statement waits for a lock, while others queue behind it"),
    "statement_timeout": Key(Duration(), "how long a statement may take"),
    "retries": Key(
        ByNode(scalar=WholeNumber(), mapping=_RETRIES), "how often to try again after a lock time-out or a deadlock"
    ),
    "run_as": Key(Text(words="a role", rule=_FILLED), "the role that its SQL runs as; `none` for the login's own"),
}
"""How a changeset treats the others on its database; what is left out is what the configuration says."""

LINT: Final = Record(
    "lint settings",
    "What `changelog lint` is to leave alone.",
    {
        "ignore": Key(
            ListOf(Choice({name: rule.meaning for name, rule in RULES.items()})), "rules that are switched off"
        )
    },
)

# ----------------------------------------------------------------------------------------------- preconditions

_OBJECT = Text(words="a name", rule=_FILLED, examples=("customers", "billing.invoices"))


def _object_of_table(thing: str) -> Shape:
    record = Record(
        thing,
        f"The {thing}, and the table it is on.",
        {
            "name": Key(_OBJECT, f"name of the {thing}", required=True),
            "table": Key(_OBJECT, "the table it is on"),
        },
    )
    return ByNode(scalar=_OBJECT, mapping=record)


_COLUMN = Record(
    "column",
    "A column of a table.",
    {
        "table": Key(_OBJECT, "the table, may be `schema.table`", required=True),
        "column": Key(_OBJECT, "the column", required=True),
    },
)
_SQL_TEST = Record(
    "query",
    "A query that gives one value, and the value that is expected.",
    {
        "query": Key(_QUERY, "SQL that gives one row with one value", required=True),
        "expect": Key(_EXPECT, "the value; numbers are compared as numbers, `null` is NULL", required=True),
    },
)
_ROW_COUNT = Record(
    "row count",
    "A table and how many rows it must have.",
    {
        "table": Key(_OBJECT, "the table", required=True),
        "expect": Key(WholeNumber(), "how many rows", required=True),
    },
)

TESTS: Final[dict[str, Key]] = {
    "sql": Key(_SQL_TEST, "a query gives the expected value"),
    "table_exists": Key(_OBJECT, "there is a table of that name"),
    "view_exists": Key(_OBJECT, "there is a view of that name"),
    "column_exists": Key(_COLUMN, "a table has that column"),
    "index_exists": Key(_object_of_table("index"), "there is an index of that name"),
    "foreign_key_exists": Key(_object_of_table("foreign key"), "there is a foreign key of that name"),
    "sequence_exists": Key(_OBJECT, "there is a sequence of that name"),
    "row_count": Key(_ROW_COUNT, "a table has that many rows"),
    "applied": Key(_ID, "that changeset is applied"),
    "dbms": Key(ByNode(scalar=_DBMS, sequence=ListOf(_DBMS, least=1)), "the database is of that kind"),
    "running_as": Key(_OBJECT, "the connection's user has that name"),
    "parameter_defined": Key(Text(words="a parameter's name", rule=_FILLED), "that parameter has a value"),
}
_NESTED_TEST = Record("test", "One test.", dict(TESTS), one_of=tuple(TESTS))
TESTS["all"] = Key(ListOf(_NESTED_TEST, least=1), "all of these tests hold")
TESTS["any"] = Key(ListOf(_NESTED_TEST, least=1), "at least one of these tests holds")
TESTS["not"] = Key(_NESTED_TEST, "this test does not hold")
_NESTED_TEST.keys.update(TESTS)
_NESTED_TEST.one_of = tuple(TESTS)
_NESTED_TEST.complete()

_ON_FAIL = Choice(
    {
        "halt": "stop the update (the default)",
        "skip": "leave the changeset, and what requires it, for the next update",
        "mark_applied": "record the changeset as applied without running it",
        "warn": "say so and run the changeset all the same",
    }
)
PRECONDITION = Record(
    "precondition",
    "What must hold before the changeset is run.",
    {
        **TESTS,
        "on_fail": Key(_ON_FAIL, "what to do where it does not hold"),
        "on_error": Key(_ON_FAIL, "what to do where it cannot be evaluated"),
        "message": Key(_TEXT, "what to say then"),
    },
    one_of=tuple(TESTS),
)
CHECK = Record(
    "check",
    "What must hold after the changes, in the same transaction; else the changeset is undone.",
    {
        "name": Key(_TEXT, "what must hold, in words"),
        "sql": Key(_QUERY, "SQL that gives one row with one value", required=True),
        "expect": Key(_EXPECT, "the value; numbers are compared as numbers, `null` is NULL", required=True),
    },
)

# --------------------------------------------------------------------------------------- changes and rollbacks

CHANGE = Record(
    "change",
    "One change: a map with one key, which names its kind.",
    {kind.name: Key(kind.shape, kind.doc) for kind in KINDS.values()},
    one_of=tuple(KINDS),
)
CHANGES = ListOf(CHANGE, least=1)
SHORT_FORMS: Final = ("sql", "sql_file")
"""Kinds that may stand in a changeset or rollback itself, for a list of one change."""

_WHAT = {
    **{name: Key(KINDS[name].shape, KINDS[name].doc) for name in SHORT_FORMS},
    "changes": Key(CHANGES, "several changes, each a map with one key that names its kind"),
}
ROLLBACK_CHANGES = Record(
    "rollback",
    "The changes that undo the changeset.",
    {**_WHAT, "transaction": Key(Flag(), "false: for statements that the database refuses in a transaction")},
    one_of=tuple(_WHAT),
)
IRREVERSIBLE = Record(
    "irreversible rollback",
    "There is no way back.",
    {"irreversible": Key(_TEXT, "why there is none", required=True)},
)
BACKUP = Record(
    "rollback by backup",
    "The data are saved before the changeset runs, and put back.",
    {
        "backup": Key(
            ByNode(
                scalar=Choice({"database": "all of the database"}),
                mapping=Record(
                    "backup",
                    "What is saved.",
                    {"tables": Key(ListOf(_OBJECT, least=1), "the tables", required=True)},
                    words="`{tables: [...]}`",
                ),
            ),
            "what is saved",
            required=True,
        )
    },
)
ROLLBACK = ByNode(
    scalar=SQL,
    sequence=CHANGES,
    mapping=ByKey(
        (
            ("irreversible", IRREVERSIBLE),
            ("backup", BACKUP),
            *((key, ROLLBACK_CHANGES) for key in ROLLBACK_CHANGES.keys),
        ),
        by_database(SQL),
    ),
)

# ------------------------------------------------------------------------------------------ changesets and tags

_OPTIONAL_DEPENDENCY = Record(
    "dependency",
    "A changeset to come after.",
    {
        "id": Key(_ID, "its id", required=True),
        "optional": Key(Flag(), "true: order only, after it where it runs at all; it may be absent"),
    },
)
CHANGESET = Record(
    "changeset",
    "The unit that is applied, recorded and rolled back.",
    {
        "id": Key(_ID, "unique in the whole changelog, whatever the file", required=True),
        "formerly": Key(ListOf(_ID), "earlier ids: what is recorded under one of them counts as this changeset"),
        "author": Key(_TEXT, "who wrote it"),
        "description": Key(_TEXT, "what it is for"),
        "labels": Key(_LABELS, "words to select it by (`--label`)"),
        "contexts": Key(_CONTEXTS, "expression of context names: where it runs; always, where left out"),
        "dbms": Key(ListOf(_DBMS, least=1), "database kinds it is for; `!kind` excludes one"),
        "depends_on": Key(
            ListOf(ByNode(scalar=_ID, mapping=_OPTIONAL_DEPENDENCY)),
            "ids of the changesets that must be applied before",
        ),
        "preconditions": Key(ListOf(PRECONDITION), "all must hold; the first that fails decides"),
        **_WHAT,
        "rollback": Key(
            ROLLBACK,
            "what undoes it: SQL, a map by database kind, a list of changes, `auto`, `{backup: …}` or "
            "`{irreversible: REASON}`; derived where left out and certain",
        ),
        "checks": Key(ListOf(CHECK), "what must hold after the changes"),
        "transaction": Key(Flag(), "false: for statements that the database refuses in a transaction"),
        "run": Key(
            Choice(
                {
                    "once": "run it once (the default)",
                    "on_change": "run it again whenever its changes were edited",
                    "always": "run it in every update",
                }
            ),
            "when it runs",
        ),
        "on_error": Key(_ON_ERROR, "what to do where it fails"),
        "accept_checksums": Key(
            ByNode(scalar=Choice({"any": "whatever it was"}), sequence=ListOf(_TEXT)),
            "earlier checksums of this changeset that are fine too, or `any`",
        ),
        "statements": Key(_STATEMENTS, "how its SQL is cut into statements"),
        "lint": Key(LINT, "what `changelog lint` leaves alone in it"),
        **CONSIDERATION,
    },
    one_of=tuple(_WHAT),
)
TAG = Record(
    "tag",
    "A named point: it comes after everything declared above it in this file and what that includes.",
    {"tag": Key(_ID, "the tag's name", required=True)},
)

# -------------------------------------------------------------------------------------------------- the file

_VALUE = Text(words="a value")
_PARAMETER_VALUE = ByNode(scalar=AnyScalar(words="a value"))
_PARAMETER = Record(
    "parameter",
    "A parameter, used as `${name}`.",
    {
        "default": Key(AnyScalar(words="a value"), "its value where no other source has one"),
        "env": Key(
            Text(words="the name of an environment variable", rule=_FILLED), "environment variable it is taken from"
        ),
        "contexts": Key(
            MapOf(AnyScalar(words="a value"), "context", rule=_NAME), "its value where that context is active"
        ),
        "secret": Key(Flag(), "true: never shown, logged or stored"),
    },
)
_INCLUDE = Record(
    "include",
    "Further changelogs.",
    {
        "path": Key(PATH, "relative to this file; a glob gives its matches sorted by path", required=True),
        "contexts": Key(_CONTEXTS, "and-ed to the contexts of everything included"),
        "order": Key(_ORDER, "how the included changesets are ordered"),
    },
)
DEFAULTS = Record(
    "defaults",
    "Inherited by every changeset of this file.",
    {
        "author": Key(_TEXT, "where a changeset names none"),
        "labels": Key(_LABELS, "united with a changeset's own"),
        "contexts": Key(_CONTEXTS, "and-ed with a changeset's own"),
        "dbms": Key(ListOf(_DBMS, least=1), "where a changeset names none"),
        "on_error": Key(_ON_ERROR, "where a changeset says nothing"),
        "statements": Key(_STATEMENTS, "where a changeset says nothing"),
        **{name: Key(key.shape, "where a changeset says nothing") for name, key in CONSIDERATION.items()},
    },
)
CHANGELOG = Record(
    "changelog",
    "A changelog: a file that declares changesets, and the files that it includes.",
    {
        "format": Key(WholeNumber(1), f"version of the format; {FORMAT_VERSION} where left out"),
        "name": Key(_LABEL, "namespace in the ledger; `main` where left out"),
        "requires": Key(Text(words="a version", rule=_FILLED, examples=(">=0.1",)), "version of the engine"),
        "contexts": Key(_LABELS, "in the root file: the contexts there are; any other name is then an error"),
        "parameters": Key(
            MapOf(
                ByNode(scalar=AnyScalar(words="a default"), mapping=_PARAMETER),
                "parameter",
                rule=Rule(re.compile(PARAMETER_NAME), "letters, digits and `. _ -`, beginning with a letter or `_`"),
            ),
            "values for `${name}`: a default, or a map that says where the value comes from",
        ),
        "defaults": Key(DEFAULTS, "inherited by every changeset of this file"),
        "include": Key(
            ListOf(ByNode(scalar=PATH, mapping=_INCLUDE)), "further changelogs, declared before this file's own"
        ),
        "order": Key(_ORDER, "how this file's changesets, and those it includes, are ordered"),
        "infer": Key(
            Flag(), "false: nothing is inferred from SQL; in the root file for all changesets, else for this file's own"
        ),
        "lint": Key(LINT, "what `changelog lint` leaves alone in this file's changesets, and those it includes"),
        "changesets": Key(ListOf(ByKey((("tag", TAG),), CHANGESET)), "changesets and tags, in declared order"),
    },
)
