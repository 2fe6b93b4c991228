"""`rebuild` keeps what stands in no report: texts of rules, verdicts and violations."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path

import pytest

from service.archive.append import ArchiveWriter
from service.commands import rebuild
from service.config import Config
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.verdict_copy import COPIED_TABLES
from service.store.write.reports import ReportStore
from tests.support import engine
from tests.support.reports import report

NOW = 1_700_000_000_000_000
VALUES = {"INTEGER": "1", "TEXT": "'a text'", "BLOB": "x'0102'"}


def add_reports(config: Config, database: Database) -> None:
    archive = ArchiveWriter(config.archive)
    store, validator = ReportStore(database, load_queries()), ReportValidator()
    for minute in range(3):
        document = report(2, fecha_hora=f"2020-02-15 02:{minute:02d}:00")
        raw = json.dumps(document).encode()
        archive.append(raw, NOW + minute)
        store.add(validator.validate(read_json(raw)), NOW + minute)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A service with three reports of a server, and a row in each table of rules."""
    made = Config(data=tmp_path / "var")
    prepare_data_folder(made)
    with closing(open_database(made.database)) as database:
        add_reports(made, database)
    for table in COPIED_TABLES:
        described = engine.rows(
            made.database, f"SELECT name, type FROM pragma_table_info('{table}')"
        )
        names = ", ".join(name for name, _ in described)
        values = ", ".join(VALUES[kind] for _, kind in described)
        engine.execute(made.database, f"INSERT INTO {table} ({names}) VALUES ({values})")
    return made


def everything(path: Path) -> dict[str, engine.Rows]:
    return {table: engine.rows(path, f"SELECT * FROM {table}") for table in COPIED_TABLES}


def test_rebuild_and_swap_keep_every_column_of_rules_and_violations(config: Config) -> None:
    before = everything(config.database)
    assert all(len(rows) == 1 and None not in rows[0] for rows in before.values())
    assert rebuild.run(config, argparse.Namespace(swap=False, accept_loss=False)) == 0
    assert everything(config.database.with_name("compliance.db.rebuilt")) == before

    engine.execute(config.database, "UPDATE violation SET ended_as = 'resuelta'")  # meanwhile
    before = everything(config.database)
    assert rebuild.run(config, argparse.Namespace(swap=True, accept_loss=False)) == 0
    assert everything(config.database) == before


def test_a_rebuilt_cursor_goes_no_further_than_the_reports(config: Config) -> None:
    engine.execute(config.database, "UPDATE judged SET seq = 99, late_seq = -99")
    assert rebuild.run(config, argparse.Namespace(swap=False, accept_loss=False)) == 0
    rebuilt = config.database.with_name("compliance.db.rebuilt")
    assert engine.rows(rebuilt, "SELECT seq, late_seq FROM judged") == [(3, 0)]


def test_violations_of_a_server_that_the_archive_lacks_are_left_out(config: Config) -> None:
    engine.execute(config.database, "INSERT INTO server (id, identity) VALUES (7, 'id:another')")
    engine.execute(config.database, "UPDATE violation SET server_id = 7")
    assert rebuild.run(config, argparse.Namespace(swap=False, accept_loss=False)) == 0
    found = everything(config.database.with_name("compliance.db.rebuilt"))
    assert not found["violation"]
    assert not found["late_sighting"]
    assert found["policy_text"]
