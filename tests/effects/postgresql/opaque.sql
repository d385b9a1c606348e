CREATE TABLE before (id int);
FROB THE KNOB;
\set x 1
CREATE TABLE after (id int);
SELECT ${expression} FROM ${table} ${where};
CREATE TABLE t (id int;
