CREATE TABLE orders (
	id BIGINT NOT NULL COMMENT 'what''s its number' AUTO_INCREMENT, 
	customer_id BIGINT NOT NULL, 
	label VARCHAR(20) DEFAULT 'it''s 5% \\ :x', 
	`Paid` BOOL DEFAULT false, 
	price NUMERIC(10, 2) DEFAULT (1.50), 
	at DATETIME DEFAULT CURRENT_TIMESTAMP, 
	note TEXT DEFAULT (lower('A:b')), 
	data JSON, 
	`key` UUID, 
	own tsvector, 
	PRIMARY KEY (id), 
	CONSTRAINT orders_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE SET NULL, 
	UNIQUE (label)
)COMMENT='what people order';
ALTER TABLE orders RENAME TO `Orders`;
ALTER TABLE `Orders` ADD COLUMN size INTEGER NOT NULL DEFAULT (-1);
ALTER TABLE `Orders` DROP COLUMN size;
ALTER TABLE `Orders` RENAME COLUMN label TO `order`;
ALTER TABLE `Orders` ALTER COLUMN note SET DEFAULT (upper('x'));
ALTER TABLE `Orders` MODIFY note VARCHAR(9) NOT NULL;
CREATE UNIQUE INDEX by_note ON `Orders` (`order`, (lower(note)));
DROP INDEX by_note ON `Orders`;
ALTER TABLE `Orders` ADD CONSTRAINT one_note UNIQUE (note, price);
ALTER TABLE `Orders` ADD CONSTRAINT some CHECK (price > 0 AND note <> ':x%');
ALTER TABLE `Orders` ADD CONSTRAINT of_label FOREIGN KEY(`order`) REFERENCES labels (name) ON UPDATE CASCADE;
ALTER TABLE `Orders` DROP CONSTRAINT some;
CREATE OR REPLACE VIEW dear AS SELECT id FROM orders WHERE note LIKE ':x%';
DROP VIEW dear;
ALTER TABLE `Orders` COMMENT 'it''s new';
ALTER TABLE `Orders` MODIFY note varchar(9) NOT NULL;
INSERT INTO `Orders` (id, note) VALUES (1, 'O''Brien \\ 50%'), (2, '<${token:escaped}>');
INSERT INTO `Orders` (id, `Paid`, price, note, at) VALUES (3, true, 2.50, NULL, CURRENT_TIMESTAMP);
UPDATE `Orders` SET `Paid`=true, price=price + 1 WHERE id = 1 OR id % 2 = 0;
DELETE FROM `Orders` WHERE note <> 'EUR';
DROP TABLE `Orders`;
