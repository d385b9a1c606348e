CREATE TRIGGER a AFTER INSERT ON t BEGIN
  UPDATE t SET x = CASE WHEN new.x > 0 THEN 1 ELSE 2 END;
  INSERT INTO log VALUES ('END;', new.x); -- END;
END;
create /* c */ temp trigger if not exists b before update on t for each row when old.a <> new.a
begin select raise(abort, 'no;'); end; SELECT 1;
EXPLAIN CREATE TEMPORARY TRIGGER c DELETE ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 3; END
;
CREATE TABLE "trigger" (a); SELECT 'CREATE TRIGGER' ; CREATE TABLE begin_end (a);
CREATE VIEW v AS SELECT CASE WHEN 1 THEN 2 END;
DROP TRIGGER a;
