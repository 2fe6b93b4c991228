"""The database file under a running service: locked, removed, replaced, damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import falcon.testing
import pytest

from service.app import create_app
from service.archive.read import ArchivedReport, read_archive
from service.config import Config
from service.errors import RecordNotFoundError, StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import Database, sqlite_file
from service.store.engines import sqlite_connections as connections
from service.store.queries import load_queries
from service.store.read.records import RecordStore
from tests.support.live import PROJECT
from tests.support.reports import report


class InProcess:
    """The application without a server; it gives up early on a locked database."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self._client = falcon.testing.TestClient(
            create_app(config, database), headers={"Host": "127.0.0.1"}
        )

    def post(self, **members: object) -> int:
        answer = self._client.simulate_post("/servers", json=report(**members))  # type: ignore[arg-type]
        return int(answer.status_code)

    def get(self, path: str) -> int:
        return int(self._client.simulate_get(path).status_code)


@pytest.fixture
def service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_at: Callable[[Path], Database]
) -> InProcess:
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_SECONDS", 0.05)
    config = Config(data=tmp_path / "var")
    prepare(config)
    return InProcess(config, database_at(config.database))


@pytest.fixture
def somebody(service: InProcess) -> Iterator[sqlite3.Connection]:
    """Another client of the database."""
    with closing(sqlite3.connect(service.config.database, isolation_level=None)) as connection:
        yield connection


def test_retries_of_a_report_to_a_locked_database_are_archived_once(
    service: InProcess, somebody: sqlite3.Connection
) -> None:
    somebody.execute("BEGIN IMMEDIATE")
    assert [service.post() for _ in range(10)] == [503] * 10
    assert [service.post(ipaddress="10.0.0.1") for _ in range(3)] == [503] * 3
    assert service.get("/servers") == 200
    somebody.execute("ROLLBACK")
    assert [service.post(), service.post(), service.post(ipaddress="10.0.0.1")] == [201, 200, 201]
    lines = [line for line in read_archive(service.config.archive) if line]
    received = [line.received_at for line in lines if isinstance(line, ArchivedReport)]
    assert len(received) == len(lines) == 2
    assert somebody.execute("SELECT received_at FROM report ORDER BY id").fetchall() == [
        (time,) for time in received
    ], "the database and the archive agree on when"


def test_a_removed_database_takes_no_report_until_it_is_back(service: InProcess) -> None:
    assert service.post(ipaddress="10.0.0.1") == 201
    path = service.config.database
    path.rename(path.with_name("aside"))
    assert service.post(ipaddress="10.0.0.2") == 503
    assert service.post(ipaddress="10.0.0.1") == 503, "known, but not where it will be looked for"
    assert service.get("/readyz") == 503
    path.with_name("aside").rename(path)
    assert service.post(ipaddress="10.0.0.2") == 201
    assert service.post(ipaddress="10.0.0.1") == 200


def test_a_replaced_database_takes_no_report_until_the_service_starts_again(
    service: InProcess,
) -> None:
    path = service.config.database
    shutil.copy(path, path.with_name("copy"))
    assert service.post() == 201
    path.with_name("copy").replace(path)
    assert [service.post(), service.post(ipaddress="10.0.0.2")] == [503, 503]
    assert service.get("/servers") == 503


def test_an_error_in_a_reader_closes_no_good_connection(
    service: InProcess, database_at: Callable[[Path], Database]
) -> None:
    """Closing the last one removes the WAL and its index, which a full disk cannot hold again."""
    database = database_at(service.config.database)
    with database.snapshot() as first:
        pass
    for _ in range(3):
        with pytest.raises(RecordNotFoundError):
            RecordStore(database, load_queries()).record(1)
    with database.snapshot() as again:
        assert again is first
        assert not again.execute("SELECT * FROM report").fetchall()


def test_a_damaged_database_is_unavailable_storage(
    service: InProcess, database_at: Callable[[Path], Database]
) -> None:
    service.post()
    path = service.config.database
    for name in (path.name, f"{path.name}-wal"):
        with path.with_name(name).open("r+b") as file:
            file.write(os.urandom(64 * 1024))
    database = database_at(path)
    with pytest.raises(StorageUnavailableError, match=r"compliance\.db cannot be used now"):
        database.version()


@pytest.mark.parametrize(
    "content", [b"this is no database " * 500, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_file_that_is_no_database_ends_the_start_with_one_clear_line(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "compliance.db"
    path.write_bytes(content)
    environ = {name: v for name, v in os.environ.items() if not name.startswith("COMPLIANCE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn"],
        cwd=PROJECT,
        env=environ | {"COMPLIANCE_DATA": str(tmp_path), "COMPLIANCE_BIND": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    (line,) = [line for line in ended.stderr.splitlines() if "[INFO]" not in line]
    assert line.startswith(f"{path} cannot be used now: ")
    assert path.read_bytes() == content, "nor is it touched"


def test_a_database_that_becomes_writable_again_takes_reports_again(
    service: InProcess, somebody: sqlite3.Connection
) -> None:
    """After a failed write, the next write succeeds."""
    assert service.post(ipaddress="10.0.0.1") == 201
    somebody.execute(
        "CREATE TRIGGER no BEFORE INSERT ON report BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    assert service.post(ipaddress="10.0.0.2") == 503
    somebody.execute("DROP TRIGGER no")
    somebody.execute(
        "CREATE TRIGGER no BEFORE INSERT ON report BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
    )
    assert service.post(ipaddress="10.0.0.2") == 503
    somebody.execute("DROP TRIGGER no")
    assert service.post(ipaddress="10.0.0.2") == 201
    assert somebody.execute("PRAGMA foreign_key_check").fetchall() == []
    assert somebody.execute("SELECT count(*) FROM procesos").fetchone() == (6,)


def test_a_log_may_go_while_it_is_looked_at(tmp_path: Path) -> None:
    """As it does when another process closes the database last."""
    path = tmp_path / "compliance.db"
    path.touch()
    log = sqlite_file.companion(path, "-wal")
    stopped = threading.Event()

    def come_and_go() -> None:
        while not stopped.is_set():
            log.write_bytes(b"pages")
            log.unlink()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(5000):
            sqlite_file.refuse_foreign_log(path)
    finally:
        stopped.set()
        thread.join()
