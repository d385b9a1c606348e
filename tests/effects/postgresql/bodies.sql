CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE r record; lines CURSOR FOR SELECT a FROM source;
BEGIN
    OPEN lines;
    FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
        INSERT INTO log SELECT tg_tag, r.object_identity, x FROM y;
    END LOOP;
END $$;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (op, who) SELECT tg_op, NEW.id FROM y WHERE y.id = OLD.id;
    RETURN NULL;
END $$;
CREATE FUNCTION sums(id_of int, OUT total numeric, OUT feeling mood) LANGUAGE plpgsql AS $$
DECLARE
    unused app.mood; -- of a type; that nobody uses
    whole t%ROWTYPE;
    one_cell t.a%TYPE := 'x; y z';
    many hstore[];
    half double precision := 0.5;
BEGIN
    SELECT sum(a), kind INTO total, feeling FROM t WHERE id = id_of;
    SELECT * INTO whole FROM t;
    whole.a := first_of(many);
    CASE half WHEN 1 THEN NULL; ELSE PERFORM g(half); END CASE;
    WHILE half < 2 LOOP half := half + (SELECT step FROM steps); END LOOP;
    RAISE EXCEPTION USING MESSAGE = msg(1);
EXCEPTION WHEN unique_violation THEN DELETE FROM failures;
END $$;
CREATE PROCEDURE each(INOUT a int, b t.x%TYPE) LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    FOR r IN EXECUTE 'SELECT * FROM ' || 'x' LOOP NULL; END LOOP;
    FOR r IN SELECT 1 FROM q UNION SELECT 2 FROM w LOOP UPDATE t SET a = r.a; END LOOP;
    EXECUTE 'INSERT INTO z VALUES ($1)' USING a;
    CALL other(a);
END $$;
CREATE FUNCTION rows() RETURNS TABLE (id int, name text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT p.id, p.name FROM people p;
    RETURN QUERY EXECUTE 'SELECT 1, name FROM animals';
END $$;
