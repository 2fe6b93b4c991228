"""Retirements that only the audit log has are restored, and others recorded in it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.auth.audit_log import AuditLog
from service.auth.retirement_entries import read_retirement_entries
from service.commands import rebuild
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import Database, open_database, sqlite_file
from service.store.queries import load_queries
from service.store.read.retirements import RetirementStore
from service.store.retirement_recovery import reconcile_retirements
from service.store.write.retirement_changes import Retirements
from tests.commands.test_rebuild_rules import add_reports
from tests.support import engine

ROWS = "SELECT server_id, at, reason, told_by, successor_id, after_report_id FROM retirement"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A service with reports of a server, which is retired."""
    made = Config(data=tmp_path / "var")
    prepare(made)
    with closing(open_database(made.database)) as database:
        add_reports(made, database)
        retire(made, database)
    return made


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    with closing(open_database(config.database)) as opened:
        yield opened


def retire(config: Config, database: Database) -> None:
    Retirements(database, load_queries(), AuditLog(config.audit_log)).retire(1, "sold", "ana")


def rows(config: Config) -> engine.Rows:
    return engine.rows(config.database, ROWS)


def retired(config: Config) -> list[int]:
    with closing(open_database(config.database)) as database:
        return [found.server_id for found in RetirementStore(database, load_queries()).now()]


def test_a_start_restores_the_retirements_that_the_database_lacks(config: Config) -> None:
    before = rows(config)
    assert len(before) == 1
    for _ in range(2):
        engine.execute(config.database, "DELETE FROM retirement")
        assert retired(config) == []
        prepare(config)
        prepare(config)
        assert rows(config) == before
    assert retired(config) == [1]


def test_a_database_made_anew_from_the_archive_has_them(config: Config) -> None:
    sqlite_file.remove(config.database)
    for swap in (False, True):
        assert rebuild.run(config, argparse.Namespace(swap=swap, accept_loss=False)) == 0
    assert retired(config) == [1]


def test_rebuild_and_swap_keep_them(config: Config) -> None:
    before = rows(config)
    config.audit_log.unlink()
    for swap in (False, True):
        assert rebuild.run(config, argparse.Namespace(swap=swap, accept_loss=False)) == 0
    assert rows(config) == before


def test_those_that_the_audit_log_lacks_are_recorded_in_it(config: Config) -> None:
    config.audit_log.unlink()
    prepare(config)
    (entry,) = read_retirement_entries(config.audit_log)
    assert (entry.told.reason, entry.by) == ("sold", "reconciliation")
    prepare(config)
    assert len(read_retirement_entries(config.audit_log)) == 1


def test_one_that_could_not_be_stored_is_withdrawn(config: Config, database: Database) -> None:
    engine.execute(config.database, "DELETE FROM retirement")
    config.audit_log.unlink()
    queries = dict(load_queries()) | {"add_retirement": "INSERT INTO nowhere VALUES (:server_id)"}
    changes = Retirements(database, queries, AuditLog(config.audit_log))
    with pytest.raises(StorageUnavailableError):
        changes.retire(1, "sold", "ana")
    assert read_retirement_entries(config.audit_log) == []
    prepare(config)
    assert rows(config) == []


def test_torn_and_foreign_lines_are_skipped(config: Config, database: Database) -> None:
    engine.execute(config.database, "DELETE FROM retirement")
    with config.audit_log.open("ab") as file:
        file.write(b'{"hora": "x", "hecho": "server retired", "servidor": 3}\n"server retired"\n')
        file.write(b'{"hecho": "server retired", "servidor": "id:gone", "hermano": 0, "dicha":')
        file.write(b' "2026-01-01 00:00:00.000000", "motivo": "x", "sucesor": null, "by": null}\n')
        file.write(b'{"hecho": "server retired')
    audit = AuditLog(config.audit_log)
    assert reconcile_retirements(database, load_queries(), audit).restored == 1
