"""Groups of reports in the archive and the database: a refused report fails alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.errors import StorageUnavailableError
from service.ingest.admission import Admission
from service.ingest.budget import Budget
from service.ingest.intake import Arrival, Intake
from service.ingest.large_turn import LargeTurn
from service.ingest.validation import ReportValidator
from service.report import Process, Profile, Report
from service.store.engines import Database, sqlite_connections
from service.store.queries import load_queries
from service.store.write.new_report import Stored
from service.store.write.plans import Plan
from service.store.write.reports import MANY_CHANGES, MANY_RUNNING, ReportStore
from tests.support.engine import Engine
from tests.support.live import PATIENCE, wait_until
from tests.support.reports import report
from tests.support.threads import in_thread


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


def an_intake(database: Database, folder: Path, reports: ReportStore | None = None) -> Intake:
    return Intake(
        ReportValidator(),
        ArchiveWriter(folder / "archive"),
        reports or ReportStore(database, load_queries()),
        times.now,
    )


def an_admission() -> Admission:
    return Admission(LargeTurn(Path("turn.json")), Budget(500))


def receive(intake: Intake, raw: bytes) -> Stored:
    with an_admission().admit("a source", len(raw), raw.count(b"{")) as work:
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


def arrives_anyhow(number: int, processes: int) -> bytes:
    """A report of one server, of so many programs that were never seen before."""
    rows = [{"username": "root", "pid": n + 1, "name": f"{number}-{n}"} for n in range(processes)]
    when = f"2026-02-15 12:00:00.{number:06d}"
    return json.dumps(report(ipaddress="10.0.0.1", fecha_hora=when, procesos=rows)).encode()


def test_a_large_report_is_stored_though_others_of_its_server_always_come_in_between(
    engine: Engine, tmp_path: Path
) -> None:
    class Busy(ReportStore):
        """Another worker stores a report of the server whenever a large one is ready."""

        def interned_ahead(self, plan: Plan) -> Plan:
            assert receive(other, arrives_anyhow(1, 3)).new
            return super().interned_ahead(plan)

    database = engine.migrated()
    other = an_intake(database, tmp_path / "other")
    intake = an_intake(database, tmp_path, Busy(database, load_queries()))
    raw = arrives_anyhow(2, MANY_CHANGES + 1)
    assert receive(intake, raw).new
    (archived,) = (tmp_path / "archive").iterdir()
    assert archived.read_bytes().count(b"\n") == 1
    processes = "SELECT count(*) FROM procesos JOIN servers USING (id_serv) GROUP BY id_serv"
    assert engine.rows(processes) == [(3,), (MANY_CHANGES + 1,)]
    database.close()


def test_a_small_report_that_a_large_one_overtakes_waits_for_the_turn(
    engine: Engine, tmp_path: Path
) -> None:
    class Overtaken(ReportStore):
        """Another worker stores a large report of the server after the first plan is made."""

        planned = False

        def plan(self, report: Report, received_at: int, *, may_be_large: bool = True) -> Plan:
            plan = super().plan(report, received_at, may_be_large=may_be_large)
            if not self.planned:
                self.planned = True
                assert receive(other, arrives_anyhow(1, MANY_RUNNING + 1)).new
            return plan

    database = engine.migrated()
    other = an_intake(database, tmp_path / "other")
    intake = an_intake(database, tmp_path, Overtaken(database, load_queries()))
    raw = arrives_anyhow(2, 3)
    with an_admission().admit("another source", len(raw), 3) as work:
        assert intake.store(intake.read(raw), work).new
        assert work.large
        assert work.changes == MANY_RUNNING + 4
    (archived,) = (tmp_path / "archive").iterdir()
    assert archived.read_bytes().count(b"\n") == 1
    database.close()
