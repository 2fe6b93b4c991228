"""The table of tokens is made anew for the scope of feed readers: nothing of it changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.live import PROJECT

SCRIPTS = sorted((PROJECT / "sql" / "createdb").glob("[0-9]*.sql"))
SCRIPT = next(path for path in SCRIPTS if path.stem.endswith("feed_tokens"))
COLUMNS = "id, digest, scope, name, used_at, enrolled_by, request_digest"


def upgraded(folder: Path, *before: str) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "compliance.db", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    for path in SCRIPTS[: SCRIPTS.index(SCRIPT)]:
        connection.executescript(path.read_text(encoding="utf-8"))
    for statement in before:
        connection.execute(statement)
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCRIPT.read_text(encoding="utf-8").split(";\n"):
        connection.execute(statement)
    connection.execute("COMMIT")
    return connection


def test_tokens_their_parents_and_their_numbers_stay(tmp_path: Path) -> None:
    add = "INSERT INTO token (id, digest, scope, created_at, enrolled_by, request_digest) VALUES"
    before = (
        f"{add} (5, x'05', 'inscripcion', 1, NULL, NULL)",
        f"{add} (3, x'03', 'ingest', 1, 5, x'ff'), (9, x'09', 'admin', 1, NULL, NULL)",
        "DELETE FROM token WHERE id = 9",
    )
    with closing(upgraded(tmp_path, *before)) as connection:
        rows = connection.execute(f"SELECT {COLUMNS} FROM token ORDER BY id").fetchall()
        assert rows == [
            (3, b"\x03", "ingest", None, None, 5, b"\xff"),
            (5, b"\x05", "inscripcion", None, None, None, None),
        ]
        connection.execute(
            "INSERT INTO token (digest, scope, created_at) VALUES (x'0a', 'novedades', 1)"
        )
        assert connection.execute("SELECT max(id) FROM token").fetchone() == (10,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("UPDATE token SET enrolled_by = 77 WHERE id = 3")


def test_a_database_without_tokens_is_upgraded(tmp_path: Path) -> None:
    with closing(upgraded(tmp_path)) as connection:
        connection.execute(
            "INSERT INTO token (digest, scope, created_at) VALUES (x'0a', 'novedades', 1)"
        )
        assert connection.execute("SELECT max(id) FROM token").fetchone() == (1,)
