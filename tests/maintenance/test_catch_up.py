"""Catching up: the database gets what the archive has, and what is known is not read again."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.config import Config
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance.catch_up import CatchUp, CaughtUp
from service.maintenance.startup import prepare_data_folder
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from tests.support import engine
from tests.support.reports import report

NOON = times.parse("2026-02-15 12:00:00")
DAY = "2026-02-15.jsonl"


class Folder:
    """A data folder whose archive and database are written apart from each other."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self.day = config.archive / DAY
        self._database = database
        self._archive = ArchiveWriter(config.archive)
        self._store = ReportStore(database, load_queries())

    def archive(self, *seconds: int, day: int = 0) -> None:
        """Archives a report for each of these seconds; those together arrive at once."""
        documents = [json.dumps(document(second)).encode() for second in seconds]
        self._archive.append_all(documents, NOON + seconds[0] * 1_000_000 + day * times.DAY)

    def store(self, *seconds: int) -> None:
        validator = ReportValidator()
        for second in seconds:
            read = validator.validate(read_json(json.dumps(document(second)).encode()))
            self._store.add(read, NOON + second * 1_000_000)

    def catch_up(self, received_until: int = times.LAST) -> CaughtUp:
        return CatchUp(self.config.archive, self._database, load_queries()).run(received_until)

    def stored(self) -> list[tuple[int, int]]:
        """The time and the arrival of each report, in seconds after noon, in their order."""
        rows = engine.rows(
            self.config.database, "SELECT taken_at, received_at FROM report ORDER BY id"
        )
        return [((taken - NOON) // 10**6, (at - NOON) // 10**6) for taken, at in rows]


def document(second: int) -> dict[str, object]:
    when = times.to_text(NOON + second * 1_000_000)
    return report(2, fecha_hora=when, ipaddress=f"10.0.0.{second % 3}")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    config = Config(data=tmp_path / "var")
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        yield Folder(config, database)


def test_missing_reports_are_stored_in_their_order_with_their_arrivals(folder: Folder) -> None:
    folder.archive(1)
    folder.archive(2, 3, 4)
    folder.archive(5)
    folder.store(1, 5)
    done = folder.catch_up()
    assert (done.lines, done.stored, done.faults) == (5, 3, [])
    assert folder.stored() == [(1, 1), (5, 5), (2, 2), (3, 2), (4, 2)]
    assert folder.catch_up() == CaughtUp()


def test_a_missing_line_before_a_stored_one_of_the_same_moment_is_found(folder: Folder) -> None:
    """As two workers write them, with a line of another moment between."""
    lines = [
        f'{{"recibido":"2026-02-15T12:00:0{at}.000000Z","reporte":{json.dumps(document(second))}}}'
        for second, at in ((7, 2), (3, 3), (2, 2))
    ]
    folder.day.write_text("\n".join([*lines, ""]), encoding="utf-8")
    folder.store(2, 3)
    assert folder.catch_up().stored == 1
    assert (7, 2) in folder.stored()


def test_reports_that_arrived_with_a_stored_one_are_not_taken_for_it(folder: Folder) -> None:
    folder.archive(2, 3, 4)
    folder.store(2)
    assert folder.catch_up().stored == 2


@pytest.mark.torture
def test_only_what_came_since_is_read(folder: Folder) -> None:
    for second in range(20):
        folder.archive(second)
        folder.store(second)
    assert folder.catch_up().lines == 20
    folder.archive(20)
    folder.store(20)
    folder.archive(21)
    done = folder.catch_up()
    assert (done.lines, done.stored) == (2, 1)
    with folder.day.open("ab") as day:
        day.write(b'{"recibido":"2026-02-15T12:')  # of a writer that died
    assert folder.catch_up().lines == 0


def test_a_day_that_is_compressed_later_is_known(folder: Folder) -> None:
    folder.archive(1)
    folder.archive(2)
    folder.catch_up()
    packed = folder.day.with_name(f"{DAY}.gz")
    packed.write_bytes(gzip.compress(folder.day.read_bytes()))
    folder.day.unlink()
    assert folder.catch_up().lines == 0
    folder.archive(3)  # a day that was compressed while it still grows
    done = folder.catch_up()
    assert (done.lines, done.stored) == (1, 1)
    assert folder.catch_up().lines == 0


def test_a_compressed_day_that_is_not_known_is_read(folder: Folder) -> None:
    folder.archive(1)
    folder.archive(2)
    folder.day.with_name(f"{DAY}.gz").write_bytes(gzip.compress(folder.day.read_bytes()))
    folder.day.unlink()
    done = folder.catch_up()
    assert (done.lines, done.stored) == (2, 2)
    assert folder.catch_up().lines == 0


def test_a_compressed_day_in_the_making_is_no_fault(folder: Folder) -> None:
    folder.archive(1)
    folder.archive(2)
    packed = gzip.compress(folder.day.read_bytes())
    folder.day.with_name(f"{DAY}.gz").write_bytes(packed[: len(packed) // 2])
    done = folder.catch_up()
    assert (done.stored, done.faults) == (2, [])


@pytest.mark.parametrize("how", ["longer", "changed", "same size"])
def test_a_file_that_was_exchanged_is_read_anew(folder: Folder, how: str) -> None:
    folder.archive(10)
    folder.archive(20)
    folder.catch_up()
    lines = folder.day.read_bytes().splitlines(keepends=True)
    folder.day.unlink()
    if how == "longer":  # the file of another host, with three reports
        for second in (11, 12, 13):
            folder.archive(second)
    elif how == "changed":
        folder.archive(11)
        folder.day.write_bytes(lines[0] + folder.day.read_bytes() + lines[1])
    else:
        folder.archive(11)
        folder.day.write_bytes(folder.day.read_bytes() + lines[1])
        os.utime(folder.day, ns=(1, 1))
    assert folder.catch_up().stored == (3 if how == "longer" else 1)
    assert (11, 11) in folder.stored()


def test_days_of_another_host_are_stored_beside_the_own(folder: Folder) -> None:
    folder.archive(1)
    folder.store(1)
    folder.catch_up()
    folder.archive(7, day=-3)
    folder.archive(8, day=2)
    assert folder.catch_up().stored == 2
    assert [taken for taken, _ in folder.stored()] == [1, 7, 8]


def test_lines_that_came_in_just_now_are_left_alone(folder: Folder) -> None:
    for second in (1, 2, 100, 3):
        folder.archive(second)
    assert folder.catch_up(NOON + 50_000_000).stored == 2
    assert folder.catch_up(NOON + 150_000_000).stored == 2


def test_a_line_that_stands_twice_is_stored_once(folder: Folder) -> None:
    folder.archive(1)
    folder.archive(1)
    folder.archive(2, 2)
    assert folder.catch_up().stored == 2


def test_lines_without_a_report_are_named_and_stop_nothing(folder: Folder) -> None:
    folder.archive(1)
    with folder.day.open("ab") as day:
        day.write(b'half a line\n{"recibido":"2026-02-15T12:00:02.000000Z","reporte":{"a":1}}\n')
    folder.archive(3)
    done = folder.catch_up()
    assert done.stored == 2
    assert len(done.faults) == 2
    assert "line 2 of those read now, is no whole line" in done.faults[0]
    assert "holds no valid report" in done.faults[1]
    assert folder.catch_up() == CaughtUp()


def test_a_file_that_is_gone_is_named(folder: Folder) -> None:
    folder.archive(1)
    folder.archive(2, day=1)
    assert folder.catch_up().gone == []
    folder.day.unlink()
    assert folder.catch_up().gone == [DAY]
