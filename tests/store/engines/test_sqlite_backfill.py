"""Creation scripts derive from an older database the rows that the store maintains."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import assume, given, settings

from service.report import Report
from service.store.engines.sqlite import CREATEDB_FOLDER, SqliteDatabase
from tests.support.generated import histories
from tests.support.stores import stores

WRITTEN = (
    *("server", "profile", "program", "account", "report"),
    *("process_span", "login_span", "span_level"),
)
# A name may have another id. last_at is not used while any process of the name is running.
SIGHTINGS = """
SELECT q.server_id, {name}, q.running, q.first_at, CASE WHEN q.running = 0 THEN q.last_at END
FROM {kind}_sighting AS q JOIN {kind}_name AS n ON n.id = q.name_id
"""
DERIVED = {
    "process_name": "SELECT name, username, server_id, first_seq FROM process_name",
    "login_name": "SELECT username, server_id, first_seq FROM login_name",
    "process_sighting": SIGHTINGS.format(kind="process", name="n.name, n.username"),
    "login_sighting": SIGHTINGS.format(kind="login", name="n.username"),
    "process_run": "SELECT u.server_id, n.name, n.username, u.first_seq, u.gone_seq"
    " FROM process_run AS u JOIN process_name AS n ON n.id = u.name_id",
    "profile_change": "SELECT * FROM profile_change",
    # A migrated database has the last hour of each server here, too.
    "arrival_hour": "SELECT hour, server_id, sum(reports) FROM ("
    "SELECT hour, server_id, reports FROM arrival_hour"
    " UNION ALL SELECT counted_hour, id, counted_reports FROM server WHERE counted_reports > 0"
    ") AS counted GROUP BY hour, server_id",
}
# Tables with columns that came later.
EXTENDED = {
    "server": "SELECT id, heard_at, greatest_arrival_at, usual_interval FROM server",
    # What had no zone was not kept, so a clock that is ahead may be local time.
    "report": "SELECT id, placed_at, coalesce(clock, '') = 'tardio' FROM report",
}


@settings(max_examples=25, deadline=None)
@given(histories())
def test_a_migrated_database_equals_one_that_the_store_filled(
    history: list[tuple[Report, int]],
) -> None:
    with stores() as both, tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        both.add_history(history)
        # Releases before placed_at had neither such records nor such clocks.
        assume(both.rows("SELECT 1 FROM report WHERE seq > 0 AND placed_at > taken_at") == [])
        migrated = of_version_2(Path(name), both.path)
        migrated.migrate()
        with closing(sqlite3.connect(migrated.path)) as theirs:
            assert theirs.execute("PRAGMA foreign_key_check").fetchall() == []
            for table, query in (DERIVED | EXTENDED).items():
                assert rows(theirs, query) == sorted(both.rows(query), key=repr), table
        migrated.close()


# Not of reports.
OTHERS = (
    *(
        "token",
        "tag_change",
        "retirement",
        "waiver",
        "waiver_look",
        "archive_file",
        "archive_link",
        "number_gap",
        "deaf_span",
        "policy_fault",
    ),
    "backtest_job",
    *("notice", "receiver", "told", "message", "server_event"),
)
# Of rules: the evaluator fills them, from the newest report of each server on.
RULES = (
    *("policy_text", "policy", "policy_change", "judged", "fleet_tick", "judgement"),
    *("verdict_span", "violation", "late_sighting", "relapse_gap"),
    *("policy_past", "past_opening"),
)


def test_every_table_is_either_written_or_derived() -> None:
    with stores() as both:
        tables = both.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        assert {table for (table,) in tables} == {*WRITTEN, *DERIVED, *OTHERS, *RULES}


def of_version_2(folder: Path, source: Path) -> SqliteDatabase:
    """A database of version 2 with the reports of another one."""
    scripts = folder / "createdb"
    scripts.mkdir()
    for script in sorted(CREATEDB_FOLDER.glob("*.sql"))[:2]:
        shutil.copy(script, scripts)
    database = SqliteDatabase(folder / "compliance.db")
    database.migrate(scripts)
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("ATTACH ? AS source", (str(source),))
        for table in WRITTEN:
            found = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
            columns = ", ".join(name for (name,) in found)
            connection.execute(f"DELETE FROM {table}")
            connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM source.{table}"
            )
        connection.commit()
    return database


def rows(connection: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    return sorted(connection.execute(query).fetchall(), key=repr)
