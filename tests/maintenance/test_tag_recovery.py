"""Tags that only the audit log has are restored, and others recorded in it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.auth.tag_entries import read_tag_entries
from service.commands import rebuild
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare
from service.maintenance.tag_recovery import reconcile_tags
from service.store.engines import Database, open_database, sqlite_file
from service.store.queries import load_queries
from service.store.write.tag_changes import TagChanges, TagEdit
from tests.commands.test_rebuild_rules import add_reports
from tests.support import engine

CHANGES = "SELECT server_id, key, value, since_at, told_at, told_by FROM tag_change ORDER BY id"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A service with reports of a server, and what was told of its tags."""
    made = Config(data=tmp_path / "var")
    prepare(made)
    with closing(open_database(made.database)) as database:
        add_reports(made, database)
        for value in ("produccion", "pruebas", None, "produccion"):
            tell(made, database, "entorno", value)
        tell(made, database, "rol", "web")
    return made


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    with closing(open_database(config.database)) as opened:
        yield opened


def tell(config: Config, database: Database, key: str, value: str | None) -> None:
    changes = TagChanges(database, load_queries(), AuditLog(config.audit_log))
    changes.tell([TagEdit(1, key, value)], "ana")


def changes(config: Config) -> engine.Rows:
    return engine.rows(config.database, CHANGES)


def test_a_start_restores_the_tags_that_the_database_lacks(config: Config) -> None:
    before = changes(config)
    engine.execute(config.database, "DELETE FROM tag_change WHERE id > 2")
    prepare(config)
    assert changes(config) == before
    prepare(config)
    assert changes(config) == before
    engine.execute(config.database, "DELETE FROM tag_change")
    prepare(config)
    assert changes(config) == before


def test_a_database_made_anew_from_the_archive_has_its_tags(config: Config) -> None:
    before = changes(config)
    sqlite_file.remove(config.database)
    for swap in (False, True):
        assert rebuild.run(config, argparse.Namespace(swap=swap, accept_loss=False)) == 0
    assert changes(config) == before


def test_rebuild_and_swap_keep_tags(config: Config, database: Database) -> None:
    assert rebuild.run(config, argparse.Namespace(swap=False, accept_loss=False)) == 0
    tell(config, database, "rol", "bd")  # meanwhile
    database.close()
    before = engine.rows(config.database, "SELECT * FROM tag_change ORDER BY id")
    assert rebuild.run(config, argparse.Namespace(swap=True, accept_loss=False)) == 0
    assert engine.rows(config.database, "SELECT * FROM tag_change ORDER BY id") == before


def test_what_could_not_be_stored_is_withdrawn_and_not_restored(
    config: Config, database: Database
) -> None:
    before = changes(config)
    engine.execute(
        config.database,
        "CREATE TRIGGER full BEFORE INSERT ON tag_change BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    with pytest.raises((StorageUnavailableError, engine.SqliteEngine.IntegrityError)):
        tell(config, database, "rol", "bd")
    engine.execute(config.database, "DROP TRIGGER full")
    assert reconcile_tags(database, AuditLog(config.audit_log)) == (0, 0)
    assert changes(config) == before


def test_an_entry_that_is_older_than_what_is_stored_restores_nothing(
    config: Config, database: Database
) -> None:
    engine.execute(config.database, "DELETE FROM tag_change WHERE id = 2")
    before = changes(config)
    assert reconcile_tags(database, AuditLog(config.audit_log)).restored == 0
    assert changes(config) == before


def test_tags_that_the_audit_log_lacks_are_recorded(config: Config, database: Database) -> None:
    entries = [entry.told for entry in read_tag_entries(config.audit_log)]
    config.audit_log.unlink()
    audit = AuditLog(config.audit_log)
    assert reconcile_tags(database, audit).recorded == len(entries)
    assert [entry.told for entry in read_tag_entries(config.audit_log)] == entries
    assert reconcile_tags(database, audit) == (0, 0)


def test_foreign_and_torn_lines_are_skipped(config: Config, database: Database) -> None:
    good = config.audit_log.read_text(encoding="utf-8").splitlines()[-1]
    spoilt = [
        {**json.loads(good), **change}
        for change in (
            {"hecho": "tag eaten"},
            {"valor": 7},
            {"valor": None},
            {"hermano": True},
            {"servidor": None},
            {"dicha": "yesterday"},
            {"servidor": "id:unknown", "dicha": times.to_text(times.now())},
        )
    ]
    with config.audit_log.open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in spoilt)
        file.write(f'["tag set"]\n"tag set\n{good[:40]}')
    before = changes(config)
    assert reconcile_tags(database, AuditLog(config.audit_log)).restored == 0
    assert changes(config) == before
