//! The consent log on disk: SQLite.
