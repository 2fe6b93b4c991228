"""The start: refuses a lost database, and puts back what the archive and the audit log have."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.auth.audit_entries import RULE_TAKEN_UP
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import DatabaseDamagedError, DatabaseLostError, StorageUnavailableError
from service.file_lock import folder_lock
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance.housekeeping import Housekeeping
from service.maintenance.startup import prepare
from service.store.engines import Database, open_database, sqlite_file
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from service.store.write.reports import ReportStore
from tests.support import engine
from tests.support.live import wait_until
from tests.support.reports import report

NOW = times.parse("2026-02-15 12:00:00")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A data folder with a stored report, and two tokens, the second of which is revoked."""
    made = Config(data=tmp_path / "var")
    prepare(made)
    with closing(open_database(made.database)) as database:
        archive(made, 1)
        store(database, 1)
        tokens = tokens_of(made, database)
        tokens.add("admin")
        tokens.revoke(tokens.add("lectura").id)
    return made


def document(second: int) -> bytes:
    return json.dumps(report(2, fecha_hora=f"2026-02-15 12:00:{second:02d}")).encode()


def archive(config: Config, second: int) -> None:
    ArchiveWriter(config.archive).append(document(second), NOW + second)


def store(database: Database, second: int) -> None:
    read = ReportValidator().validate(read_json(document(second)))
    ReportStore(database, load_queries()).add(read, NOW + second)


def tokens_of(config: Config, database: Database) -> TokenStore:
    return TokenStore(database, load_queries(), AuditLog(config.audit_log))


def remove_database(config: Config) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            config.database.with_name(config.database.name + suffix).unlink()


def counts(config: Config) -> engine.Rows:
    """How many reports, tokens and valid tokens there are."""
    return engine.rows(
        config.database,
        "SELECT (SELECT count(*) FROM report), count(*), count(*) - count(revoked_at) FROM token",
    )


@pytest.mark.parametrize("state", ["is not there", "is empty"])
@pytest.mark.parametrize("left", ["archive holds reports", "audit.jsonl names tokens"])
def test_a_lost_database_beside_what_is_left_ends_the_start(
    config: Config, state: str, left: str
) -> None:
    remove_database(config)
    if state == "is empty":
        config.database.touch()
    if left.startswith("archive"):
        config.audit_log.unlink()
    else:
        for day in config.archive.iterdir():
            day.unlink()
    with pytest.raises(DatabaseLostError, match=f"{state}, and .*{left}: .*rebuild --swap"):
        prepare(config)
    assert not config.database.exists() or config.database.stat().st_size == 0


def test_an_emptied_database_ends_the_start(config: Config) -> None:
    engine.execute(config.database, "DELETE FROM profile_change")
    engine.execute(config.database, "DELETE FROM report")
    with pytest.raises(DatabaseLostError, match="all reports were removed"):
        prepare(config)


def test_what_only_the_archive_and_the_audit_log_have_is_put_back(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    archive(config, 2)
    engine.execute(config.database, "UPDATE token SET revoked_at = NULL")
    prepare(config)
    assert counts(config) == [(2, 2, 1)]
    assert "stored 1 archived reports" in caplog.text
    caplog.clear()
    prepare(config)
    assert caplog.text == "", "nothing lacks now"


@pytest.mark.parametrize("described", [True, False])
def test_a_database_without_its_tokens_never_opens_to_everybody(
    config: Config, described: bool
) -> None:
    engine.execute(config.database, "DELETE FROM token")
    if described:
        prepare(config)
        assert counts(config) == [(1, 2, 1)]
    else:  # as 0.1.0 described them
        config.audit_log.write_text('{"hecho": "token made", "token": 1}\n', encoding="utf-8")
        for _ in range(2):
            with pytest.raises(DatabaseLostError, match=r"lost its tokens, .*token create"):
                prepare(config)
            config.audit_log.unlink(missing_ok=True)


def test_entries_about_rules_are_no_sign_of_lost_tokens(tmp_path: Path) -> None:
    made = Config(data=tmp_path / "other")
    prepare(made)
    AuditLog(made.audit_log).write(RULE_TAKEN_UP, regla="minero", texto="ab")
    prepare(made)
    AuditLog(made.audit_log).write("admin", token=1)
    with pytest.raises(DatabaseLostError):
        prepare(made)


def test_a_new_database_beside_an_old_audit_log_never_opens_to_everybody(tmp_path: Path) -> None:
    made = Config(data=tmp_path / "other")
    prepare(made)
    made.audit_log.write_text('{"hecho": "token made", "token": 1}\n', encoding="utf-8")
    with pytest.raises(DatabaseLostError, match=r"audit\.jsonl names, .*token create"):
        prepare(made)


def test_a_damaged_database_that_lacks_reports_ends_the_start(config: Config) -> None:
    archive(config, 2)
    sqlite_file.make_single_file(config.database)
    query = "SELECT rootpage FROM sqlite_schema WHERE name = 'profile_by_server'"
    ((page,),) = engine.rows(config.database, query)
    with config.database.open("r+b") as file:
        file.seek(page * 4096 - 200)  # where its cells are
        file.write(b"\xff" * 200)
    with pytest.raises(DatabaseDamagedError, match=r"malformed .*rebuild --swap"):
        prepare(config)


def test_a_catch_up_that_is_at_work_elsewhere_is_not_waited_for_long(
    config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.maintenance.recovery._WAIT_SECONDS", 0.05)
    archive(config, 2)
    with folder_lock(config.archive) as locked:
        assert locked
        prepare(config)
        assert "another process compares" in caplog.text
        assert counts(config) == [(1, 2, 1)]
    prepare(config)
    assert counts(config) == [(2, 2, 1)]


def test_a_start_while_the_database_is_replaced_is_one_line(config: Config) -> None:
    refused = pytest.raises(StorageUnavailableError, match="is being replaced or compacted")
    with sqlite_file.sole_use(config.database), refused:
        prepare(config)
    prepare(config)


def test_the_running_service_stores_what_a_killed_worker_left(config: Config) -> None:
    archive(config, 2)
    housekeeping = Housekeeping(config, seconds_between=0.05)
    housekeeping.start()
    try:
        wait_until(lambda: counts(config) == [(2, 2, 1)])
        query = "SELECT name, bytes = size FROM archive_file"
        wait_until(lambda: engine.rows(config.database, query) == [("2026-02-15.jsonl", 1)])
    finally:
        housekeeping.stop()
    assert not housekeeping.is_alive()


@pytest.fixture(autouse=True)
def no_database_is_left_open(config: Config) -> Iterator[None]:
    """Otherwise the next swap would be refused."""
    yield
    with suppress(FileNotFoundError), sqlite_file.sole_use(config.database):
        pass
