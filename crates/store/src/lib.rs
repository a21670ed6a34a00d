//! Facts in SQLite or PostgreSQL: the only crate with SQL.
