"""`rebuild` keeps the arrival times of reports, and all columns of tokens."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.archive.append import ArchiveWriter
from service.auth import token_format
from service.auth.audit_log import AuditLog
from service.commands import rebuild
from service.config import Config
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance import replay
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database, open_database
from service.store.enrolment import EnrolmentStore
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from service.store.write.reports import ReportStore
from service.times import HOUR
from tests.support import engine
from tests.support.reports import report

OPTIONS = argparse.Namespace(swap=False, accept_loss=False)
NOW = 1_700_000_000_000_000
DAY = 24 * HOUR


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(data=tmp_path / "var")
    prepare_data_folder(made)
    return made


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    with closing(open_database(config.database)) as opened:
        yield opened


def rows(config: Config, sql: str) -> tuple[engine.Rows, engine.Rows]:
    """The rows of the old database, and those of the rebuilt one."""
    rebuilt = config.database.with_name("compliance.db.rebuilt")
    return engine.rows(config.database, sql), engine.rows(rebuilt, sql)


def receive(config: Config, database: Database, received_at: list[int]) -> None:
    """Stores a report for each of these arrivals; every third one is late."""
    store, validator = ReportStore(database, load_queries()), ReportValidator()
    archive = ArchiveWriter(config.archive)
    for number, at in enumerate(received_at):
        minute = number if number % 3 else 0
        document = report(2, fecha_hora=f"2020-02-15 02:{minute:02d}:00.{number:06d}")
        raw = json.dumps(document).encode()
        archive.append(raw, at)
        store.add(validator.validate(read_json(raw)), at)


def test_every_report_keeps_when_it_arrived(config: Config, database: Database) -> None:
    arrivals = [NOW + number * 7 * HOUR + number for number in range(9)]
    receive(config, database, arrivals)
    assert rebuild.run(config, OPTIONS) == 0
    for query in (
        "SELECT id, server_id, seq, taken_at, received_at, digest FROM report ORDER BY id",
        "SELECT hour, reports FROM arrival_hour ORDER BY hour",
    ):
        before, after = rows(config, query)
        assert before == after
    _, rebuilt = rows(config, "SELECT received_at FROM report ORDER BY id")
    assert [received_at for (received_at,) in rebuilt] == arrivals


def test_every_token_keeps_all_its_columns(config: Config, database: Database) -> None:
    receive(config, database, [NOW])
    now = [NOW]
    tokens = TokenStore(database, load_queries(), AuditLog(config.audit_log), lambda: now[0])
    tokens.add("admin", name="the administrator")
    tokens.add("ingest", server="10.0.0.0/8", expires_at=NOW + DAY)
    revoked = tokens.add("lectura", name="revoked")
    enrolment = tokens.add("inscripcion", expires_at=NOW + 9 * DAY, uses=5, lifetime=30 * DAY)
    now[0] += HOUR
    tokens.revoke(revoked.id)
    by = tokens.find(enrolment.secret)
    assert by is not None
    audit = AuditLog(config.audit_log)
    enrolling = EnrolmentStore(database, load_queries(), audit, lambda: now[0])
    issued = enrolling.enrol(by, "machine-1", "web-1", token_format.digest_of("a key"))
    now[0] += HOUR
    used = tokens.find(issued.secret)
    assert used is not None
    enrolling.renew(used, "machine-1")

    assert rebuild.run(config, OPTIONS) == 0
    before, after = rows(config, "SELECT * FROM token ORDER BY id")
    assert before == after
    # Each column has a value in some row, so that none is lost unseen.
    assert all(any(value is not None for value in column) for column in zip(*before, strict=True))


def test_a_token_that_expired_or_was_revoked_stays_so(config: Config, database: Database) -> None:
    receive(config, database, [NOW])
    tokens = TokenStore(database, load_queries(), AuditLog(config.audit_log), lambda: NOW)
    valid = tokens.add("lectura", expires_at=NOW + DAY)
    expired = tokens.add("lectura", expires_at=NOW - 1)
    revoked = tokens.add("lectura")
    tokens.revoke(revoked.id)
    assert rebuild.run(config, OPTIONS) == 0
    with closing(open_database(config.database.with_name("compliance.db.rebuilt"))) as rebuilt:
        after = TokenStore(rebuilt, load_queries(), AuditLog(config.audit_log), lambda: NOW)
        assert all(token_format.is_well_formed(each.secret) for each in (valid, expired, revoked))
        assert after.find(valid.secret) is not None
        assert after.find(expired.secret) is None
        assert after.find(revoked.secret) is None


def test_records_keep_their_numbers_whatever_the_order_of_the_archive(
    config: Config, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_AT_ONCE", 2)
    store, validator = ReportStore(database, load_queries()), ReportValidator()
    archive = ArchiveWriter(config.archive)
    documents = [
        json.dumps(report(2, fecha_hora=f"2020-02-15 02:00:{second:02d}")).encode()
        for second in range(12)
    ]
    for number, raw in enumerate(documents):
        archive.append(raw, NOW + number)
    # Number 3 was refused for now, and stored at the end; 5 never; two workers took turns.
    for number in (0, 2, 1, 4, 7, 6, 8, 9, 11, 10, 3):
        store.add(validator.validate(read_json(documents[number])), NOW + number)
    assert rebuild.run(config, OPTIONS) == 0
    query = "SELECT id, seq, taken_at, received_at FROM report ORDER BY id"
    before, after = rows(config, query)
    assert before == after
    swap = argparse.Namespace(swap=True, accept_loss=False)
    database.close()
    assert rebuild.run(config, swap) == 0
    assert engine.rows(config.database, query)[:11] == before
    assert engine.rows(config.database, "SELECT max(id), count(*) FROM report") == [(12, 12)]


def test_a_lost_line_of_the_archive_shifts_no_number(config: Config, database: Database) -> None:
    receive(config, database, [NOW + number for number in range(9)])
    (day,) = config.archive.iterdir()
    lines = day.read_bytes().splitlines(keepends=True)
    day.write_bytes(b"".join(lines[:3] + lines[4:]))
    assert rebuild.run(config, OPTIONS) == 1
    before, after = rows(config, "SELECT id, taken_at, received_at FROM report ORDER BY id")
    assert after == before[:3] + before[4:]
