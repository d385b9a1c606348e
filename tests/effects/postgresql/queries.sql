INSERT INTO t (a, b) VALUES (1, 'x'), (-2, NULL)
    ON CONFLICT (b, a) DO UPDATE SET b = excluded.b WHERE t.c > 0 RETURNING id, old.d;
INSERT INTO t (a) SELECT x FROM s ON CONFLICT ON CONSTRAINT t_a_key DO NOTHING;
INSERT INTO t DEFAULT VALUES;
UPDATE t AS u SET a = 1, b = s.b FROM app.s AS s WHERE u.id = s.id AND u.id IN (1, 2) AND kind = 'x';
DELETE FROM t USING s WHERE t.id = s.id;
DELETE FROM t WHERE id = 7;
MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET x = s.y WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a);
TRUNCATE a, b;
COPY t (a, b) FROM '/dev/null';
COPY (SELECT a FROM t) TO '/dev/null';
WITH RECURSIVE tree AS (SELECT id FROM nodes UNION ALL SELECT n.id FROM nodes n JOIN tree ON n.parent = tree.id),
    gone AS (DELETE FROM t RETURNING id)
SELECT tree.id, ctid, total.sum AS s FROM tree, LATERAL (SELECT sum(x.v) FROM x WHERE x.id = tree.id) AS total ORDER BY s;
SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM pets WHERE owner = p.id) GROUP BY name;
SELECT 'happy'::mood, 't'::regclass, nextval('app."S"'), to_tsvector('german_plain', 'x'), a OPERATOR(app.===) b FROM t;
SELECT similarity('a', 'b'), crypt('a', gen_salt('bf')), count(*) FROM generate_series(1, 2) g, unnest(ARRAY[1]) u(v);
CREATE VIEW v AS SELECT p.id, lower(p.name) AS name FROM people p;
CREATE OR REPLACE VIEW w (a, b) AS SELECT * FROM v;
CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
REFRESH MATERIALIZED VIEW CONCURRENTLY m;
CREATE UNIQUE INDEX CONCURRENTLY ON m (id) INCLUDE (name);
CREATE INDEX IF NOT EXISTS i ON m USING gin (norm(name) gin_trgm_ops, id) WHERE ok(id);
