"""What a table of PostgreSQL is besides its rows, as statements that make it again.

All is read with an empty search path, so that the server qualifies every name itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from changelog_engine.databases.database import Row


class Query(Protocol):
    """A query with ``%s`` or ``%(name)s`` and its values; gives the rows."""

    def __call__(self, sql: str, *values: object, **named: object) -> Sequence[Row]: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a table that is made and dropped by itself, such as an index. ``on`` is the relation it belongs to."""

    kind: str
    on: str
    name: str
    create: tuple[str, ...]
    drop: str


@dataclass(frozen=True, slots=True)
class OwnSequence:
    """A sequence of a table: ``create`` is empty for one that an identity column makes."""

    name: str
    create: tuple[str, ...]
    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class Rights:
    """Owner, grants and comments of a relation. ``comments`` are pairs: what on, and the text as a literal."""

    kind: str
    owner: str
    grants: tuple[str, ...]
    comments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A table without its rows.

    ``columns`` are the columns as CREATE TABLE has them; ``stored`` are pairs for those that hold values: the name,
    and the type to be cast back to where the copy holds text. ``pieces`` stand in the order in which they are made.
    """

    oid: int
    schema: str
    bare_name: str
    name: str
    create: str
    columns: tuple[str, ...]
    stored: tuple[tuple[str, str | None], ...]
    pieces: tuple[Piece, ...]
    sequences: tuple[OwnSequence, ...]
    rights: Mapping[str, Rights]

    def to_object(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_object(cls, value: Mapping[str, Any]) -> Definition:
        read = dict(value)
        read["columns"] = tuple(value["columns"])
        read["stored"] = tuple((name, kind) for name, kind in value["stored"])
        read["pieces"] = tuple(Piece(**{**piece, "create": tuple(piece["create"])}) for piece in value["pieces"])
        read["sequences"] = tuple(OwnSequence(**{**one, "create": tuple(one["create"])}) for one in value["sequences"])
        read["rights"] = {
            name: Rights(
                one["kind"], one["owner"], tuple(one["grants"]), tuple((on, text) for on, text in one["comments"])
            )
            for name, one in value["rights"].items()
        }
        return cls(**read)


ORDER = ("default", "primary_key", "constraint", "index", "statistics", "setting", "foreign_key", "view", "rule",
         "trigger", "policy", "security")  # fmt: skip
"""Kinds of pieces in the order in which they are made: defaults before the rows, all else after them."""


def read_definition(ask: Query, oid: int) -> Definition:
    """The definition of the table with that oid. The search path must be empty."""
    schema, bare, name, owner, create = ask(_TABLE, oid)[0]
    columns = ask(_COLUMNS, oid)
    found = ask(_VIEWS, oid)
    views, view_names = [view for view, _ in found], [each for _, each in found]
    pieces = [
        Piece(kind, on, each, tuple(made), drop) for kind, on, each, made, drop in ask(_PIECES, oid=oid, views=views)
    ]
    pieces.sort(key=lambda piece: view_names.index(piece.on) if piece.kind == "view" else -1)
    pieces.sort(key=lambda piece: ORDER.index(piece.kind))
    sequences = [
        OwnSequence(each, tuple(made), *ask(f"SELECT last_value, is_called FROM {each.replace('%', '%%')}")[0])
        for each, made in ask(_SEQUENCES, oid, oid)
    ]
    rights = {name: _rights(ask, oid, "TABLE", owner)}
    for kind, each, its_oid, its_owner in ask(_OTHERS, oid, views):
        rights[each] = _rights(ask, its_oid, kind, its_owner)
    return Definition(
        oid,
        schema,
        bare,
        name,
        create,
        tuple(column for column, *_ in columns),
        tuple((each, cast) for _, each, is_stored, cast in columns if is_stored),
        tuple(pieces),
        tuple(sequences),
        rights,
    )


def key_of(piece: Piece) -> tuple[str, str, str]:
    return piece.kind, piece.on, piece.name


def changes(then: Definition, now: Definition | None) -> dict[str, Any] | None:
    """What was made, changed or dropped from one definition of a table to the next, besides its rows: the keys of
    pieces, the relations that have other rights, and the columns by now. None where the table is gone.
    """
    if now is None:
        return None

    def named(name: str) -> str:
        return then.name if name == now.name else name

    before = {key_of(piece): piece for piece in then.pieces}
    after = {key_of(piece): piece for piece in (replace(piece, on=named(piece.on)) for piece in now.pieces)}
    rights = {named(name): each for name, each in now.rights.items()}
    return {
        "pieces": [list(key) for key in sorted({*before, *after}) if before.get(key) != after.get(key)],
        "rights": [name for name in sorted({*then.rights, *rights}) if then.rights.get(name) != rights.get(name)],
        "columns": list(now.columns),
    }


def _rights(ask: Query, oid: int, kind: str, owner: str) -> Rights:
    grants = tuple(text for (text,) in ask(_GRANTS, kind=kind, oid=oid))
    comments = tuple((on, text) for on, text in ask(_COMMENTS, kind=kind, oid=oid))
    return Rights(kind, owner, grants, comments)


def grantees(ask: Query, oid: int) -> Sequence[str]:
    """Who has rights on a relation now, each as SQL names it."""
    return [name for (name,) in ask(_GRANTEES, oid=oid)]


_TABLE = """
    SELECT n.nspname, c.relname, c.oid::regclass::text, c.relowner::regrole::text,
      'CREATE ' || CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END || 'TABLE ' || c.oid::regclass::text
      || ' (%%s)'
      || CASE WHEN am.amname IS DISTINCT FROM current_setting('default_table_access_method')
           THEN format(' USING %%I', am.amname) ELSE '' END
      || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
      || coalesce((SELECT format(' TABLESPACE %%I', spcname) FROM pg_tablespace t
                   WHERE t.oid = c.reltablespace), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_am am ON am.oid = c.relam
    WHERE c.oid = %s"""

_COLUMNS = """
    SELECT format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod))
      || CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
           THEN (SELECT format(' COLLATE %%I.%%I', n.nspname, c.collname) FROM pg_collation c
                 JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation) ELSE '' END
      || CASE WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%%s) %%s',
             pg_get_expr(d.adbin, d.adrelid), CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
           WHEN a.attidentity <> '' THEN format(' GENERATED %%s AS IDENTITY (SEQUENCE NAME %%s %%s)',
             CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, i.oid::regclass,
             format('START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s %%s', s.seqstart,
               s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END))
           ELSE '' END
      || CASE WHEN a.attnotnull THEN
           coalesce((SELECT format(' CONSTRAINT %%I', k.conname) FROM pg_constraint k
                     WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]), '')
           || ' NOT NULL' ELSE '' END,
      quote_ident(a.attname), a.attgenerated = '',
      CASE WHEN t.typnamespace <> 'pg_catalog'::regnamespace
           THEN format_type(a.atttypid, a.atttypmod) END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_depend o ON a.attidentity <> '' AND o.classid = 'pg_class'::regclass
        AND o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum
        AND o.deptype = 'i'
      LEFT JOIN pg_class i ON i.oid = o.objid AND i.relkind = 'S'
      LEFT JOIN pg_sequence s ON s.seqrelid = i.oid
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""

# Views that read the table, and views on these; a view comes before those that read it.
_VIEWS = """
    WITH RECURSIVE found (oid, depth) AS (
      SELECT %s::oid, 0
      UNION SELECT r.ev_class, f.depth + 1 FROM found f
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = f.oid
          AND d.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> f.oid
        JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'v')
    SELECT oid::bigint, oid::regclass::text FROM found WHERE depth > 0 GROUP BY oid ORDER BY max(depth), 1"""

_PIECES = """
    WITH relations AS (
      SELECT c.oid, c.oid::regclass::text AS name, c.relkind FROM pg_class c
      WHERE c.oid = %(oid)s OR c.oid = ANY(%(views)s::bigint[]::oid[]))
    SELECT 'default', r.name, a.attname, ARRAY[format('ALTER TABLE %%s ALTER COLUMN %%I SET DEFAULT %%s', r.name,
        a.attname, pg_get_expr(d.adbin, d.adrelid))],
      format('ALTER TABLE %%s ALTER COLUMN %%I DROP DEFAULT', r.name, a.attname)
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attgenerated = ''
      JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE r.relkind = 'r'
    UNION ALL
    SELECT 'setting', r.name, 'column ' || a.attname, array_remove(ARRAY[
        CASE WHEN a.attstorage <> t.typstorage THEN format('ALTER TABLE %%s ALTER COLUMN %%I SET STORAGE %%s', r.name,
          a.attname, CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
          ELSE 'EXTENDED' END) END,
        CASE WHEN coalesce(a.attstattarget, -1) <> -1 THEN format('ALTER TABLE %%s ALTER COLUMN %%I SET STATISTICS %%s',
          r.name, a.attname, a.attstattarget) END,
        format('ALTER TABLE %%s ALTER COLUMN %%I SET (', r.name, a.attname)
          || nullif(array_to_string(ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o !~ '^pg_'), ', '), '')
          || ')'], NULL), ''
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
    WHERE r.relkind = 'r' AND (a.attstorage <> t.typstorage OR coalesce(a.attstattarget, -1) <> -1
      OR EXISTS (SELECT FROM unnest(a.attoptions) o WHERE o !~ '^pg_'))
    UNION ALL
    SELECT CASE WHEN k.contype = 'f' THEN 'foreign_key' WHEN k.contype = 'p' THEN 'primary_key' ELSE 'constraint' END,
      k.conrelid::regclass::text, k.conname, ARRAY[format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s',
          k.conrelid::regclass,
        k.conname, pg_get_constraintdef(k.oid))],
      format('ALTER TABLE %%s DROP CONSTRAINT %%I', k.conrelid::regclass, k.conname)
    FROM relations r JOIN pg_constraint k ON k.conrelid = r.oid
      OR (k.confrelid = r.oid AND k.conrelid <> r.oid)
    WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND k.conparentid = 0
    UNION ALL
    SELECT 'index', r.name, i.indexrelid::regclass::text, ARRAY[pg_get_indexdef(i.indexrelid)],
      format('DROP INDEX %%s', i.indexrelid::regclass)
    FROM relations r JOIN pg_index i ON i.indrelid = r.oid
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid
      AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 'setting', r.name, 'clustered on ' || i.indexrelid::regclass::text,
          ARRAY[format('ALTER TABLE %%s CLUSTER ON %%I',
        r.name, c.relname)], format('ALTER TABLE %%s SET WITHOUT CLUSTER', r.name)
    FROM relations r JOIN pg_index i ON i.indrelid = r.oid AND i.indisclustered
      JOIN pg_class c ON c.oid = i.indexrelid
    UNION ALL
    SELECT 'setting', r.name, 'replica identity ' || c.relreplident::text,
          ARRAY[format('ALTER TABLE %%s REPLICA IDENTITY %%s',
        r.name, CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE (SELECT format('USING INDEX %%I',
          x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
          WHERE i.indrelid = c.oid AND i.indisreplident) END)],
      format('ALTER TABLE %%s REPLICA IDENTITY DEFAULT', r.name)
    FROM relations r JOIN pg_class c ON c.oid = r.oid WHERE c.relkind = 'r' AND c.relreplident <> 'd'
    UNION ALL
    SELECT 'statistics', r.name, format('%%I.%%I', n.nspname, s.stxname), ARRAY[pg_get_statisticsobjdef(s.oid)],
      format('DROP STATISTICS %%I.%%I', n.nspname, s.stxname)
    FROM relations r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
      JOIN pg_namespace n ON n.oid = s.stxnamespace
    UNION ALL
    SELECT 'trigger', r.name, t.tgname, array_remove(ARRAY[pg_get_triggerdef(t.oid),
        CASE t.tgenabled WHEN 'D' THEN format('ALTER TABLE %%s DISABLE TRIGGER %%I', r.name, t.tgname)
          WHEN 'R' THEN format('ALTER TABLE %%s ENABLE REPLICA TRIGGER %%I', r.name, t.tgname)
          WHEN 'A' THEN format('ALTER TABLE %%s ENABLE ALWAYS TRIGGER %%I', r.name, t.tgname) END], NULL),
      format('DROP TRIGGER %%I ON %%s', t.tgname, r.name)
    FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'rule', r.name, w.rulename, ARRAY[pg_get_ruledef(w.oid)],
      format('DROP RULE %%I ON %%s', w.rulename, r.name)
    FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', r.name, p.polname, ARRAY[format('CREATE POLICY %%I ON %%s AS %%s FOR %%s TO %%s',
          p.polname, r.name,
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
          ELSE 'ALL' END,
        (SELECT string_agg(CASE WHEN role = 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role)
         FROM unnest(p.polroles) role))
        || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')],
      format('DROP POLICY %%I ON %%s', p.polname, r.name)
    FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT 'security', r.name, word, ARRAY[format('ALTER TABLE %%s %%s ROW LEVEL SECURITY', r.name, word)],
      format('ALTER TABLE %%s %%s ROW LEVEL SECURITY', r.name, reverse_word)
    FROM relations r JOIN pg_class c ON c.oid = r.oid, LATERAL (VALUES
      (c.relrowsecurity, 'ENABLE', 'DISABLE'), (c.relforcerowsecurity, 'FORCE', 'NO FORCE')) w (is_on, word,
          reverse_word)
    WHERE w.is_on
    UNION ALL
    SELECT 'view', r.name, '', ARRAY[format('CREATE VIEW %%s%%s AS %%s', r.name,
        coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
        rtrim(pg_get_viewdef(r.oid), ';'))], format('DROP VIEW %%s', r.name)
    FROM relations r JOIN pg_class c ON c.oid = r.oid WHERE r.relkind = 'v'
    ORDER BY 1, 3, 2"""

# Those that the table owns, and those that its defaults draw from.
_SEQUENCES = """
    SELECT c.oid::regclass::text, CASE WHEN d.deptype = 'i' THEN '{}'::text[] ELSE array_remove(ARRAY[
        format('CREATE SEQUENCE %%s AS %%s START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s %%s',
          c.oid::regclass, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
          s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END),
        CASE WHEN d.deptype = 'a' THEN format('ALTER SEQUENCE %%s OWNED BY %%s.%%I', c.oid::regclass,
          d.refobjid::regclass, a.attname) END], NULL) END
    FROM (
      SELECT objid AS oid, deptype, refobjid, refobjsubid FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
        AND refobjid = %s AND deptype IN ('a', 'i')
      UNION
      SELECT e.refobjid, 'n', f.adrelid, f.adnum FROM pg_attrdef f JOIN pg_depend e
        ON e.classid = 'pg_attrdef'::regclass AND e.objid = f.oid
          AND e.refclassid = 'pg_class'::regclass
      WHERE f.adrelid = %s AND NOT EXISTS (SELECT 1 FROM pg_depend o
        WHERE o.classid = 'pg_class'::regclass AND o.objid = e.refobjid AND o.deptype IN ('a', 'i')
          AND o.refobjid = f.adrelid AND o.refclassid = 'pg_class'::regclass)) d
      JOIN pg_class c ON c.oid = d.oid AND c.relkind = 'S'
      JOIN pg_sequence s ON s.seqrelid = c.oid
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    ORDER BY 1"""

_OTHERS = """
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'VIEW' END, c.oid::regclass::text, c.oid::bigint,
      c.relowner::regrole::text
    FROM pg_class c
    WHERE (c.relkind = 'S' AND c.oid IN (SELECT objid FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
          AND refobjid = %s AND deptype IN ('a', 'i')))
      OR c.oid = ANY(%s::bigint[]::oid[])
    ORDER BY 1, 2"""

_ENTRIES = """
    SELECT e.*, '' AS part FROM pg_class c, aclexplode(coalesce(c.relacl,
        acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))) e WHERE c.oid = {oid}
    UNION ALL
    SELECT e.*, format(' (%%I)', a.attname) FROM pg_attribute a, aclexplode(a.attacl) e
    WHERE a.attrelid = {oid} AND NOT a.attisdropped"""

_GRANTS = f"""
    SELECT format('GRANT %%s%%s ON %%s %%s TO %%s%%s', x.privilege_type, x.part, CASE %(kind)s WHEN 'SEQUENCE'
        THEN 'SEQUENCE' ELSE 'TABLE' END, %(oid)s::bigint::oid::regclass,
      CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
      CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM ({_ENTRIES.format(oid="%(oid)s::bigint::oid")}) x ORDER BY 1"""

_GRANTEES = f"""
    SELECT DISTINCT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
    FROM ({_ENTRIES.format(oid="%(oid)s::bigint::oid")}) x ORDER BY 1"""

_COMMENTS = """
    WITH parts (classoid, objoid, objsubid, place) AS (
      SELECT 'pg_class'::regclass::oid, %(oid)s::bigint::oid, 0,
        %(kind)s || ' ' || %(oid)s::bigint::oid::regclass::text
      UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, format('COLUMN %%s.%%I', attrelid::regclass,
          attname) FROM pg_attribute
        WHERE attrelid = %(oid)s::bigint::oid AND attnum > 0 AND NOT attisdropped AND %(kind)s <> 'SEQUENCE'
      UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, format('CONSTRAINT %%I ON %%s', conname,
          conrelid::regclass) FROM pg_constraint WHERE conrelid = %(oid)s::bigint::oid
      UNION ALL SELECT 'pg_trigger'::regclass, oid, 0, format('TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
        FROM pg_trigger WHERE tgrelid = %(oid)s::bigint::oid AND NOT tgisinternal
      UNION ALL SELECT 'pg_policy'::regclass, oid, 0, format('POLICY %%I ON %%s', polname, polrelid::regclass)
        FROM pg_policy WHERE polrelid = %(oid)s::bigint::oid
      UNION ALL SELECT 'pg_rewrite'::regclass, oid, 0, format('RULE %%I ON %%s', rulename, ev_class::regclass)
        FROM pg_rewrite WHERE ev_class = %(oid)s::bigint::oid
      UNION ALL SELECT 'pg_class'::regclass, indexrelid, 0, 'INDEX ' || indexrelid::regclass::text
        FROM pg_index WHERE indrelid = %(oid)s::bigint::oid)
    SELECT p.place, quote_literal(d.description) FROM parts p JOIN pg_description d
      ON d.classoid = p.classoid AND d.objoid = p.objoid AND d.objsubid = p.objsubid ORDER BY 1"""
