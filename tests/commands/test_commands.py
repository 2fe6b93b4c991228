"""python -m service: check, rebuild and migrate, run as an operator runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from service.store.engines.sqlite import CREATEDB_FOLDER
from tests.support import engine
from tests.support.commands import run
from tests.support.live import LiveService
from tests.support.reports import report, report_2

SWAP = ("rebuild", "--swap")
NO_DIFFERENCE = (
    "differences: 0 in {} reports\n"
    "No day of the archive is sealed yet.\n"
    "Not known: reports that neither the database nor the archive holds.\n"
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with reports of two servers, late and repeated ones among them."""
    live = LiveService(tmp_path_factory.mktemp("commands") / "var").start()
    for hour in (1, 2, 5, 3, 4, 5):
        for address in ("10.0.0.1", "2001:db8::1"):
            when = f"2020-02-15 0{hour}:00:00"
            assert live.post(report(hour, ipaddress=address, fecha_hora=when)).status in (200, 201)
    live.stop()
    return live.data


@pytest.fixture(scope="module")
def stored_2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with reports of version 2, whose processes change what they are besides."""
    live = LiveService(tmp_path_factory.mktemp("commands_2") / "var").start()
    for hour in (1, 2, 5, 3, 4):
        document = report_2(3, fecha_hora=f"2020-02-15 0{hour}:00:00", descartados=hour)
        document["procesos"] += map(dict, document["procesos"][:2])  # some are alike
        for at, process in enumerate(document["procesos"]):
            process |= {"ppid": at, "ejecutable": f"/{hour}/{at}"}
        document["procesos"][hour % 3]["inicio"] = f"2020-02-14 0{hour}:00:00"
        clone = document | {"nombre_host": "web-2", "ipaddress": "10.0.0.2", "nucleo": "6.2"}
        assert [live.post(each).status for each in (document, clone)] == [201, 201]
    live.stop()
    return live.data


@pytest.fixture
def data(stored: Path, tmp_path: Path) -> Path:
    """A copy of the reports of version 1, for a test to damage."""
    subprocess.run(["cp", "-r", stored, tmp_path / "var"], check=True)
    return tmp_path / "var"


@pytest.fixture
def data_2(stored_2: Path, tmp_path: Path) -> Path:
    """A copy of the reports of version 2."""
    subprocess.run(["cp", "-r", stored_2, tmp_path / "var"], check=True)
    return tmp_path / "var"


def alter(data: Path, sql: str) -> None:
    engine.execute(data / "compliance.db", sql)


def first_day(data: Path) -> Path:
    return next((data / "archive").glob("*.jsonl"))


def test_check_finds_no_difference_where_there_is_none(stored: Path) -> None:
    outcome = run("check", stored)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout == NO_DIFFERENCE.format(10)


def test_check_finds_a_process_that_the_archive_does_not_list(data: Path) -> None:
    alter(data, "UPDATE process_span SET pid = 4242 WHERE slot = 0")
    outcome = run("check", data)
    assert outcome.returncode == 1
    assert "the report of ip:10.0.0.1 at 2020-02-15 01:00:00.000000 differs" in outcome.stdout


@pytest.mark.parametrize("kind", ["process", "login"])
def test_check_finds_an_occurrence_without_a_span(data: Path, kind: str) -> None:
    alter(data, f"UPDATE {kind}_sighting SET running = running + 1 WHERE server_id = 1")
    outcome = run("check", data)
    assert outcome.returncode == 1
    assert f"rows of {kind}_sighting disagree with the spans" in outcome.stdout


def test_check_and_rebuild_find_no_difference_in_reports_of_version_2(data_2: Path) -> None:
    assert run("check", data_2).stdout == NO_DIFFERENCE.format(10)
    outcome = run("rebuild", data_2)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "differences: 0 in 10 reports" in outcome.stdout
    assert run(SWAP, data_2).returncode == 0
    assert run("check", data_2).stdout == NO_DIFFERENCE.format(10)


@pytest.mark.torture
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE process_span SET started_at = 7 WHERE slot = 0",
        "UPDATE process_span SET ppid = 77 WHERE slot = 0",
        "UPDATE program SET executable = '/evil' WHERE id = 1",
        "UPDATE program SET command_line = 'evil' WHERE id = 1",
        "UPDATE account SET origin = 'evil'",
        "UPDATE account SET terminal = NULL",
        "UPDATE login_span SET since = 7",
        "UPDATE profile SET nucleo = '7' WHERE id = 1",
        "UPDATE profile SET version_esquema = NULL WHERE id = 1",
        "UPDATE report SET discarded = NULL WHERE id = 1",
    ],
)
def test_check_and_rebuild_find_a_difference_in_a_member_of_version_2(
    data_2: Path, damage: str
) -> None:
    alter(data_2, damage)
    for command, difference in (("check", "differs from the archive"), ("rebuild", "differs")):
        outcome = run(command, data_2)
        assert outcome.returncode == 1
        assert f"at 2020-02-15 01:00:00.000000 {difference}" in outcome.stdout


def test_check_finds_a_report_that_the_archive_lost(data: Path) -> None:
    lines = first_day(data).read_bytes().splitlines(keepends=True)
    first_day(data).write_bytes(b"".join(lines[1:]))
    outcome = run("check", data)
    assert outcome.returncode == 1
    assert (
        "the report of ip:10.0.0.1 at 2020-02-15 01:00:00.000000 is in the database alone"
        " (id_serv 1)" in outcome.stdout
    )


def test_check_names_a_damaged_line_of_the_archive(data: Path) -> None:
    with first_day(data).open("ab") as archive:
        archive.write(b"half a line\n")
    outcome = run("check", data)
    assert outcome.returncode == 1
    assert f"archive: {first_day(data).name} line 11 is no whole line" in outcome.stdout


@pytest.mark.torture  # it waits for a report that may be on its way
def test_check_lists_a_report_that_is_archived_and_not_stored(data: Path) -> None:
    lines = first_day(data).read_text(encoding="utf-8").splitlines(keepends=True)
    newer = lines[-1].replace("2020-02-15 04:00:00", "2020-02-15 06:00:00")
    first_day(data).write_text("".join([*lines, newer]), encoding="utf-8")
    outcome = run("check", data)
    assert outcome.returncode == 1
    assert (
        "in the archive alone: 1 (the report of ip:2001:db8::1 at 2020-02-15 06" in outcome.stdout
    )
    assert "cannot be known" in outcome.stdout
    repaired = run(("check", "--repair"), data)
    assert (repaired.returncode, repaired.stdout) == (0, NO_DIFFERENCE.format(11))
    assert "stored 1 archived reports" in repaired.stderr


def test_check_reads_closed_days_that_were_compressed(data: Path) -> None:
    subprocess.run(["gzip", first_day(data)], check=True)
    assert run("check", data).stdout == NO_DIFFERENCE.format(10)


def test_check_works_beside_a_running_service(data: Path) -> None:
    live = LiveService(data).start()
    try:
        assert live.post(report(fecha_hora="2021-01-01 00:00:00")).status == 201
        assert run("check", data).stdout == NO_DIFFERENCE.format(11)
    finally:
        live.stop()


def test_check_without_a_database_is_one_line(tmp_path: Path) -> None:
    outcome = run("check", tmp_path / "var")
    assert outcome.returncode == 1
    assert "compliance.db is not there; the service creates it" in outcome.stderr
    assert not (tmp_path / "var").exists()


def test_rebuild_makes_an_equal_database_from_the_archive(data: Path) -> None:
    outcome = run("rebuild", data)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "differences: 0 in 10 reports" in outcome.stdout
    assert outcome.stdout.endswith("stop the service, then: python -m service rebuild --swap\n")
    assert run(SWAP, data).returncode == 0
    assert run("check", data).stdout == NO_DIFFERENCE.format(10)


def test_rebuild_brings_back_a_lost_database(data: Path) -> None:
    (data / "compliance.db").unlink()
    outcome = run("rebuild", data)
    assert outcome.returncode == 0
    assert "compliance.db is not there" in outcome.stdout
    rebuilt = data / "compliance.db.rebuilt"
    assert engine.rows(rebuilt, "SELECT count(*) FROM servers") == [(10,)]
    assert engine.rows(rebuilt, "SELECT count(*) FROM procesos") == [(30,)]


@pytest.mark.torture
def test_rebuild_brings_back_a_damaged_database(data: Path) -> None:
    (data / "compliance.db").write_bytes(b"not a database at all" * 500)
    outcome = run("rebuild", data)
    assert outcome.returncode == 0
    assert "compared with nothing: " in outcome.stdout
    assert run(SWAP, data).returncode == 0
    assert run("check", data).stdout == NO_DIFFERENCE.format(10)


def test_rebuild_lists_reports_of_the_old_database_that_the_archive_lacks(data: Path) -> None:
    lines = first_day(data).read_bytes().splitlines(keepends=True)
    first_day(data).write_bytes(b"".join(lines[2:]))
    outcome = run("rebuild", data)
    assert outcome.returncode == 1
    assert outcome.stdout.count("is in the old database alone") == 2


def test_rebuild_overwrites_nothing(data: Path) -> None:
    (data / "compliance.db.rebuilt").write_text("precious", encoding="utf-8")
    outcome = run("rebuild", data)
    assert outcome.returncode == 1
    assert "exists: put it into place (python -m service rebuild --swap), or" in outcome.stderr
    assert (data / "compliance.db.rebuilt").read_text(encoding="utf-8") == "precious"


def test_migrate_creates_the_database_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        outcome = run("migrate", tmp_path / "var")
        assert outcome.returncode == 0
        newest = len(list(CREATEDB_FOLDER.glob("*.sql")))
        assert f"has version {newest}, the newest" in outcome.stdout
