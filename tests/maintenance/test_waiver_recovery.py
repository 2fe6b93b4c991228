"""Waivers that only the audit log has are restored, and others recorded in it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.auth.audit_entries import has_entries_of_access
from service.auth.audit_log import AuditLog
from service.auth.waiver_entries import read_waiver_entries
from service.commands import rebuild
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import Database, open_database, sqlite_file
from service.store.queries import load_queries
from service.store.waiver_format import target_of
from service.store.waiver_recovery import reconcile_waivers
from service.store.write.waiver_changes import NewWaiver, Waivers
from service.times import DAY, MINUTE
from tests.commands.test_rebuild_rules import add_reports
from tests.support import engine
from tests.support.judged import Judging

ROWS = "SELECT * FROM waiver ORDER BY id"


def end() -> int:
    return (times.now() + DAY) // MINUTE * MINUTE


def changes(config: Config, database: Database, **queries: str) -> Waivers:
    audit = AuditLog(config.audit_log)
    return Waivers(database, {**load_queries(), **queries}, audit, lambda *_: ("name", "n"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A service with reports of a server, three waivers, and one that was revoked."""
    made = Config(data=tmp_path / "var")
    prepare(made)
    with closing(open_database(made.database)) as database:
        add_reports(made, database)
        Judging(database).take_up("minero", 0)
        waivers = changes(made, database)
        for target in (target_of(1, None, None), target_of(None, "rol=web", None)):
            waivers.waive(NewWaiver("minero", target, end(), "lab"), "ana")
        target = target_of(None, None, "10.0.0.0/8")
        waivers.waive(NewWaiver("minero", target, end(), "ü", {"name": "ñ'\"\\"}), None)
        waivers.revoke(2, "bea")
    return made


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    with closing(open_database(config.database)) as opened:
        yield opened


def rows(config: Config) -> engine.Rows:
    return engine.rows(config.database, ROWS)


def test_a_start_restores_waivers_and_revocations_that_the_database_lacks(config: Config) -> None:
    before = rows(config)
    assert len(before) == 3
    for lost in (
        "DELETE FROM waiver",
        "DELETE FROM waiver WHERE id = 2",
        "UPDATE waiver SET revoked_at = NULL, revoked_by = NULL",
    ):
        engine.execute(config.database, lost)
        assert rows(config) != before
        for _ in range(2):
            prepare(config)
            assert rows(config) == before


def test_a_database_made_anew_from_the_archive_has_them(config: Config) -> None:
    before = rows(config)
    sqlite_file.remove(config.database)
    for swap in (False, True):
        assert rebuild.run(config, argparse.Namespace(swap=swap, accept_loss=False)) == 0
    assert rows(config) == before


def test_rebuild_and_swap_keep_them(config: Config) -> None:
    before = rows(config)
    config.audit_log.unlink()
    for swap in (False, True):
        assert rebuild.run(config, argparse.Namespace(swap=swap, accept_loss=False)) == 0
    assert rows(config) == before


def test_those_that_the_audit_log_lacks_are_recorded_in_it(config: Config) -> None:
    before = rows(config)
    config.audit_log.unlink()
    prepare(config)
    prepare(config)
    entries = read_waiver_entries(config.audit_log)
    assert [entry.by for entry in entries] == ["reconciliation"] * 4
    engine.execute(config.database, "DELETE FROM waiver")
    prepare(config)
    kept = [row[:8] + row[9:12] for row in before]
    assert [row[:8] + row[9:12] for row in rows(config)] == kept


def test_what_could_not_be_stored_is_withdrawn(config: Config, database: Database) -> None:
    before = rows(config)
    entries = read_waiver_entries(config.audit_log)
    nowhere = "INSERT INTO nowhere VALUES (:id)"
    broken = changes(config, database, add_waiver=nowhere, revoke_waiver=nowhere)
    with pytest.raises(StorageUnavailableError):
        broken.waive(NewWaiver("minero", target_of(1, None, None), end(), "lab"), "ana")
    with pytest.raises(StorageUnavailableError):
        broken.revoke(1, "ana")
    assert read_waiver_entries(config.audit_log) == entries
    prepare(config)
    assert rows(config) == before


def test_torn_foreign_and_impossible_lines_are_skipped(config: Config, database: Database) -> None:
    before = rows(config)
    lines = [json.loads(line) for line in config.audit_log.read_text().splitlines()]
    good = next(line for line in lines if line["hecho"] == "waiver told")
    later = good | {"dicha": "2026-01-01 00:00:00.000000"}
    for change in (
        {"red": "10.0.0.0/8"},  # and a server
        {"servidor": None},
        {"servidor": "id:gone"},
        {"servidor": None, "red": "no network"},
        {"clave": "[]"},
        {"clave": "{"},
        {"motivo": ""},
        {"politica": None},
        {"hasta": "soon"},
        {"numero": True},
    ):
        with config.audit_log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(later | change) + "\n")
    with config.audit_log.open("a", encoding="utf-8") as file:
        file.write('{"hecho": "waiver told"}\n"waiver told"\n{"hecho": "waiver told')
    done = reconcile_waivers(database, load_queries(), AuditLog(config.audit_log))
    assert (done.restored, done.recorded) == (0, 0)
    assert rows(config) == before


def test_a_number_that_is_taken_is_not_lost(config: Config, database: Database) -> None:
    engine.execute(config.database, "UPDATE waiver SET at = at + 1 WHERE id = 1")
    done = reconcile_waivers(database, load_queries(), AuditLog(config.audit_log))
    assert (done.restored, done.recorded) == (1, 1)
    assert [row[0] for row in rows(config)] == [1, 2, 3, 4]


def test_waivers_are_no_sign_of_tokens(config: Config) -> None:
    assert not has_entries_of_access(config.audit_log)
