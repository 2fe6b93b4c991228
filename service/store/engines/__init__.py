"""Storage engines, one a module. `open_database` picks the one that a setting asks for."""

from __future__ import annotations

from pathlib import Path

from service.store.engines.protocol import Connection, Database
from service.store.engines.sqlite import SqliteDatabase

__all__ = ["Connection", "Database", "open_database"]


def open_database(path: Path) -> Database:
    """The database of a file. Connects at the first use, and creates nothing but in migrate()."""
    return SqliteDatabase(path)
