"""The write-ahead log: removed under a running service, and never larger than it must be."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import Database, sqlite_connections
from tests.support.commands import run
from tests.support.durability import assert_sound, stored
from tests.support.live import PATIENCE, LiveService
from tests.support.reports import report


@pytest.fixture
def database(tmp_path: Path, database_at: Callable[[Path], Database]) -> Database:
    config = Config(data=tmp_path / "var")
    prepare(config)
    return database_at(config.database)


def wal(tmp_path: Path) -> Path:
    return tmp_path / "var" / "compliance.db-wal"


def write(database: Database, count: int) -> None:
    with database.transaction() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS filler (content BLOB)")
        for _ in range(count):
            connection.execute("INSERT INTO filler VALUES (zeroblob(100000))")


def test_a_log_that_is_removed_under_the_service_stops_reads_and_writes(
    database: Database, tmp_path: Path
) -> None:
    write(database, 1)
    wal(tmp_path).rename(tmp_path / "aside")
    with pytest.raises(StorageUnavailableError, match="-wal was removed while the service ran"):
        write(database, 1)
    with pytest.raises(StorageUnavailableError, match="-wal was removed"), database.snapshot():
        pass
    (tmp_path / "aside").rename(wal(tmp_path))
    write(database, 1)


def test_a_log_that_a_reader_let_grow_shrinks_at_a_quiet_moment(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "WAL_BYTES", 1_000_000)
    with database.snapshot() as reader:
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        write(database, 100)
        assert wal(tmp_path).stat().st_size > 10_000_000
        assert database.tidy() == [], "the reader needs it"
    (done,) = database.tidy()
    assert done.startswith("compliance.db-wal: ")
    assert wal(tmp_path).stat().st_size == 0


def test_free_pages_are_given_back(database: Database, tmp_path: Path) -> None:
    write(database, 1000)
    with database.transaction() as connection:
        connection.execute("DELETE FROM filler")
    before = database_size(database)
    (done,) = [line for line in database.tidy() if "free pages" in line]
    assert done.startswith("compliance.db: ")
    assert database_size(database) < before / 10
    assert wal(tmp_path).exists()


def database_size(database: Database) -> int:
    with database.snapshot() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        return int(pages)


@pytest.mark.torture
@pytest.mark.parametrize("when", ["running", "killed"])
def test_acknowledged_reports_survive_a_log_that_is_removed_by_hand(
    fresh_service: LiveService, when: str
) -> None:
    live = fresh_service.start()
    admin = run(("token", "create", "--scope", "admin"), live.data).stdout.strip()
    lost = run(("token", "create", "--scope", "lectura"), live.data).stdout.strip()

    def post(number: int) -> int:
        document = report(50, marca_proc=str(number), ipaddress=f"10.0.0.{number}")
        return live.post(document, Authorization=f"Bearer {admin}").status

    assert [post(number) for number in range(40)] == [201] * 40
    assert run(("token", "revoke", "2"), live.data).returncode == 0
    if when == "killed":
        live.kill()
    for suffix in ("-wal", "-shm"):
        live.database.with_name(f"compliance.db{suffix}").unlink()
    if when == "running":
        assert post(99) == 503
        assert live.get("/servers", Authorization=f"Bearer {admin}").status == 503
        live.kill()
    live.start()
    assert stored(live).keys() >= set(map(str, range(40)))
    assert live.get("/servers", Authorization=f"Bearer {admin}").status == 200
    assert live.get("/servers", Authorization=f"Bearer {lost}").status == 401
    assert "more than a killed service leaves" in live.log
    assert_sound(live)
    live.stop()
    assert run("check", live.data).returncode == 0


@pytest.mark.torture
def test_a_long_reader_leaves_no_large_log(fresh_service: LiveService) -> None:
    live = fresh_service.start()
    path = live.database.with_name("compliance.db-wal")
    with closing(sqlite3.connect(live.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM report").fetchone()
        number = 0
        while path.stat().st_size < 1.25 * sqlite_connections.WAL_BYTES:
            when = f"2026-02-15 00:{number // 60:02d}:{number % 60:02d}"
            document = report(8000, marca_proc=str(number), ipaddress="10.0.0.1", fecha_hora=when)
            for at, process in enumerate(document["procesos"]):
                process["pid"] = at + 1 + number * 8000
            assert post_from(f"127.0.{number // 200}.{number % 200 + 2}", live, document) == 201
            number += 1
        reader.execute("ROLLBACK")
    for _ in range(20):
        assert live.post(report(marca_proc="after", ipaddress="10.0.0.2")).status in (200, 201)
        number += 1
        assert live.post(report(marca_proc=str(number), ipaddress="10.0.0.3")).status == 201
    assert path.stat().st_size <= sqlite_connections.WAL_BYTES


def post_from(address: str, live: LiveService, document: dict[str, Any]) -> int:
    """Posts from an address of its own: one client alone would have to pause."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", live.port, timeout=PATIENCE, source_address=(address, 0)
    )
    headers = {"Content-Type": "application/json"}
    with closing(connection):
        connection.request("POST", "/servers", json.dumps(document), headers)
        return connection.getresponse().status
