"""Reading PostgreSQL's SQL: from the server's own grammar to effects."""
