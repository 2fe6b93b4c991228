"""What is said of violations whose bounds lie on two clocks."""

from __future__ import annotations

import pytest

from service.report import Process, Report
from service.times import DAY, MINUTE
from tests.support import engine
from tests.support.judged_fleet import WEB, Fleet


def add(fleet: Fleet, taken_ago: int, received_ago: int, *names: str) -> int:
    processes: list[Process] = [(1 + n, name, "root", 0) for n, name in enumerate(("init", *names))]
    taken_at, received_at = fleet.now - taken_ago, fleet.now - received_ago
    made = Report(taken_at, WEB, processes, [], repr((taken_at, names)).encode(), [], "m1")
    return fleet.store.add(made, received_at).id_serv


@pytest.mark.xfail(
    strict=True,
    reason="silence begins by arrival and ends at the place of a report that was taken before",
)
def test_a_silence_that_a_spool_ends_does_not_end_before_it_began(fleet: Fleet) -> None:
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    fleet.judge()  # silent since 45 minutes ago
    add(fleet, 50 * MINUTE, MINUTE)
    fleet.judge()
    ((opened_at, ended_at),) = engine.rows(
        fleet.config.database,
        "SELECT opened_in_at, ended_at FROM violation JOIN policy_text ON policy_text.id = text_id"
        " WHERE rule = 'silencioso'",
    )
    assert opened_at <= ended_at


def test_a_violation_was_seen_last_when_it_was_though_our_clock_was_set_back(fleet: Fleet) -> None:
    add(fleet, 10 * MINUTE, 10 * MINUTE)
    fleet.judge()
    shows = add(fleet, 9 * MINUTE, 9 * MINUTE + 3 * DAY, "bad")
    fleet.judge()
    add(fleet, 8 * MINUTE, 8 * MINUTE + 3 * DAY)
    fleet.judge()
    ((opened_in, seen),) = engine.rows(
        fleet.config.database,
        "SELECT opened_in_report_id, seen_report_id FROM violation"
        " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'a-rule'",
    )
    assert (opened_in, seen) == (shows, shows)
