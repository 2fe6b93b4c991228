"""When a rule was waived on a server, as it was known then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.auth.audit_log import AuditLog
from service.report import Profile, Report
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.read.waiver_history import WaiverHistory
from service.store.verdict_rows import Bound, Violation
from service.store.waiver_format import target_of
from service.store.write.reports import ReportStore
from service.store.write.tag_changes import TagChanges, TagEdit
from service.store.write.waiver_changes import NewWaiver, Waivers
from service.times import HOUR, MINUTE
from tests.support.judged import Judging

START = 1_772_355_600_000_000  # a whole hour


class Past:
    def __init__(self, folder: Path) -> None:
        self.now = START
        self.database: Database = open_database(folder / "compliance.db")
        self.database.migrate()
        audit = AuditLog(folder / "audit.jsonl")
        self.reports = ReportStore(self.database, load_queries())
        Judging(self.database).take_up("minero", START)
        self.tags = TagChanges(self.database, load_queries(), audit, lambda: self.now)
        self.waivers = Waivers(
            self.database, load_queries(), audit, lambda *_: ("name",), lambda: self.now
        )
        self.report(0, "10.0.0.1")

    def report(self, hour: int, address: str) -> None:
        self.now = START + hour * HOUR
        profile = Profile(address, "x86_64", "Intel", "Linux", "12", 2, "web")
        document = b"%d" % hour
        self.reports.add(Report(self.now, profile, [], [], document, [], "m1"), self.now)

    def waive(
        self,
        hour: int,
        until: int,
        name: str | None = None,
        *,
        server_id: int | None = None,
        tag: str | None = None,
        network: str | None = None,
    ) -> int:
        self.now = START + hour * HOUR
        made = target_of(server_id, tag, network)
        key = None if name is None else {"name": name}
        return self.waivers.waive(NewWaiver("minero", made, START + until * HOUR, "x", key), "ana")

    def tell(self, hour: int, value: str) -> None:
        self.now = START + hour * HOUR
        self.tags.tell([TagEdit(1, "rol", value)], "ana")

    def hours(self, name: str = "xmrig", rule: str = "minero") -> list[float]:
        """Of each hour from the first to the tenth, the hours until it is not waived."""
        history = WaiverHistory(self.database, load_queries(), rule)
        bound = Bound(1, START, START, None)
        made = Violation(b"d", 1, 1, "clave", f'{{"name":"{name}"}}', None, bound, bound)
        found = []
        for hour in range(1, 11):
            at = START + hour * HOUR + MINUTE
            found.append(round((history.waived_until(made, at) - at + MINUTE) / HOUR, 1))
        return [wait if wait > 0.1 else 0 for wait in found]


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = Past(tmp_path)
    with closing(made.database):
        yield made


def test_waivers_that_follow_each_other_are_one_time(past: Past) -> None:
    past.waive(2, 5, server_id=1)
    past.waive(4, 7, server_id=1)
    assert past.hours() == [0, 5, 4, 3, 2, 1, 0, 0, 0, 0]
    assert past.hours(rule="another") == [0] * 10


def test_one_that_was_revoked_ended_then(past: Past) -> None:
    number = past.waive(2, 9, server_id=1)
    past.now = START + 4 * HOUR
    past.waivers.revoke(number, "ana")
    assert past.hours() == [0, 2, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_key_and_another_server_waive_what_they_say(past: Past) -> None:
    past.waive(1, 4, name="minerd", server_id=1)
    assert past.hours("minerd") == [3, 2, 1, 0, 0, 0, 0, 0, 0, 0]
    assert past.hours("xmrig") == [0] * 10


def test_the_tags_and_addresses_of_then_decide(past: Past) -> None:
    past.waive(1, 10, tag="rol=web")
    past.tell(3, "web")
    past.tell(5, "db")
    assert past.hours() == [0, 0, 2, 1, 0, 0, 0, 0, 0, 0]
    past.waive(6, 10, network="10.1.0.0/16")
    past.report(7, "10.1.0.1")
    past.report(8, "10.1.0.2")
    past.report(9, "10.0.0.1")
    assert past.hours() == [0, 0, 2, 1, 0, 0, 2, 1, 0, 0]
