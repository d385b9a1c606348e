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
CREATE TEMP TABLE changelog_guard (definition, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.definition IS NOT 'CREATE TABLE orders (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT ''it''''s 5% \ :x'', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note TEXT DEFAULT (lower(''A:b'')), 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
)'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT group_concat(sql, char(10)), (SELECT foreign_keys FROM pragma_foreign_keys) FROM (SELECT sql FROM main.sqlite_master WHERE tbl_name = 'orders' COLLATE NOCASE AND sql IS NOT NULL ORDER BY type <> 'table', type, name);
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
CREATE TEMP TABLE changelog_guard (definition, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.definition IS NOT 'CREATE TABLE "orders" (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT ''it''''s 5% \ :x'', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note TEXT DEFAULT (upper(''x'')), 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
)'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT group_concat(sql, char(10)), (SELECT foreign_keys FROM pragma_foreign_keys) FROM (SELECT sql FROM main.sqlite_master WHERE tbl_name = 'orders' COLLATE NOCASE AND sql IS NOT NULL ORDER BY type <> 'table', type, name);
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
CREATE TEMP TABLE changelog_guard (definition, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.definition IS NOT 'CREATE TABLE "orders" (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT ''it''''s 5% \ :x'', 
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
)'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT group_concat(sql, char(10)), (SELECT foreign_keys FROM pragma_foreign_keys) FROM (SELECT sql FROM main.sqlite_master WHERE tbl_name = 'orders' COLLATE NOCASE AND sql IS NOT NULL ORDER BY type <> 'table', type, name);
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
CREATE TEMP TABLE changelog_guard (definition, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.definition IS NOT 'CREATE TABLE "orders" (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT ''it''''s 5% \ :x'', 
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
)'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT group_concat(sql, char(10)), (SELECT foreign_keys FROM pragma_foreign_keys) FROM (SELECT sql FROM main.sqlite_master WHERE tbl_name = 'orders' COLLATE NOCASE AND sql IS NOT NULL ORDER BY type <> 'table', type, name);
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
CREATE TEMP TABLE changelog_guard (definition, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.definition IS NOT 'CREATE TABLE "orders" (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT ''it''''s 5% \ :x'', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT one_note UNIQUE (note, price), 
	CONSTRAINT some CHECK (price > 0 AND note <> '':x%''), 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
)'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT group_concat(sql, char(10)), (SELECT foreign_keys FROM pragma_foreign_keys) FROM (SELECT sql FROM main.sqlite_master WHERE tbl_name = 'orders' COLLATE NOCASE AND sql IS NOT NULL ORDER BY type <> 'table', type, name);
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
CREATE TEMP TABLE changelog_guard (definition, enforced);
CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN SELECT RAISE(ABORT, 'the table orders is not what it was when this was planned: undo first what has changed it since, or plan this anew') WHERE NEW.definition IS NOT 'CREATE TABLE "orders" (
	id INTEGER NOT NULL, 
	customer_id BIGINT NOT NULL, 
	"order" VARCHAR(20) DEFAULT ''it''''s 5% \ :x'', 
	"Paid" BOOLEAN DEFAULT 0, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note VARCHAR(9) NOT NULL, 
	data JSON, 
	"key" CHAR(36), 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT some CHECK (price > 0 AND note <> '':x%''), 
	CONSTRAINT one_note UNIQUE (note, price), 
	CONSTRAINT of_label FOREIGN KEY("order") REFERENCES labels (name) ON UPDATE CASCADE, 
	FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE ("order")
)'; SELECT RAISE(ABORT, 'the table orders cannot be copied while foreign keys are enforced') WHERE NEW.enforced; END;
INSERT INTO changelog_guard SELECT group_concat(sql, char(10)), (SELECT foreign_keys FROM pragma_foreign_keys) FROM (SELECT sql FROM main.sqlite_master WHERE tbl_name = 'orders' COLLATE NOCASE AND sql IS NOT NULL ORDER BY type <> 'table', type, name);
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
