"""Groups of reports in the archive and the database: a refused report fails alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.errors import StorageUnavailableError
from service.ingest.admission import Admission
from service.ingest.intake import Arrival, Intake
from service.ingest.large_turn import LargeTurn
from service.ingest.validation import ReportValidator
from service.report import Process, Profile, Report
from service.store.engines import Database, sqlite_connections
from service.store.queries import load_queries
from service.store.write.reports import ReportStore, Stored
from tests.support.engine import Engine
from tests.support.live import PATIENCE, wait_until
from tests.support.reports import report
from tests.support.threads import in_thread


def a_report(number: int) -> Report:
    return Report(
        taken_at=number,
        profile=Profile(f"10.0.0.{number}", "x86_64", "a brand", "Linux", "12"),
        processes=[(1, f"program-{number}", "root", None)],
        logins=[],
        digest=number.to_bytes(16, "big"),
    )


def a_document(number: int) -> bytes:
    process = {"username": "root", "pid": 1, "name": f"program-{number}"}
    return json.dumps(report(ipaddress=f"10.0.0.{number}", procesos=[process])).encode()


def an_intake(database: Database, folder: Path) -> Intake:
    return Intake(
        ReportValidator(),
        ArchiveWriter(folder / "archive"),
        ReportStore(database, load_queries()),
        times.now,
    )


def receive(intake: Intake, raw: bytes) -> Stored:
    admission = Admission(LargeTurn(Path("for large reports only")))
    with admission.admit("a source", len(raw), raw.count(b"{")) as work:
        return intake.store(intake.read(raw), work)


def test_a_locked_database_fails_a_group_after_one_wait(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_TIMEOUT_SECONDS", 0.5)
    database = engine.migrated()
    intake = an_intake(database, tmp_path)
    with engine.write_locked():
        futures = [in_thread(receive, intake, a_document(number)) for number in range(1, 31)]
        errors = [future.exception(PATIENCE) for future in futures]
    assert {type(error) for error in errors} == {StorageUnavailableError}
    waits = {id(error.__cause__) for error in errors if error is not None}
    assert len(waits) < 10, "each group of them has waited once"
    assert receive(intake, a_document(1)).new
    database.close()


def test_a_report_that_the_database_refuses_fails_alone(engine: Engine, tmp_path: Path) -> None:
    database = engine.migrated()
    intake = an_intake(database, tmp_path)
    valid = a_report(1)
    refused = Report(2, valid.profile, [("no pid", "x", "y", None)], [], b"2")  # type: ignore[list-item]
    plan = intake._reports.plan(refused, 2)
    with engine.write_locked():  # meanwhile a group gathers
        bad = in_thread(intake._commits.submit, Arrival(b"{}", refused, plan))
        good = [in_thread(receive, intake, a_document(number)) for number in range(3, 13)]
        wait_until(lambda: len(intake._commits._waiting) >= 9)
    assert isinstance(bad.exception(PATIENCE), engine.IntegrityError)
    assert all(future.result(PATIENCE).new for future in good)
    programs = engine.rows(
        "SELECT procesos.name, program.name FROM procesos JOIN servers USING (id_serv)"
        " JOIN program ON program.name = procesos.name ORDER BY procesos.id_serv"
    )
    assert sorted(programs) == sorted((f"program-{n}", f"program-{n}") for n in range(3, 13))
    with database.snapshot() as connection:
        assert database.find_damage(connection) == []
    database.close()


def test_an_id_that_was_rolled_back_is_not_remembered(engine: Engine) -> None:
    database = engine.migrated()
    store = ReportStore(database, load_queries())
    first = a_report(1)
    # Its new program is inserted before the row that is refused, and rolled back with it.
    unfit = [(1, "program-a", "root", None), ("no pid", "program-b", "root", None)]
    spoilt = Report(1, first.profile, unfit, [], b"1")  # type: ignore[arg-type]
    with pytest.raises(engine.IntegrityError):
        store.add(spoilt, 0)
    # Their ids go to other rows now.
    other = Report(2, first.profile, [(1, "program-c", "root", None)], [], b"2")
    processes: list[Process] = [(1, "program-a", "root", None), (2, "program-b", "root", None)]
    both = Report(3, first.profile, processes, [], b"3")
    store.add(other, 0)
    id_serv = store.add(both, 0).id_serv
    with database.snapshot() as connection:
        rows = connection.execute(
            "SELECT pid, name FROM procesos WHERE id_serv = ? ORDER BY pid", (id_serv,)
        ).fetchall()
    assert rows == [(1, "program-a"), (2, "program-b")]
    database.close()
