"""Storage engines, one a module. `open_database` picks one by its settings."""

from __future__ import annotations

from pathlib import Path

from service.store.engines.protocol import MAX_INTEGER, Connection, Database
from service.store.engines.sqlite import SqliteDatabase

__all__ = ["MAX_INTEGER", "Connection", "Database", "open_database"]


def open_database(path: Path) -> Database:
    """The database in this file. It connects at the first use; only migrate() creates anything."""
    return SqliteDatabase(path)
