"""PostgreSQL's catalogue as values: one question for all that a database holds.

Left out are what the server brings along, what belongs to extensions, temporary objects, and positions: ids, the order
of columns, the names of NOT NULL constraints. Definitions are the server's own (``pg_get_…def``), asked for with an
empty ``search_path``, so that every name in them is qualified.
"""

from __future__ import annotations

from changelog_engine.catalog import Catalog, Name
from changelog_engine.databases.postgresql_objects import Ask


def _named(schema: str, name: str) -> str:
    return f"CASE {schema} WHEN 'public' THEN {name}::text ELSE {schema} || '.' || {name} END"


def _grants(acl: str, kind: str, owner: str) -> str:
    """Who may do what, sorted; the owner by that word, so that it is the same whoever that is."""
    default = f"pg_catalog.acldefault('{kind}', {owner})"
    who = (
        f"CASE u.grantee WHEN {owner} THEN 'owner' WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(u.grantee) END"
    )
    return (
        f"(SELECT string_agg(entry, ', ' ORDER BY entry COLLATE \"C\") FROM (SELECT {who} || ': ' || string_agg("
        "u.privilege_type || CASE WHEN u.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ' '"
        ' ORDER BY u.privilege_type COLLATE "C") AS entry'
        f" FROM pg_catalog.aclexplode(coalesce({acl}, {default})) u GROUP BY u.grantee) entries)"
    )


def _with_class(source: str, oid: str) -> str:
    """The source with the relation ``c`` that ``oid`` is the id of, and its schema ``n``."""
    return (
        f"{source} JOIN pg_catalog.pg_class c ON c.oid = {oid} JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    )


def _owner(column: str) -> str:
    return f"pg_catalog.pg_get_userbyid({column})"


def _comment(catalog: str, oid: str) -> str:
    return f"pg_catalog.obj_description({oid}, '{catalog}')"


def _own(catalog: str, oid: str) -> str:
    """That an object is no extension's."""
    return (
        f"NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.{catalog}'::regclass"
        f" AND e.objid = {oid} AND e.deptype = 'e')"
    )


def _question(kind: str, of: str, name: str, facts: dict[str, str], source: str) -> str:
    """One kind of object: its name, what it is a part of, and its facts, as SQL expressions over ``source``."""
    pairs = ", ".join(f"'{fact}', ({expression})::text" for fact, expression in facts.items())
    return f"SELECT {kind}, {of}, {name}, jsonb_strip_nulls(jsonb_build_object({pairs})) FROM {source}"


_USERS = "n.nspname !~ '^pg_(toast|temp)' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
_CLASS = "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
_INDEX = "pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
_RELATION = _named("n.nspname", "c.relname")
_YES = "CASE WHEN {} THEN 'yes' END"
_KIND = (
    "CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'"
    " WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE 'table' END"
)

_SCHEMAS = _question(
    "'schema'",
    "''",
    "n.nspname::text",
    {
        # The owner of `public` is who made the database.
        "owner": f"CASE WHEN n.nspname <> 'public' THEN {_owner('n.nspowner')} END",
        "grants": _grants("n.nspacl", "n", "n.nspowner"),
        "comment": f"CASE WHEN n.nspname <> 'public' THEN {_comment('pg_namespace', 'n.oid')} END",
    },
    f"pg_catalog.pg_namespace n WHERE {_USERS} AND {_own('pg_namespace', 'n.oid')}",
)
_RELATIONS = _question(
    _KIND,
    "''",
    _RELATION,
    {
        "owner": _owner("c.relowner"),
        "grants": f"CASE c.relkind WHEN 'S' THEN {_grants('c.relacl', 's', 'c.relowner')}"
        f" WHEN 'c' THEN NULL ELSE {_grants('c.relacl', 'r', 'c.relowner')} END",
        "comment": _comment("pg_class", "c.oid"),
        "definition": "CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END",
        "populated": "CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END",
        "persistence": "CASE c.relpersistence WHEN 'u' THEN 'unlogged' END",
        "options": "array_to_string(ARRAY(SELECT unnest(c.reloptions) ORDER BY 1), ', ')",
        "partition key": "CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END",
        "partition bound": "pg_catalog.pg_get_expr(c.relpartbound, c.oid)",
        "parents": "(SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)"
        " FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND c.relkind <> 'I')",
        "row security": f"concat_ws(' ', {_YES.format('c.relrowsecurity')},"
        " CASE WHEN c.relforcerowsecurity THEN 'forced' END)",
        "replica identity": "CASE WHEN c.relkind IN ('r', 'p') AND c.relreplident <> 'd' THEN c.relreplident END",
        "sequence": "(SELECT concat_ws(' ', s.seqtypid::regtype, 'from', s.seqstart, 'by', s.seqincrement, 'within',"
        " s.seqmin, s.seqmax, 'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END)"
        " FROM pg_catalog.pg_sequence s WHERE s.seqrelid = c.oid)",
        "owned by": "(SELECT d.refobjid::regclass || '.' || a.attname FROM pg_catalog.pg_depend d"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid"
        " AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1)",
        "server": "(SELECT f.srvname FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_foreign_server f"
        " ON f.oid = t.ftserver WHERE t.ftrelid = c.oid)",
    },
    f"{_CLASS} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND {_USERS} AND {_own('pg_class', 'c.oid')}",
)
_COLUMNS = _question(
    "'column'",
    _RELATION,
    "a.attname::text",
    {
        "type": "pg_catalog.format_type(a.atttypid, a.atttypmod)",
        "nullable": "CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END",
        "default": "CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END",
        "generated": "CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid)"
        " || CASE a.attgenerated WHEN 's' THEN ' stored' ELSE ' virtual' END END",
        "identity": "CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END",
        "collation": "(SELECT l.collname FROM pg_catalog.pg_collation l, pg_catalog.pg_type y"
        " WHERE l.oid = a.attcollation AND y.oid = a.atttypid AND a.attcollation <> y.typcollation)",
        "grants": "CASE WHEN a.attacl IS NOT NULL AND a.attacl <> '{}' THEN "
        f"{_grants('a.attacl', 'c', 'c.relowner')} END",
        # `pg_attver` is the server's own, in the security releases of PostgreSQL 15.
        "options": "(SELECT string_agg(o, ', ') FROM unnest(a.attoptions) o WHERE o !~ '^pg_')",
        "statistics": "nullif(a.attstattarget, -1)",
        "comment": "pg_catalog.col_description(c.oid, a.attnum)",
    },
    f"{_with_class('pg_catalog.pg_attribute a', 'a.attrelid')}"
    " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')"
    f" AND {_USERS} AND {_own('pg_class', 'c.oid')}",
)
_CONSTRAINTS = _question(
    "'constraint'",
    _RELATION,
    "k.conname::text",
    {
        "definition": "pg_catalog.pg_get_constraintdef(k.oid)",
        "comment": _comment("pg_constraint", "k.oid"),
    },
    f"{_with_class('pg_catalog.pg_constraint k', 'k.conrelid')}"
    f" WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND {_USERS} AND {_own('pg_class', 'c.oid')}",
)
_INDEXES = _question(
    "'index'",
    _RELATION,
    "x.relname::text",
    {
        "definition": "pg_catalog.pg_get_indexdef(x.oid)",
        "valid": "CASE WHEN NOT i.indisvalid THEN 'no' END",
        "clustered": _YES.format("i.indisclustered"),
        "comment": _comment("pg_class", "x.oid"),
    },
    f"{_with_class(_INDEX, 'i.indrelid')} WHERE {_USERS} AND {_own('pg_class', 'c.oid')} AND NOT EXISTS (SELECT"
    " FROM pg_catalog.pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))",
)
_TRIGGERS = _question(
    "'trigger'",
    _RELATION,
    "t.tgname::text",
    {
        "definition": "pg_catalog.pg_get_triggerdef(t.oid)",
        "enabled": "CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END",
        "comment": _comment("pg_trigger", "t.oid"),
    },
    f"{_with_class('pg_catalog.pg_trigger t', 't.tgrelid')} WHERE NOT t.tgisinternal AND {_USERS}",
)
_ROUTINE = _named("n.nspname", "p.proname") + " || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'"
_ROUTINES = _question(
    "CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END",
    "''",
    _ROUTINE,
    {
        "definition": "CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE"
        " (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggtranstype::regtype, g.agginitval)"
        " FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid) END",
        "owner": _owner("p.proowner"),
        "grants": _grants("p.proacl", "f", "p.proowner"),
        "comment": _comment("pg_proc", "p.oid"),
    },
    "pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    f" WHERE {_USERS} AND {_own('pg_proc', 'p.oid')}",
)
_TYPES = _question(
    "CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE 'type' END",
    "''",
    _named("n.nspname", "t.typname"),
    {
        "values": "(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)"
        " FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)",
        "type": "CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)"
        " WHEN 'r' THEN (SELECT g.rngsubtype::regtype::text FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid) END",
        "nullable": "CASE WHEN t.typnotnull THEN 'no' END",
        "default": "t.typdefault",
        "checks": "(SELECT string_agg(k.conname || ' ' || pg_catalog.pg_get_constraintdef(k.oid), ', '"
        " ORDER BY k.conname) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')",
        "owner": _owner("t.typowner"),
        "grants": _grants("t.typacl", "T", "t.typowner"),
        "comment": _comment("pg_type", "t.oid"),
    },
    "pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
    f" WHERE t.typtype IN ('e', 'd', 'r') AND {_USERS} AND {_own('pg_type', 't.oid')}",
)
_POLICIES = _question(
    "'policy'",
    _RELATION,
    "l.polname::text",
    {
        "for": "l.polcmd",
        "permissive": "CASE WHEN NOT l.polpermissive THEN 'no' END",
        "roles": "(SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(r)::text END, ', '"
        " ORDER BY r) FROM unnest(l.polroles) r)",
        "using": "pg_catalog.pg_get_expr(l.polqual, l.polrelid)",
        "check": "pg_catalog.pg_get_expr(l.polwithcheck, l.polrelid)",
        "comment": _comment("pg_policy", "l.oid"),
    },
    f"{_with_class('pg_catalog.pg_policy l', 'l.polrelid')} WHERE {_USERS}",
)
_RULES = _question(
    "'rule'",
    _RELATION,
    "r.rulename::text",
    {
        "definition": "pg_catalog.pg_get_ruledef(r.oid)",
        "enabled": "CASE r.ev_enabled WHEN 'D' THEN 'no' END",
        "comment": _comment("pg_rewrite", "r.oid"),
    },
    f"{_with_class('pg_catalog.pg_rewrite r', 'r.ev_class')}"
    f" WHERE r.rulename <> '_RETURN' AND {_USERS} AND {_own('pg_class', 'c.oid')}",
)
_STATISTICS = _question(
    "'statistics'",
    "''",
    _named("n.nspname", "s.stxname"),
    {"definition": "pg_catalog.pg_get_statisticsobjdef(s.oid)", "comment": _comment("pg_statistic_ext", "s.oid")},
    f"pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace WHERE {_USERS}",
)
_OPERATORS = _question(
    "'operator'",
    "''",
    _named("n.nspname", "o.oprname") + " || '(' || concat_ws(', ', nullif(o.oprleft, 0)::regtype,"
    " nullif(o.oprright, 0)::regtype) || ')'",
    {
        "function": "o.oprcode::text",
        "result": "o.oprresult::regtype",
        "owner": _owner("o.oprowner"),
        "comment": _comment("pg_operator", "o.oid"),
    },
    "pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace"
    f" WHERE {_USERS} AND {_own('pg_operator', 'o.oid')}",
)
_COLLATIONS = _question(
    "'collation'",
    "''",
    _named("n.nspname", "l.collname"),
    {
        "definition": "concat_ws(' ', l.collprovider, l.collcollate, l.collctype, l.collisdeterministic)",
        "comment": _comment("pg_collation", "l.oid"),
    },
    "pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace"
    f" WHERE {_USERS} AND {_own('pg_collation', 'l.oid')}",
)
_TEXT_SEARCH = _question(
    "'text search configuration'",
    "''",
    _named("n.nspname", "f.cfgname"),
    {
        "mappings": "(SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapdict::regdictionary), ', '"
        " ORDER BY m.maptokentype, m.mapseqno) FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = f.oid)",
        "comment": _comment("pg_ts_config", "f.oid"),
    },
    "pg_catalog.pg_ts_config f JOIN pg_catalog.pg_namespace n ON n.oid = f.cfgnamespace"
    f" WHERE {_USERS} AND {_own('pg_ts_config', 'f.oid')}",
)
_EXTENSIONS = _question(
    "'extension'",
    "''",
    "e.extname::text",
    {"version": "e.extversion", "schema": "n.nspname"},
    "pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'",
)
_EVENT_TRIGGERS = _question(
    "'event trigger'",
    "''",
    "v.evtname::text",
    {"event": "v.evtevent", "function": "v.evtfoid::regprocedure", "enabled": "nullif(v.evtenabled, 'O')"},
    "pg_catalog.pg_event_trigger v",
)
_PUBLICATIONS = _question(
    "'publication'",
    "''",
    "b.pubname::text",
    {
        "tables": "CASE WHEN b.puballtables THEN 'all' ELSE (SELECT string_agg(r.prrelid::regclass::text, ', '"
        " ORDER BY r.prrelid::regclass::text) FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = b.oid) END",
        "operations": "concat_ws(' ', b.pubinsert, b.pubupdate, b.pubdelete, b.pubtruncate)",
    },
    "pg_catalog.pg_publication b",
)
_SERVERS = _question(
    "'foreign server'",
    "''",
    "f.srvname::text",
    {"wrapper": "w.fdwname", "options": "array_to_string(f.srvoptions, ', ')"},
    "pg_catalog.pg_foreign_server f JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = f.srvfdw",
)
_DEFAULT_GRANTS = _question(
    "'default privileges'",
    "''",
    "concat_ws(' ', a.defaclobjtype,"
    " (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = a.defaclnamespace))",
    {"grants": _grants("a.defaclacl", "r", "a.defaclrole")},
    "pg_catalog.pg_default_acl a",
)

_EVERYTHING = " UNION ALL ".join(
    (
        *(_SCHEMAS, _RELATIONS, _COLUMNS, _CONSTRAINTS, _INDEXES, _TRIGGERS, _ROUTINES, _TYPES, _POLICIES, _RULES),
        *(_STATISTICS, _OPERATORS, _COLLATIONS, _TEXT_SEARCH, _EXTENSIONS, _EVENT_TRIGGERS, _PUBLICATIONS, _SERVERS),
        _DEFAULT_GRANTS,
    )
)


def read_catalog(ask: Ask) -> Catalog:
    """All that the database holds. To be called in a transaction, whose ``search_path`` it empties."""
    ask("SELECT pg_catalog.set_config('search_path', '', true)")
    # `{}` is what a composite of no facts is to jsonb; names of three texts are unique among all kinds.
    return {
        Name(kind, name, of): {fact: value for fact, value in facts.items() if value != ""}
        for kind, of, name, facts in ask(_EVERYTHING)
    }
