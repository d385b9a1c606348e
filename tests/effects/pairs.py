"""Pairs of changes of PostgreSQL: the second fails without the first. What it needs has to be read from it."""

from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    """``before`` is there in any case. ``committed``: each part needs a transaction of its own."""

    name: str
    first: str
    second: str
    before: str = ""
    committed: bool = False


_T = "CREATE TABLE t (id int PRIMARY KEY, a int, b text);"
_F = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"

PAIRS = (
    # ------------------------------------------------------------------------------------------ tables and columns
    Pair("table in query", _T, "SELECT id FROM t"),
    Pair("table in insert", _T, "INSERT INTO t (id) VALUES (1)"),
    Pair("foreign key to primary key", _T, "CREATE TABLE c (t_id int REFERENCES t)"),
    Pair("column in index", "ALTER TABLE t ADD c int", "CREATE INDEX i ON t (c)", _T),
    Pair("column in index expression", "ALTER TABLE t ADD c text", "CREATE INDEX i ON t (lower(c))", _T),
    Pair("column in index predicate", "ALTER TABLE t ADD c int", "CREATE INDEX i ON t (id) WHERE c > 0", _T),
    Pair("column in view", "ALTER TABLE t ADD c int", "CREATE VIEW v AS SELECT x.c FROM t x", _T),
    Pair("column in update", "ALTER TABLE t ADD c int", "UPDATE t SET c = 1", _T),
    Pair(
        "column in generated column",
        "ALTER TABLE t ADD c int",
        "ALTER TABLE t ADD d int GENERATED ALWAYS AS (c + 1) STORED",
        _T,
    ),
    Pair("column in check", "ALTER TABLE t ADD c int", "ALTER TABLE t ADD CHECK (c > a)", _T),
    Pair("column in subquery", "ALTER TABLE t ADD c int", "SELECT 1 WHERE 1 IN (SELECT c FROM t)", _T),
    Pair(
        "column in join", "ALTER TABLE t ADD c int", "SELECT 1 FROM t JOIN s USING (c)", _T + "CREATE TABLE s (c int);"
    ),
    Pair("column in CTE", "ALTER TABLE t ADD c int", "WITH x AS (SELECT c FROM t) SELECT * FROM x", _T),
    Pair("column commented", "ALTER TABLE t ADD c int", "COMMENT ON COLUMN t.c IS 'x'", _T),
    Pair("column granted", "ALTER TABLE t ADD c int", "GRANT SELECT (c) ON t TO PUBLIC", _T),
    Pair(
        "column of trigger",
        "ALTER TABLE t ADD c int",
        "CREATE TRIGGER g BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION f()",
        _T + _F,
    ),
    Pair(
        "column in trigger's condition",
        "ALTER TABLE t ADD c int",
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.c > 0) EXECUTE FUNCTION f()",
        _T + _F,
    ),
    Pair("column renamed", "ALTER TABLE t RENAME a TO c", "SELECT c FROM t", _T),
    Pair("table renamed", "ALTER TABLE t RENAME TO u", "ALTER TABLE u ADD c int", _T),
    Pair("column of renamed table", "ALTER TABLE t RENAME TO u", "SELECT u.a FROM u", _T),
    Pair("table moved", "ALTER TABLE t SET SCHEMA app", "SELECT a FROM app.t", _T + "CREATE SCHEMA app;"),
    Pair("view on view", "CREATE VIEW v AS SELECT 1 AS one", "CREATE VIEW w AS SELECT one FROM v"),
    Pair("materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one", "REFRESH MATERIALIZED VIEW m"),
    Pair("like", _T, "CREATE TABLE c (LIKE t INCLUDING ALL)"),
    Pair("inherits", _T, "CREATE TABLE c () INHERITS (t)"),
    Pair("partition of", "CREATE TABLE w (id int) PARTITION BY RANGE (id)", "CREATE TABLE p PARTITION OF w DEFAULT"),
    Pair(
        "attach partition",
        "CREATE TABLE p (id int)",
        "ALTER TABLE w ATTACH PARTITION p DEFAULT",
        "CREATE TABLE w (id int) PARTITION BY RANGE (id);",
    ),
    Pair("create table as", _T, "CREATE TABLE c AS SELECT * FROM t"),
    Pair("select into", _T, "SELECT * INTO c FROM t"),
    Pair("of type", "CREATE TYPE pair AS (a int, b int)", "CREATE TABLE c OF pair"),
    Pair("lock", _T, "LOCK TABLE t"),
    Pair("truncate", _T, "TRUNCATE t"),
    Pair("merge", _T, "MERGE INTO s USING t ON s.id = t.id WHEN MATCHED THEN DELETE", "CREATE TABLE s (id int);"),
    Pair("copy", _T, "COPY t (id) TO '/dev/null'"),
    Pair("drop", _T, "DROP TABLE t"),
    Pair("cluster", "CREATE INDEX i ON t (a)", "CLUSTER t USING i", _T),
    Pair("statistics", "ALTER TABLE t ADD c int", "CREATE STATISTICS st ON a, c FROM t", _T),
    Pair(
        "rule",
        "CREATE TABLE log (id int)",
        "CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (NEW.id)",
        _T,
    ),
    Pair("row type", _T, "CREATE FUNCTION g(x t) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    # --------------------------------------------------------------------------------------------- schemas and paths
    Pair("schema", "CREATE SCHEMA app", "CREATE TABLE app.x (id int)"),
    Pair(
        "search path",
        "CREATE TABLE app.x (id int)",
        "SET search_path = app; INSERT INTO x VALUES (1)",
        "CREATE SCHEMA app;",
    ),
    Pair(
        "second of search path",
        "CREATE TABLE x (id int)",
        "SET search_path = app, public; INSERT INTO x VALUES (1)",
        "CREATE SCHEMA app;",
    ),
    Pair(
        "path of function",
        "CREATE TABLE app.x (id int)",
        "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql SET search_path = app AS 'SELECT count(*) FROM x'",
        "CREATE SCHEMA app;",
    ),
    Pair(
        "set_config of path",
        "CREATE TABLE app.x (id int)",
        "SELECT set_config('search_path', 'app', true); INSERT INTO x VALUES (1)",
        "CREATE SCHEMA app;",
    ),
    Pair("quoted name", 'CREATE TABLE "T t" ("C" int)', 'SELECT "C" FROM "T t"'),
    Pair("grant on schema", "CREATE SCHEMA app", "GRANT USAGE ON SCHEMA app TO PUBLIC"),
    # ------------------------------------------------------------------------------------------ keys and constraints
    Pair(
        "foreign key to unique constraint",
        "ALTER TABLE t ADD UNIQUE (a)",
        "CREATE TABLE c (a int REFERENCES t (a))",
        _T,
    ),
    Pair(
        "foreign key to unique index",
        "CREATE UNIQUE INDEX i ON t (a, b)",
        "CREATE TABLE c (a int, b text, FOREIGN KEY (b, a) REFERENCES t (b, a))",
        _T,
    ),
    Pair(
        "foreign key to later primary key",
        "ALTER TABLE p ADD PRIMARY KEY (id)",
        "CREATE TABLE c (p int REFERENCES p)",
        "CREATE TABLE p (id int);",
    ),
    Pair(
        "on conflict columns",
        "CREATE UNIQUE INDEX i ON t (a)",
        "INSERT INTO t (id, a) VALUES (1, 2) ON CONFLICT (a) DO NOTHING",
        _T,
    ),
    Pair(
        "on conflict on constraint",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT ON CONSTRAINT k DO NOTHING",
        _T,
    ),
    Pair(
        "on conflict on made up name",
        "ALTER TABLE t ADD UNIQUE (a)",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT ON CONSTRAINT t_a_key DO NOTHING",
        _T,
    ),
    Pair(
        "primary key using index",
        "CREATE UNIQUE INDEX i ON p (id)",
        "ALTER TABLE p ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        "CREATE TABLE p (id int NOT NULL);",
    ),
    Pair(
        "validate", "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT k", _T
    ),
    Pair("drop made up check", "ALTER TABLE t ADD CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT t_a_check", _T),
    Pair(
        "drop made up foreign key",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t",
        "ALTER TABLE t DROP CONSTRAINT t_a_fkey",
        _T,
    ),
    Pair(
        "comment on constraint",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        "COMMENT ON CONSTRAINT k ON t IS 'x'",
        _T,
    ),
    Pair(
        "rename constraint",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        "ALTER TABLE t RENAME CONSTRAINT k TO l",
        _T,
    ),
    Pair("replica identity", "CREATE UNIQUE INDEX i ON t (id)", "ALTER TABLE t REPLICA IDENTITY USING INDEX i", _T),
    Pair("made up index name", "CREATE INDEX ON t (a, lower(b))", "DROP INDEX t_a_lower_idx", _T),
    Pair("index renamed", "CREATE INDEX i ON t (a)", "ALTER INDEX i RENAME TO j", _T),
    Pair(
        "refresh concurrently",
        "CREATE UNIQUE INDEX i ON m (one)",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;",
    ),
    # ----------------------------------------------------------------------------------------------------- sequences
    Pair("sequence in default", "CREATE SEQUENCE s", "CREATE TABLE c (id int DEFAULT nextval('s'))"),
    Pair("sequence as regclass", "CREATE SEQUENCE s", "CREATE TABLE c (id int DEFAULT nextval('s'::regclass))"),
    Pair("sequence of serial", "CREATE TABLE c (id serial)", "SELECT setval('c_id_seq', 7)"),
    Pair(
        "sequence of identity",
        "CREATE TABLE c (id int GENERATED ALWAYS AS IDENTITY)",
        "ALTER SEQUENCE c_id_seq RESTART WITH 5",
    ),
    Pair("serial sequence by column", "CREATE TABLE c (id serial)", "SELECT pg_get_serial_sequence('c', 'id')"),
    Pair("owned by", "ALTER TABLE t ADD c int", "CREATE SEQUENCE s OWNED BY t.c", _T),
    Pair("regclass", _T, "SELECT 't'::regclass"),
    Pair(
        "regprocedure", "CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT 'g(int)'::regprocedure"
    ),
    Pair("regtype", "CREATE TYPE mood AS ENUM ('ok')", "SELECT 'mood'::regtype"),
    # --------------------------------------------------------------------------------------------------------- types
    Pair("enum", "CREATE TYPE mood AS ENUM ('ok')", "CREATE TABLE c (m mood)"),
    Pair(
        "enum value",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "SELECT 'sad'::mood",
        "CREATE TYPE mood AS ENUM ('ok');",
        committed=True,
    ),
    Pair(
        "enum value renamed",
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "SELECT CAST('fine' AS mood)",
        "CREATE TYPE mood AS ENUM ('ok');",
    ),
    Pair(
        "enum value in default",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "CREATE TABLE c (m mood DEFAULT 'sad')",
        "CREATE TYPE mood AS ENUM ('ok');",
        committed=True,
    ),
    Pair(
        "enum value as neighbour",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "ALTER TYPE mood ADD VALUE 'bad' AFTER 'sad'",
        "CREATE TYPE mood AS ENUM ('ok');",
        committed=True,
    ),
    Pair("domain", "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%')", "CREATE TABLE c (e email)"),
    Pair(
        "domain constraint",
        "ALTER DOMAIN email ADD CONSTRAINT k CHECK (VALUE <> '')",
        "ALTER DOMAIN email DROP CONSTRAINT k",
        "CREATE DOMAIN email AS text;",
    ),
    Pair(
        "composite",
        "CREATE TYPE pair AS (a int, b int)",
        "CREATE FUNCTION g() RETURNS pair LANGUAGE sql AS 'SELECT 1, 2'",
    ),
    Pair(
        "attribute",
        "ALTER TYPE pair ADD ATTRIBUTE c int",
        "ALTER TYPE pair RENAME ATTRIBUTE c TO d",
        "CREATE TYPE pair AS (a int);",
    ),
    Pair("range", "CREATE TYPE span AS RANGE (subtype = float8)", "SELECT span(1, 2)"),
    Pair("array of type", "CREATE TYPE mood AS ENUM ('ok')", "CREATE TABLE c (m mood[])"),
    Pair(
        "type of column",
        "ALTER TABLE t ADD c int",
        "CREATE FUNCTION g(x t.c%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        _T,
    ),
    Pair(
        "cast",
        "CREATE FUNCTION to_pair(text) RETURNS pair LANGUAGE sql AS 'SELECT ROW(1)::pair'",
        "CREATE CAST (text AS pair) WITH FUNCTION to_pair(text)",
        "CREATE TYPE pair AS (a int);",
    ),
    Pair("collation", 'CREATE COLLATION plain FROM "C"', "CREATE TABLE c (x text COLLATE plain)"),
    # ------------------------------------------------------------------------------------------------------ routines
    Pair("function in query", "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT g()"),
    Pair(
        "function in default",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE c (x int DEFAULT g())",
    ),
    Pair(
        "function in check",
        "CREATE FUNCTION g(int) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE c (x int CHECK (g(x)))",
    ),
    Pair(
        "function in index",
        "CREATE FUNCTION g(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'",
        "CREATE INDEX i ON t (g(a))",
        _T,
    ),
    Pair("body of SQL function", _T, "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'"),
    Pair("atomic body", _T, "CREATE FUNCTION g() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM t; END"),
    Pair(
        "column in SQL body",
        "ALTER TABLE t ADD c int",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT c FROM t LIMIT 1'",
        _T,
    ),
    Pair(
        "body called at once",
        _T,
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; END $$; SELECT g()",
    ),
    Pair(
        "type of variable",
        _T,
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ DECLARE x t%ROWTYPE; BEGIN END $$",
    ),
    Pair(
        "enum variable",
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS "
        "$$ DECLARE x mood; y int; BEGIN SELECT 'ok', 1 INTO x, y; END $$",
    ),
    Pair("DO", _T, "DO $$ BEGIN PERFORM id FROM t; END $$"),
    Pair("DO with literal EXECUTE", _T, "DO $$ BEGIN EXECUTE 'DELETE FROM t WHERE id = 1'; END $$"),
    Pair("DO with dynamic SQL", _T, "DO $$ BEGIN EXECUTE format('DELETE FROM %I', 't'); END $$"),
    Pair("DO with loop", _T, "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM t LOOP NULL; END LOOP; END $$"),
    Pair("call", "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN END'", "CALL p()"),
    Pair("trigger", _F, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", _T),
    Pair(
        "disable trigger",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER TABLE t DISABLE TRIGGER g",
        _T + _F,
    ),
    Pair(
        "rename trigger",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER TRIGGER g ON t RENAME TO h",
        _T + _F,
    ),
    Pair(
        "event trigger",
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER w ON ddl_command_end EXECUTE FUNCTION e()",
    ),
    Pair(
        "aggregate's function",
        "CREATE FUNCTION add(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2'",
        "CREATE AGGREGATE total(int) (SFUNC = add, STYPE = int)",
    ),
    Pair(
        "aggregate",
        "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)",
        "SELECT total(x) FROM generate_series(1, 2) x",
    ),
    Pair("operator", "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)", "SELECT 1 === 2"),
    Pair(
        "operator's function",
        "CREATE FUNCTION eq(int, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2'",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = eq)",
    ),
    Pair(
        "function renamed",
        "ALTER FUNCTION g() RENAME TO h",
        "SELECT h()",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    Pair(
        "function moved",
        "ALTER FUNCTION g() SET SCHEMA app",
        "SELECT app.g()",
        "CREATE SCHEMA app; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    Pair(
        "comment on function",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "COMMENT ON FUNCTION g() IS 'x'",
    ),
    Pair(
        "owner of function",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION g() OWNER TO CURRENT_USER",
    ),
    # ------------------------------------------------------------------------------------ extensions, roles, the rest
    Pair("extension's type", "CREATE EXTENSION citext", "CREATE TABLE c (x citext)"),
    Pair("extension's function", "CREATE EXTENSION unaccent", "SELECT unaccent('x')"),
    Pair(
        "extension's operator class", "CREATE EXTENSION pg_trgm", "CREATE INDEX i ON t USING gin (b gin_trgm_ops)", _T
    ),
    Pair("extension's operator", "CREATE EXTENSION pg_trgm", "SELECT 'a' <-> 'b'"),
    Pair("extension's view", "CREATE EXTENSION pg_buffercache", "CREATE VIEW v AS SELECT bufferid FROM pg_buffercache"),
    Pair("comment on extension", "CREATE EXTENSION citext", "COMMENT ON EXTENSION citext IS 'x'"),
    Pair("role", "CREATE ROLE effects_reader", "GRANT SELECT ON t TO effects_reader", _T),
    Pair("role in policy", "CREATE ROLE effects_reader", "CREATE POLICY p ON t TO effects_reader USING (true)", _T),
    Pair("owner", "CREATE ROLE effects_reader", "ALTER TABLE t OWNER TO effects_reader", _T),
    Pair("owner of schema", "CREATE ROLE effects_reader", "CREATE SCHEMA app AUTHORIZATION effects_reader"),
    Pair("member", "CREATE ROLE effects_reader", "CREATE ROLE effects_other IN ROLE effects_reader"),
    Pair("set role", "CREATE ROLE effects_reader", "SET ROLE effects_reader"),
    Pair(
        "default privileges",
        "CREATE ROLE effects_reader",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO effects_reader",
    ),
    Pair("policy", "CREATE POLICY p ON t USING (true)", "ALTER POLICY p ON t RENAME TO q", _T),
    Pair(
        "function in policy",
        "CREATE FUNCTION g() RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE POLICY p ON t USING (g())",
        _T,
    ),
    Pair(
        "text search configuration",
        "CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple)",
        "SELECT to_tsvector('plain', 'x')",
    ),
    Pair(
        "text search index",
        "CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple)",
        "CREATE INDEX i ON t USING gin (to_tsvector('plain', b))",
        _T,
    ),
    Pair(
        "text search dictionary",
        "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)",
        "ALTER TEXT SEARCH CONFIGURATION plain ALTER MAPPING FOR word WITH d",
        "CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);",
    ),
    Pair("publication", "CREATE PUBLICATION n", "ALTER PUBLICATION n ADD TABLE t", _T),
    Pair("table in publication", _T, "CREATE PUBLICATION n FOR TABLE t"),
    Pair(
        "server",
        "CREATE SERVER s FOREIGN DATA WRAPPER w",
        "CREATE FOREIGN TABLE x (a int) SERVER s",
        "CREATE FOREIGN DATA WRAPPER w;",
    ),
    Pair("wrapper", "CREATE FOREIGN DATA WRAPPER w", "CREATE SERVER s FOREIGN DATA WRAPPER w"),
    Pair(
        "operator class",
        "CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, "
        "OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int)",
        "CREATE INDEX i ON t (a oc)",
        _T,
    ),
    Pair("drop statistics", "CREATE STATISTICS st ON a, b FROM t", "DROP STATISTICS st", _T),
    Pair("explain", _T, "EXPLAIN SELECT id FROM t"),
    Pair("prepare", _T, "PREPARE q AS SELECT id FROM t"),
    Pair("cursor", _T, "DECLARE k CURSOR FOR SELECT id FROM t"),
    Pair("security definer view", "CREATE VIEW v AS SELECT 1 AS one", "GRANT SELECT ON v TO PUBLIC"),
    Pair("view's column default", "CREATE VIEW v AS SELECT id FROM t", "ALTER VIEW v ALTER id SET DEFAULT 1", _T),
    Pair(
        "child rows",
        "INSERT INTO t (id) VALUES (1)",
        "INSERT INTO c (t) VALUES (1)",
        _T + "CREATE TABLE c (t int REFERENCES t);",
    ),
    Pair(
        "not null after backfill",
        "UPDATE t SET a = 1",
        "ALTER TABLE t ALTER a SET NOT NULL",
        _T + "INSERT INTO t VALUES (1);",
    ),
    Pair(
        "check after backfill",
        "UPDATE t SET a = 1",
        "ALTER TABLE t ADD CHECK (a > 0)",
        _T + "INSERT INTO t VALUES (1, -1);",
    ),
    Pair(
        "unique after clean-up",
        "DELETE FROM t WHERE id = 2",
        "ALTER TABLE t ADD UNIQUE (a)",
        _T + "INSERT INTO t VALUES (1, 1), (2, 1);",
    ),
    Pair(
        "overload of an own function",
        "CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT lower(1)",
    ),
    Pair(
        "operator of an own type",
        "CREATE OPERATOR + (LEFTARG = pair, RIGHTARG = pair, FUNCTION = g)",
        "SELECT ROW(1)::pair + ROW(2)::pair",
        "CREATE TYPE pair AS (a int); CREATE FUNCTION g(pair, pair) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    Pair(
        "explicit cast",
        "CREATE CAST (t AS pair) WITH FUNCTION g(t)",
        "SELECT t::pair FROM t",
        _T + "CREATE TYPE pair AS (a int); CREATE FUNCTION g(t) RETURNS pair LANGUAGE sql AS 'SELECT ROW(1)::pair';",
    ),
    Pair(
        "implicit cast",
        "CREATE CAST (pair AS int) WITH FUNCTION g(pair) AS IMPLICIT",
        "SELECT 1 + ROW(1)::pair",
        "CREATE TYPE pair AS (a int); CREATE FUNCTION g(pair) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    Pair(
        "default operator class",
        "CREATE OPERATOR CLASS oc DEFAULT FOR TYPE box USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, "
        "OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(box, box)",
        "CREATE INDEX i ON c (x)",
        "CREATE TABLE c (x box); CREATE FUNCTION cmp(box, box) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';",
    ),
    Pair(
        "enum value inserted",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "INSERT INTO c (m) VALUES ('sad')",
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE c (m mood); INSERT INTO c VALUES ('ok');",
        committed=True,
    ),
    Pair(
        "enum value set",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "UPDATE c SET m = 'sad'",
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE c (m mood); INSERT INTO c VALUES ('ok');",
        committed=True,
    ),
    Pair(
        "enum value compared",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "SELECT 1 FROM c x WHERE x.m IN ('ok', 'sad')",
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE c (m mood); INSERT INTO c VALUES ('ok');",
        committed=True,
    ),
    Pair(
        "enum value as later default",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "ALTER TABLE c ALTER m SET DEFAULT 'sad'",
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE c (m mood); INSERT INTO c VALUES ('ok');",
        committed=True,
    ),
    Pair(
        "type of a variable that is not used",
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ DECLARE x CONSTANT mood[] := NULL; BEGIN END $$",
    ),
    Pair(
        "type of a cell",
        "ALTER TABLE t ADD c int",
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ DECLARE x t.c%TYPE; BEGIN END $$",
        _T,
    ),
    Pair(
        "cursor in DO",
        _T,
        "DO $$ DECLARE k CURSOR FOR SELECT id FROM t; BEGIN OPEN k; END $$",
    ),
    Pair(
        "trigger's body",
        "CREATE TABLE log (id int)",
        "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION h(); INSERT INTO t (id) VALUES (1)",
        _T + "CREATE FUNCTION h() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NEW; END $$;",
    ),
    Pair(
        "field of a row",
        "ALTER TABLE t ADD c int",
        "CREATE FUNCTION g(x t) RETURNS int LANGUAGE sql AS 'SELECT x.c'",
        _T,
    ),
    Pair("constraint of renamed table", "ALTER TABLE t RENAME TO u", "ALTER TABLE u DROP CONSTRAINT t_pkey", _T),
    Pair(
        "column of a parent",
        "ALTER TABLE t ADD c int",
        "CREATE INDEX i ON child (c)",
        _T + "CREATE TABLE child () INHERITS (t);",
    ),
    Pair(
        "constraint of a parent",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        "COMMENT ON CONSTRAINT k ON child IS 'x'",
        _T + "CREATE TABLE child (LIKE t); ALTER TABLE child INHERIT t;",
    ),
    Pair(
        "key of a partitioned table",
        "CREATE UNIQUE INDEX ON w (id)",
        "INSERT INTO p VALUES (1) ON CONFLICT (id) DO NOTHING",
        "CREATE TABLE w (id int) PARTITION BY RANGE (id); CREATE TABLE p (id int); "
        "ALTER TABLE w ATTACH PARTITION p DEFAULT;",
    ),
    Pair(
        "column of a partition",
        "ALTER TABLE w ADD c int",
        "SELECT c FROM p",
        "CREATE TABLE w (id int) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF w DEFAULT;",
    ),
    Pair(
        "on conflict expression",
        "CREATE UNIQUE INDEX i ON t (lower(b), (a + 1))",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT ((a+1), lower(b)) DO NOTHING",
        _T,
    ),
    Pair(
        "extension for an exclusion",
        "CREATE EXTENSION btree_gist",
        "CREATE TABLE booking (room int, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&))",
    ),
    Pair(
        "extension for a key without overlaps",
        "CREATE EXTENSION btree_gist",
        "CREATE TABLE price (item int, during tsrange, PRIMARY KEY (item, during WITHOUT OVERLAPS))",
    ),
    Pair(
        "extension for an index",
        "CREATE EXTENSION btree_gist",
        "CREATE INDEX i ON booking USING gist (room, during)",
        "CREATE TABLE booking (room int, during tsrange);",
    ),
)
