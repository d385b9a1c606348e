CREATE FUNCTION total(customer bigint, OUT sum numeric) LANGUAGE sql AS $$
    SELECT sum(o.amount) FROM orders o WHERE o.customer = total.customer AND state = 'paid'::order_state
$$;
CREATE FUNCTION atomic(a int DEFAULT first_id()) RETURNS SETOF orders BEGIN ATOMIC SELECT * FROM orders WHERE id = a; END;
CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = app, public AS $$
DECLARE
    latest orders.amount%TYPE;
    whole app.log%ROWTYPE;
    feeling mood := 'ok';
    other int;
BEGIN
    SELECT amount, state INTO other, feeling FROM orders WHERE id = NEW.id;
    INSERT INTO log (who, at) VALUES (current_user, now());
    NEW.total := compute(NEW.id);
    IF EXISTS (SELECT 1 FROM limits) THEN PERFORM alarm(other); END IF;
    EXECUTE 'DELETE FROM scraps';
    EXECUTE format('DROP TABLE %I', TG_TABLE_NAME);
    CREATE TEMP TABLE tmp (a int);
    INSERT INTO tmp SELECT 1;
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE OF amount ON orders FOR EACH ROW WHEN (NEW.amount > OLD.amount) EXECUTE FUNCTION app.touch();
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watched();
CREATE RULE keep AS ON DELETE TO orders WHERE old.paid DO INSTEAD (INSERT INTO bin (id) VALUES (old.id); SELECT 1);
CREATE PROCEDURE tidy(days int) LANGUAGE plpgsql AS 'BEGIN DELETE FROM log WHERE at < now() - days * interval ''1 day''; COMMIT; END';
CALL tidy(3);
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN
        CREATE TYPE mood AS ENUM ('ok');
    END IF;
    UPDATE orders SET state = 'paid' WHERE id = 1;
    EXECUTE 'CREATE TABLE made (id int)';
    EXECUTE 'DROP TABLE ' || current_user;
END $$;
CREATE FUNCTION maker() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE late (id int); INSERT INTO late VALUES (1); END $$;
CREATE FUNCTION snake() RETURNS int LANGUAGE plpython3u AS $$ return 1 $$;
CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql AS $$ BEGIN SELEC 1; END $$;
