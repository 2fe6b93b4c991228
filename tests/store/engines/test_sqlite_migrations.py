"""sql/createdb: migrating an older database keeps all its rows."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.report import Login, Profile, Report
from service.store.engines.sqlite import CREATEDB_FOLDER, SqliteDatabase
from service.store.queries import load_queries
from service.store.read.records import RecordStore
from service.store.write.reports import ReportStore

# As version 1 stored it: two reports of a server and a late one, a process that ended, one that
# runs on, and one whose names the system denied.
STORED_BY_VERSION_1 = """
INSERT INTO server (id, identity) VALUES (1, 'ip:10.0.0.1');
INSERT INTO profile VALUES (
  1, x'e6e253eec1d41774d536f6f2e122da14', 1, '10.0.0.1', 'x86_64', 'Intel', 'Linux', '12'
);
INSERT INTO program VALUES
  (1, x'd4718a52dba492193fd431ce31595d8c', 'sshd', 'root'), (2, x'02', NULL, NULL);
INSERT INTO account VALUES (1, x'3ee37b7d833be6d2b99c5a3ef4d0dc09', 'juan');
INSERT INTO report VALUES
  (1, 1, 1, 1000000, 5, 1, x'01'), (2, 1, 2, 2000001, 6, 1, x'02'), (3, 1, -1, 0, 7, 1, x'03');
INSERT INTO process_span VALUES
  (1, 0, 0, 1, NULL, 10, 1), (1, 1, 1, 1, 2, 11, 2), (1, -1, 0, -1, 0, 12, 1);
INSERT INTO login_span VALUES (1, 0, 0, 2, NULL, NULL, 1);
"""
COLUMNS_OF_VERSION_1 = {
    "servers": "id_serv, ipaddress, fecha_hora, arquitectura_proc, marca_proc, nombre_so,"
    " version_so",
    "procesos": "id_proc, id_serv, ip_server, fecha_hora, pid, name, username",
    "usuarios_activos": "id_usr, id_serv, ip_server, fecha_hora, pid, username",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A database that version 1 has written to; not migrated."""
    scripts = tmp_path / "createdb"
    scripts.mkdir()
    shutil.copy(CREATEDB_FOLDER / "0001_reports.sql", scripts)
    with closing(SqliteDatabase(tmp_path / "compliance.db")) as made:
        made.migrate(scripts)
        with closing(sqlite3.connect(made.path)) as connection:
            connection.executescript(STORED_BY_VERSION_1)
        yield made


def relations(database: SqliteDatabase) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the three relations, whole."""
    with closing(sqlite3.connect(database.path)) as connection:
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"))
            for name in COLUMNS_OF_VERSION_1
        }


def test_the_columns_of_version_1_stand_first_and_hold_the_same(database: SqliteDatabase) -> None:
    before = relations(database)
    assert [len(rows) for rows in before.values()] == [3, 4, 1]
    database.migrate()
    after = relations(database)
    for name, columns in COLUMNS_OF_VERSION_1.items():
        width = len(columns.split(", "))
        assert [row[:width] for row in after[name]] == before[name]
        with closing(sqlite3.connect(database.path)) as connection:
            shown = connection.execute(f"SELECT * FROM {name}").description
        assert [column[0] for column in shown[:width]] == columns.split(", ")


def test_members_that_version_1_lacks_are_null(database: SqliteDatabase) -> None:
    database.migrate()
    unknown = {
        name: {row[len(columns.split(", ")) :] for row in relations(database)[name]}
        for name, columns in COLUMNS_OF_VERSION_1.items()
    }
    assert {row[8] for row in unknown["servers"]} == {
        f"1970-01-01 00:00:00.00000{at}" for at in (5, 6, 7)
    }
    unknown["servers"] = {(*row[:8], *row[9:]) for row in unknown["servers"]}
    assert unknown == {
        "servers": {
            (1, None, None, None, None, None, None, 0, None, None),
            (1, None, None, None, None, None, None, 0, "tardio", None),
        },
        "procesos": {(None,) * 4},
        "usuarios_activos": {(None,) * 3},
    }


def test_records_of_version_1_are_read_and_go_on(database: SqliteDatabase) -> None:
    database.migrate()
    records, reports = RecordStore(database, load_queries()), ReportStore(database, load_queries())
    assert [row.pid for row in records.record(1).processes] == [10, 11]
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
    running = Report(3_000_000, profile, [(10, "sshd", "root", None)], [], b"4" * 16)
    id_serv = reports.add(running, 8).id_serv
    third = records.record(id_serv)
    assert third.server.version_esquema == 1
    assert [(row.pid, row.name) for row in third.processes] == [(10, "sshd")]
    with closing(sqlite3.connect(database.path)) as connection:  # it is the span of before
        assert connection.execute(
            "SELECT first_seq, gone_seq FROM process_span WHERE pid = 10"
        ).fetchall() == [(1, None)]
    assert [row.pid for row in records.record(2).logins] == [None]
    assert records.record(id_serv).logins == []


def test_rows_of_version_1_are_found_in_the_intern_tables(database: SqliteDatabase) -> None:
    # A digest is that of a row that has nothing in the columns that came later.
    database.migrate()
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
    logins: list[Login] = [(7, "juan", None, None, None)]
    report = Report(3_000_000, profile, [(99, "sshd", "root", None)], logins, b"4" * 16)
    ReportStore(database, load_queries()).add(report, 8)
    with closing(sqlite3.connect(database.path)) as connection:
        for table, rows in (("profile", 1), ("program", 2), ("account", 1)):
            found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert found == (rows,), table
