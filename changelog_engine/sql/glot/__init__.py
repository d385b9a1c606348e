"""The SQL of SQLite and of MySQL and MariaDB, to effects: by sqlglot, and by hand what it does not know."""
