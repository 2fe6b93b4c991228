"""Creation scripts of SQLite: each runs once, statement by statement, and says how far it is."""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from service.errors import IncompatibleDatabaseError

_LOG = logging.getLogger(__name__)

_SCRIPT_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_COST = re.compile(r"^-- About (\d+) s for 100,000 reports\.$", re.MULTILINE)
_SECONDS_BETWEEN = 5
_STEPS = 1_000_000  # of SQLite's virtual machine between two looks at the clock


def creation_scripts(folder: Path) -> list[Path]:
    """The scripts in their order. Raises IncompatibleDatabaseError for a gap in their numbers."""
    paths = sorted(folder.glob("*.sql"))
    for number, path in enumerate(paths, start=1):
        match = _SCRIPT_NAME.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            raise IncompatibleDatabaseError(
                f"{path}: expected the creation script number {number:04d}_….sql"
            )
    return paths


def run_script(connection: sqlite3.Connection, path: Path, number: int, level: int) -> None:
    """Runs a script in one transaction with its number. Raises sqlite3.Error; nothing is changed.

    The log says at this level its name, how long it may take, and how far it is.
    """
    text = path.read_text(encoding="utf-8")
    statements = list(_statements(text))
    _LOG.log(level, "%s …%s", path.name, _estimate(connection, text))
    began = told = time.monotonic()
    at = 0

    def look() -> int:
        nonlocal told
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN:
            told = now
            _LOG.log(
                level,
                "%s: step %d of %d, %.0f s so far",
                path.name,
                at,
                len(statements),
                now - began,
            )
        return 0

    connection.set_progress_handler(look, _STEPS)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            at += 1
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.set_progress_handler(None, 0)
    _LOG.log(level, "%s: done in %.1f s", path.name, time.monotonic() - began)


def _estimate(connection: sqlite3.Connection, script: str) -> str:
    """How long a script may take that says so of itself; empty where it is short."""
    cost = _COST.search(script)
    if (
        cost is None
        or not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'report'").fetchone()
    ):
        return ""
    (reports,) = connection.execute("SELECT count(*) FROM report").fetchone()
    seconds = int(cost[1]) * reports / 100_000
    return f" about {seconds:.0f} s for {reports:,} reports" if seconds >= 1 else ""


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for part in re.split(r"(?<=;)", script):
        statement += part
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
