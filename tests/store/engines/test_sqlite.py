"""store/engines/sqlite.py: atomic migrations, safe connections."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.errors import IncompatibleDatabaseError, StorageUnavailableError
from service.store.engines import sqlite_migrations
from service.store.engines.sqlite import CREATEDB_FOLDER, SqliteDatabase

FIRST = "CREATE TABLE first (id INTEGER PRIMARY KEY) STRICT;\n"
SECOND = (
    "CREATE TABLE second (id INTEGER PRIMARY KEY, first_id INTEGER NOT NULL REFERENCES first (id))"
    " STRICT;\nINSERT INTO first VALUES (7);\n"
)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "createdb"
    folder.mkdir()
    (folder / "0001_first.sql").write_text(FIRST, encoding="utf-8")
    return folder


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    with closing(SqliteDatabase(tmp_path / "compliance.db")) as opened:
        yield opened


def tables(database: SqliteDatabase) -> set[str]:
    with closing(sqlite3.connect(database.path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def test_the_real_scripts_make_the_three_relations(database: SqliteDatabase) -> None:
    database.migrate()
    assert {"servers", "procesos", "usuarios_activos"} <= tables(database)
    assert database.version() == len(list(CREATEDB_FOLDER.glob("*.sql")))
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        lax = connection.execute(
            "SELECT name FROM pragma_table_list"
            " WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"
        )
        assert lax.fetchall() == []


def test_migrating_again_changes_nothing(database: SqliteDatabase, scripts: Path) -> None:
    database.migrate(scripts)
    with database.transaction() as connection:
        connection.execute("INSERT INTO first VALUES (1)")
    database.migrate(scripts)
    with database.snapshot() as connection:
        assert connection.execute("SELECT id FROM first").fetchall() == [(1,)]


def test_an_older_database_gets_the_scripts_that_it_lacks(
    database: SqliteDatabase, scripts: Path
) -> None:
    database.migrate(scripts)
    (scripts / "0002_second.sql").write_text(SECOND, encoding="utf-8")
    database.migrate(scripts)
    assert database.version() == 2
    assert tables(database) == {"first", "second"}


@pytest.mark.parametrize("fault", ["INSERT INTO nowhere VALUES (1);", "CREATE TABLE", "SELECT (;"])
def test_a_script_that_fails_leaves_the_version_before_it(
    database: SqliteDatabase, scripts: Path, fault: str
) -> None:
    script = scripts / "0002_second.sql"
    script.write_text(SECOND + fault, encoding="utf-8")
    with pytest.raises(StorageUnavailableError):
        database.migrate(scripts)
    assert database.version() == 1
    assert tables(database) == {"first"}
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM first").fetchone() == (0,)
    script.write_text(SECOND, encoding="utf-8")
    database.migrate(scripts)
    assert database.version() == 2


def test_a_newer_database_is_refused_and_left_alone(
    database: SqliteDatabase, scripts: Path
) -> None:
    newer = scripts / "0002_second.sql"
    newer.write_text(SECOND, encoding="utf-8")
    database.migrate(scripts)
    newer.unlink()
    before = database.path.read_bytes()
    with pytest.raises(
        IncompatibleDatabaseError, match="has version 2, this service knows up to 1"
    ):
        database.migrate(scripts)
    assert database.path.read_bytes() == before


@pytest.mark.parametrize("name", ["0003_third.sql", "2_second.sql", "0002-second.sql", "0002_.sql"])
def test_scripts_are_numbered_without_gaps(
    database: SqliteDatabase, scripts: Path, name: str
) -> None:
    (scripts / name).write_text(SECOND, encoding="utf-8")
    with pytest.raises(IncompatibleDatabaseError, match=f"{name}: expected .* number 000[12]_"):
        database.migrate(scripts)
    assert not database.path.exists()


def test_concurrent_migrations_run_each_script_once(
    database: SqliteDatabase, scripts: Path
) -> None:
    (scripts / "0002_second.sql").write_text(SECOND, encoding="utf-8")
    errors: list[Exception] = []

    def migrate() -> None:
        try:
            SqliteDatabase(database.path).migrate(scripts)
        except Exception as error:  # noqa: BLE001 — told below
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM first").fetchone() == (1,)


def test_every_connection_keeps_references_and_syncs_fully(
    database: SqliteDatabase, scripts: Path
) -> None:
    database.migrate(scripts)
    for borrowed in (database.transaction, database.snapshot):
        with borrowed() as connection:
            assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_reference_to_nothing_is_refused(database: SqliteDatabase, scripts: Path) -> None:
    (scripts / "0002_second.sql").write_text(SECOND, encoding="utf-8")
    database.migrate(scripts)
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO second VALUES (1, 8)")


def test_a_transaction_that_fails_leaves_nothing_and_the_next_works(
    database: SqliteDatabase, scripts: Path
) -> None:
    database.migrate(scripts)
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.executemany("INSERT INTO first VALUES (?)", [(1,), (2,), (1,)])
    with database.transaction() as connection:
        connection.execute("INSERT INTO first VALUES (2)")
    with database.snapshot() as connection:
        assert connection.execute("SELECT id FROM first").fetchall() == [(2,)]


def test_a_snapshot_does_not_change_while_it_is_read(
    database: SqliteDatabase, scripts: Path
) -> None:
    database.migrate(scripts)
    with database.snapshot() as before:
        assert before.execute("SELECT count(*) FROM first").fetchone() == (0,)
        with database.transaction() as connection:
            connection.execute("INSERT INTO first VALUES (1)")
        with database.snapshot() as after:
            assert after.execute("SELECT count(*) FROM first").fetchone() == (1,)
        assert before.execute("SELECT count(*) FROM first").fetchone() == (0,)


def test_a_database_that_is_not_there_is_never_made_by_reading(database: SqliteDatabase) -> None:
    with pytest.raises(StorageUnavailableError):
        database.version()
    with pytest.raises(StorageUnavailableError), database.transaction():
        pass
    assert not database.path.exists()


def test_a_migration_says_what_it_does_and_how_far_it_is(
    database: SqliteDatabase,
    scripts: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    database.migrate(scripts)
    assert caplog.text == "", "a new database takes no time"
    (scripts / "0002_second.sql").write_text(
        "-- What is new; it is not short.\n-- About 500 s for 100,000 reports.\n"
        "CREATE TABLE report (id INTEGER PRIMARY KEY) STRICT;\n"
        "INSERT INTO report"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
        " SELECT i FROM n;\n",
        encoding="utf-8",
    )
    database.migrate(scripts)
    monkeypatch.setattr(sqlite_migrations, "_SECONDS_BETWEEN", 0)
    monkeypatch.setattr(sqlite_migrations, "_STEPS", 1000)
    (scripts / "0003_third.sql").write_text(
        "-- About 500 s for 100,000 reports.\nCREATE TABLE third (id INTEGER) STRICT;\n"
        "INSERT INTO third SELECT first.id + second.id FROM report AS first, report AS second;\n",
        encoding="utf-8",
    )
    database.migrate(scripts)
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "0002_second.sql …"
    assert said[1].startswith("0002_second.sql: done in ")
    assert said[2] == "0003_third.sql … about 5 s for 1,000 reports"
    assert said[3].startswith("0003_third.sql: step 2 of 2, 0 s so far")
    assert said[-1].startswith("0003_third.sql: done in ")
