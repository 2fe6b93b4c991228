"""Housekeeping retires servers that are silent for long, and none for the service's own absence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import InvalidParameterError
from service.maintenance.downtime import note_alive
from service.maintenance.housekeeping import Housekeeping
from service.maintenance.retire_silent import retire_silent
from service.maintenance.startup import prepare_data_folder
from service.report import Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.store.write.retirement_changes import Retirements
from service.store.write.tag_changes import TagChanges, TagEdit
from service.times import DAY, HOUR
from tests.support import engine
from tests.support.live import wait_until


class Fleet:
    """Server 1 was heard an hour ago, 2 three days ago, 3 ten days ago."""

    def __init__(self, folder: Path) -> None:
        self.config = Config(data=folder, retire_after=5)
        prepare_data_folder(self.config)
        self.database = open_database(self.config.database)
        self.store = ReportStore(self.database, load_queries())
        for number, age in enumerate((HOUR, 3 * DAY, 10 * DAY), 1):
            self.report(number, age)
        note_alive(self.config)

    def report(self, number: int, age: int) -> None:
        at = times.now() - age
        profile = Profile(f"10.0.0.{number}", "x86_64", "Intel", "Linux", "12")
        self.store.add(Report(at, profile, [], [], b"%d %d" % (number, age)), at)

    def tag(self, number: int, value: str) -> None:
        changes = TagChanges(self.database, load_queries(), AuditLog(self.config.audit_log))
        changes.tell([TagEdit(number, "retirar_tras", value)], "ana")

    def deaf(self, first: int, last: int) -> None:
        """The service could hear nobody, from so many days ago until so many days ago."""
        now = times.now()
        values = (now - first * DAY, now - last * DAY)
        engine.execute(self.config.database, "INSERT INTO deaf_span VALUES (?, ?)", values)

    def retired(self) -> list[tuple[int, str]]:
        retire_silent(self.config, self.database)
        return engine.rows(self.config.database, "SELECT server_id, reason FROM retirement")


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path / "var")
    with closing(made.database):
        yield made


def test_a_server_that_is_silent_for_so_long_is_retired_once(fleet: Fleet) -> None:
    assert fleet.retired() == [(3, "silent for 5 days")]
    assert fleet.retired() == [(3, "silent for 5 days")]
    lines = fleet.config.audit_log.read_text(encoding="utf-8").splitlines()
    (line,) = [found for found in map(json.loads, lines) if found["hecho"] == "server retired"]
    assert line["by"] == "COMPLIANCE_RETIRE_AFTER"


def test_nobody_is_retired_by_default(fleet: Fleet) -> None:
    fleet.config = replace(fleet.config, retire_after=Config().retire_after)
    assert fleet.retired() == []


def test_tags_go_before_the_setting(fleet: Fleet) -> None:
    for number, value in ((1, "99"), (2, "2"), (3, "nunca")):
        fleet.tag(number, value)
    assert fleet.retired() == [(2, "silent for 2 days")]
    fleet.config = replace(fleet.config, retire_after=None)
    fleet.tag(3, "9")
    assert fleet.retired() == [(2, "silent for 2 days"), (3, "silent for 9 days")]


@pytest.mark.parametrize("value", ["never", "0", "30d", "-1", "10000", "\u0663"])
def test_a_tag_of_something_else_is_refused_and_one_that_stands_retires_nobody(
    fleet: Fleet, value: str
) -> None:
    """Whoever wrote `never` did not mean the setting."""
    with pytest.raises(InvalidParameterError, match="expected 1 to 9999 days, or nunca"):
        fleet.tag(1, value)
    fleet.tag(1, "99")
    engine.execute(fleet.config.database, "UPDATE tag_change SET value = ?", (value,))
    assert 1 not in {server for server, _ in fleet.retired()}


def test_time_in_which_the_service_was_deaf_does_not_count(fleet: Fleet) -> None:
    fleet.deaf(9, 5)
    fleet.deaf(6, 3)  # they overlap
    assert fleet.retired() == []  # it was silent for 4 of 10 days
    fleet.config = replace(fleet.config, retire_after=4)
    assert [server for server, _ in fleet.retired()] == [3]


def test_a_service_that_cannot_hear_now_retires_nobody(fleet: Fleet) -> None:
    hour_ago = (times.now() - HOUR) / times.SECOND
    os.utime(fleet.config.alive, (hour_ago, hour_ago))
    assert fleet.retired() == []
    fleet.config.alive.unlink()
    assert fleet.retired() == []


def test_a_server_that_reports_meanwhile_is_not_retired(fleet: Fleet) -> None:
    changes = Retirements(fleet.database, load_queries(), AuditLog(fleet.config.audit_log))
    heard_at = times.now() - 10 * DAY
    fleet.report(3, 0)
    assert not changes.retire_unheard(3, "silent", "housekeeping", heard_at)
    assert fleet.retired() == []


def test_the_running_service_retires_them(fleet: Fleet) -> None:
    housekeeping = Housekeeping(fleet.config, seconds_between=0.05)
    housekeeping.start()
    query = "SELECT server_id FROM retirement"
    try:
        wait_until(lambda: engine.rows(fleet.config.database, query) == [(3,)])
    finally:
        housekeeping.stop()
