"""PostgreSQL's SQL: by the grammar of the server itself, to effects."""
