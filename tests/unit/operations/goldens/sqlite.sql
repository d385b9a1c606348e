CREATE TABLE orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	label VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note TEXT DEFAULT (lower('A:b')), 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE (label)
);
ALTER TABLE orders RENAME TO "Orders";
ALTER TABLE "Orders" ADD COLUMN size INTEGER DEFAULT (-1) NOT NULL;
ALTER TABLE "Orders" DROP COLUMN size;
ALTER TABLE "Orders" RENAME COLUMN label TO "order";
CREATE TEMP TABLE changelog_guard (fingerprint, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.fingerprint IS NOT 'column Paid BOOLEAN 0 0 0
column at DATETIME 0 CURRENT_TIMESTAMP 0
column customer_id BIGINT 1  0
column data JSON 0  0
column id INTEGER 1  1
column key CHAR(36) 0  0
column note TEXT 0 lower(''A:b'') 0
column order VARCHAR(20) 0 ''it''''s 5% \ :x'' 0
column own TSVECTOR 0  0
column price NUMERIC(10, 2) 0 1.50 0
foreign key customer_id customers id NO ACTION SET NULL
length 337
unique order'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT (SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo('orders')
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list('orders')
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list('orders') AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = 'orders' COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = 'orders' COLLATE NOCASE AND type = 'table'
ORDER BY part)), (SELECT foreign_keys FROM pragma_foreign_keys);
DROP TABLE temp.changelog_guard;
CREATE TABLE _alembic_tmp_orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note TEXT DEFAULT (upper('x')), 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
);
INSERT INTO _alembic_tmp_orders (id, customer_id, "order", "Paid", price, at, note, data, "key", own) SELECT orders.id, orders.customer_id, orders."order", orders."Paid", orders.price, orders.at, orders.note, orders.data, orders."key", orders.own 
FROM orders;
DROP TABLE orders;
PRAGMA legacy_alter_table = ON;
ALTER TABLE _alembic_tmp_orders RENAME TO orders;
PRAGMA legacy_alter_table = OFF;
CREATE TEMP TABLE changelog_guard (fingerprint, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.fingerprint IS NOT 'column Paid BOOLEAN 0 0 0
column at DATETIME 0 CURRENT_TIMESTAMP 0
column customer_id BIGINT 1  0
column data JSON 0  0
column id INTEGER 1  1
column key CHAR(36) 0  0
column note TEXT 0 upper(''x'') 0
column order VARCHAR(20) 0 ''it''''s 5% \ :x'' 0
column own TSVECTOR 0  0
column price NUMERIC(10, 2) 0 1.50 0
foreign key customer_id customers id NO ACTION SET NULL
length 335
unique order'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT (SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo('orders')
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list('orders')
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list('orders') AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = 'orders' COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = 'orders' COLLATE NOCASE AND type = 'table'
ORDER BY part)), (SELECT foreign_keys FROM pragma_foreign_keys);
DROP TABLE temp.changelog_guard;
CREATE TABLE _alembic_tmp_orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
);
INSERT INTO _alembic_tmp_orders (id, customer_id, "order", "Paid", price, at, note, data, "key", own) SELECT orders.id, orders.customer_id, orders."order", orders."Paid", orders.price, orders.at, CAST(orders.note AS VARCHAR(9)) AS note, orders.data, orders."key", orders.own 
FROM orders;
DROP TABLE orders;
PRAGMA legacy_alter_table = ON;
ALTER TABLE _alembic_tmp_orders RENAME TO orders;
PRAGMA legacy_alter_table = OFF;
CREATE UNIQUE INDEX by_note ON "Orders" ("order", (lower(note)));
DROP INDEX by_note;
CREATE TEMP TABLE changelog_guard (fingerprint, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.fingerprint IS NOT 'column Paid BOOLEAN 0 0 0
column at DATETIME 0 CURRENT_TIMESTAMP 0
column customer_id BIGINT 1  0
column data JSON 0  0
column id INTEGER 1  1
column key CHAR(36) 0  0
column note VARCHAR(9) 1  0
column order VARCHAR(20) 0 ''it''''s 5% \ :x'' 0
column own TSVECTOR 0  0
column price NUMERIC(10, 2) 0 1.50 0
foreign key customer_id customers id NO ACTION SET NULL
length 329
unique order'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT (SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo('orders')
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list('orders')
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list('orders') AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = 'orders' COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = 'orders' COLLATE NOCASE AND type = 'table'
ORDER BY part)), (SELECT foreign_keys FROM pragma_foreign_keys);
DROP TABLE temp.changelog_guard;
CREATE TABLE _alembic_tmp_orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT one_note UNIQUE (note, price), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
);
INSERT INTO _alembic_tmp_orders (id, customer_id, "order", "Paid", price, at, note, data, "key", own) SELECT orders.id, orders.customer_id, orders."order", orders."Paid", orders.price, orders.at, orders.note, orders.data, orders."key", orders.own 
FROM orders;
DROP TABLE orders;
PRAGMA legacy_alter_table = ON;
ALTER TABLE _alembic_tmp_orders RENAME TO orders;
PRAGMA legacy_alter_table = OFF;
CREATE TEMP TABLE changelog_guard (fingerprint, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.fingerprint IS NOT 'column Paid BOOLEAN 0 0 0
column at DATETIME 0 CURRENT_TIMESTAMP 0
column customer_id BIGINT 1  0
column data JSON 0  0
column id INTEGER 1  1
column key CHAR(36) 0  0
column note VARCHAR(9) 1  0
column order VARCHAR(20) 0 ''it''''s 5% \ :x'' 0
column own TSVECTOR 0  0
column price NUMERIC(10, 2) 0 1.50 0
foreign key customer_id customers id NO ACTION SET NULL
length 366
unique note,price
unique order'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT (SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo('orders')
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list('orders')
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list('orders') AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = 'orders' COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = 'orders' COLLATE NOCASE AND type = 'table'
ORDER BY part)), (SELECT foreign_keys FROM pragma_foreign_keys);
DROP TABLE temp.changelog_guard;
CREATE TABLE _alembic_tmp_orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT one_note UNIQUE (note, price), 
	CONSTRAINT some CHECK (price > 0 AND note <> ':x%'), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
);
INSERT INTO _alembic_tmp_orders (id, customer_id, "order", "Paid", price, at, note, data, "key", own) SELECT orders.id, orders.customer_id, orders."order", orders."Paid", orders.price, orders.at, orders.note, orders.data, orders."key", orders.own 
FROM orders;
DROP TABLE orders;
PRAGMA legacy_alter_table = ON;
ALTER TABLE _alembic_tmp_orders RENAME TO orders;
PRAGMA legacy_alter_table = OFF;
CREATE TEMP TABLE changelog_guard (fingerprint, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.fingerprint IS NOT 'column Paid BOOLEAN 0 0 0
column at DATETIME 0 CURRENT_TIMESTAMP 0
column customer_id BIGINT 1  0
column data JSON 0  0
column id INTEGER 1  1
column key CHAR(36) 0  0
column note VARCHAR(9) 1  0
column order VARCHAR(20) 0 ''it''''s 5% \ :x'' 0
column own TSVECTOR 0  0
column price NUMERIC(10, 2) 0 1.50 0
foreign key customer_id customers id NO ACTION SET NULL
length 409
unique note,price
unique order'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT (SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo('orders')
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list('orders')
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list('orders') AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = 'orders' COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = 'orders' COLLATE NOCASE AND type = 'table'
ORDER BY part)), (SELECT foreign_keys FROM pragma_foreign_keys);
DROP TABLE temp.changelog_guard;
CREATE TABLE _alembic_tmp_orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT some CHECK (price > 0 AND note <> ':x%'), 
	CONSTRAINT one_note UNIQUE (note, price), 
	CONSTRAINT of_label FOREIGN KEY("order") REFERENCES labels (name) ON UPDATE CASCADE, 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
);
INSERT INTO _alembic_tmp_orders (id, customer_id, "order", "Paid", price, at, note, data, "key", own) SELECT orders.id, orders.customer_id, orders."order", orders."Paid", orders.price, orders.at, orders.note, orders.data, orders."key", orders.own 
FROM orders;
DROP TABLE orders;
PRAGMA legacy_alter_table = ON;
ALTER TABLE _alembic_tmp_orders RENAME TO orders;
PRAGMA legacy_alter_table = OFF;
CREATE TEMP TABLE changelog_guard (fingerprint, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.fingerprint IS NOT 'column Paid BOOLEAN 0 0 0
column at DATETIME 0 CURRENT_TIMESTAMP 0
column customer_id BIGINT 1  0
column data JSON 0  0
column id INTEGER 1  1
column key CHAR(36) 0  0
column note VARCHAR(9) 1  0
column order VARCHAR(20) 0 ''it''''s 5% \ :x'' 0
column own TSVECTOR 0  0
column price NUMERIC(10, 2) 0 1.50 0
foreign key customer_id customers id NO ACTION SET NULL
foreign key order labels name CASCADE NO ACTION
length 482
unique note,price
unique order'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT (SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo('orders')
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list('orders')
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list('orders') AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = 'orders' COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = 'orders' COLLATE NOCASE AND type = 'table'
ORDER BY part)), (SELECT foreign_keys FROM pragma_foreign_keys);
DROP TABLE temp.changelog_guard;
CREATE TABLE _alembic_tmp_orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT 'it''s 5% \ :x', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT of_label FOREIGN KEY("order") REFERENCES labels (name) ON UPDATE CASCADE, 
	CONSTRAINT one_note UNIQUE (note, price), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
);
INSERT INTO _alembic_tmp_orders (id, customer_id, "order", "Paid", price, at, note, data, "key", own) SELECT orders.id, orders.customer_id, orders."order", orders."Paid", orders.price, orders.at, orders.note, orders.data, orders."key", orders.own 
FROM orders;
DROP TABLE orders;
PRAGMA legacy_alter_table = ON;
ALTER TABLE _alembic_tmp_orders RENAME TO orders;
PRAGMA legacy_alter_table = OFF;
DROP VIEW IF EXISTS dear;
CREATE VIEW dear AS SELECT id FROM orders WHERE note LIKE ':x%';
DROP VIEW dear;
INSERT INTO "Orders" (id, note) VALUES (1, 'O''Brien \ 50%'), (2, '<${token:quoted}>');
INSERT INTO "Orders" (id, "Paid", price, note, at) VALUES (3, 1, 2.50, NULL, CURRENT_TIMESTAMP);
UPDATE "Orders" SET "Paid"=1, price=price + 1 WHERE id = 1 OR id % 2 = 0;
DELETE FROM "Orders" WHERE note <> 'EUR';
DROP TABLE "Orders";
