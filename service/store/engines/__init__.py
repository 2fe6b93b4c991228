"""Storage engines, one a module. `open_database` picks one by its settings."""

from __future__ import annotations

from pathlib import Path

from service.store.engines import sqlite_file
from service.store.engines.protocol import MAX_INTEGER, Connection, Database
from service.store.engines.sqlite import SqliteDatabase
from service.store.engines.sqlite_compact import compact

__all__ = ["MAX_INTEGER", "Connection", "Database", "compact", "open_database", "sqlite_file"]


def open_database(path: Path, *, alone: bool = False) -> Database:
    """The database in this file. It connects at the first use; only migrate() creates anything.

    alone: the caller has it to itself, as sqlite_file.sole_use() gives it.
    """
    return SqliteDatabase(path, alone=alone)
