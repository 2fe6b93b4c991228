"""python -m service compact: smaller, equal, and never half."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from service.config import Config
from service.maintenance.startup import prepare_data_folder
from tests.support import engine
from tests.support.commands import run
from tests.support.live import LiveService
from tests.support.reports import report
from tests.support.small_disk import small_disk

MEBIBYTE = 1024 * 1024


def old_database(data: Path) -> Path:
    """A database from before auto_vacuum, most of which is free pages."""
    config = Config(data=data)
    prepare_data_folder(config)
    with closing(sqlite3.connect(config.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
        connection.execute("CREATE TABLE filler (content BLOB)")
        connection.execute("BEGIN")
        for number in range(60):
            connection.execute("INSERT INTO filler VALUES (?)", (bytes([number]) * 100_000,))
        connection.execute("COMMIT")
        connection.execute("DELETE FROM filler WHERE rowid % 6 > 0")
    return config.database


def filler(database: Path) -> engine.Rows:
    return engine.rows(database, "SELECT rowid, content FROM filler ORDER BY rowid")


def test_an_old_database_gets_smaller_and_keeps_its_rows(tmp_path: Path) -> None:
    database = old_database(tmp_path / "var")
    size, rows = database.stat().st_size, filler(database)
    outcome = run("compact", tmp_path / "var")
    assert outcome.returncode == 0
    said = outcome.stdout.splitlines()
    assert f"This takes about 1 s and at most {size / 2**20:.1f} MiB of disk" in said[0]
    assert said[1].startswith(f"It has {database.stat().st_size / 2**20:.1f} MiB now")
    assert database.stat().st_size < size / 4
    assert filler(database) == rows
    assert engine.rows(database, "PRAGMA auto_vacuum") == [(2,)]
    assert database.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in database.parent.iterdir()} == {
        *("archive", "compliance.db", "compliance.db.lock")
    }


def test_a_program_that_has_the_database_open_stops_it(tmp_path: Path) -> None:
    database = old_database(tmp_path / "var")
    size = database.stat().st_size
    with closing(sqlite3.connect(database)) as other:
        other.execute("SELECT * FROM filler").fetchone()
        refused = run("compact", tmp_path / "var")
    assert refused.returncode == 1
    assert refused.stderr.endswith("open: end it, and try again\n")
    assert refused.stderr.count("\n") == 1
    assert database.stat().st_size == size


@pytest.mark.parametrize("room", [1, 5])
def test_a_disk_without_room_leaves_the_database_as_it_was(tmp_path: Path, room: int) -> None:
    with small_disk(tmp_path / "disk", 16 * MEBIBYTE) as disk:
        database = old_database(disk.path)
        rows = filler(database)
        disk.fill(room * MEBIBYTE)
        refused = run("compact", disk.path)
        assert (refused.returncode, "too little free disk" in refused.stderr) == (1, True)
        assert filler(database) == rows


def test_new_databases_need_none(tmp_path: Path) -> None:
    config = Config(data=tmp_path / "var")
    prepare_data_folder(config)
    assert engine.rows(config.database, "PRAGMA auto_vacuum") == [(2,)]


@pytest.mark.torture
def test_the_service_goes_on_after_it(fresh_service: LiveService) -> None:
    live = fresh_service.start()
    assert live.post(report()).status == 201
    assert "is in use by the service" in run("compact", live.data).stderr
    live.stop()
    assert run("compact", live.data).returncode == 0
    live.start()
    assert live.post(report()).status == 200
    assert live.post(report(fecha_hora="2026-01-01 00:00:00")).status == 201
