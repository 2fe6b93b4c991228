"""What is judged of a report is what was so when it came, whatever came with it or since."""

from __future__ import annotations

import pytest

from service.report import Process, Report
from service.store.write.new_report import NewReport
from service.times import HOUR, MINUTE
from tests.support import engine
from tests.support.judged_fleet import WEB, Fleet


def made(at: int, *names: str, address: str = "10.0.0.1", machine: str = "m1") -> Report:
    processes: list[Process] = [(1 + n, name, "root", 0) for n, name in enumerate(("init", *names))]
    profile = WEB._replace(ipaddress=address, nombre_host=f"web-{address}")
    return Report(at, profile, processes, [], repr((at, names)).encode(), [], machine)


def test_reports_of_one_transaction_are_judged_one_by_one(fleet: Fleet) -> None:
    first = fleet.add(HOUR)
    fleet.judge()
    start = fleet.now - 30 * MINUTE
    contents = [("bad",), (), ("bad", "worse"), ("bad",), ()]
    spool = [made(start + n * MINUTE, *names) for n, names in enumerate(contents)]
    late = made(start - MINUTE, "bad")
    mixed = [*spool[:2], late, *spool[2:]]
    stored = fleet.store.add_all([NewReport(report, fleet.now) for report in mixed])
    a, b, of_late, c, _, e = (each.id_serv for each in stored)
    fleet.judge()
    assert fleet.violations() == [
        (first, of_late, a, "resuelta", 1),
        (first, a, b, "resuelta", 0),
        (b, c, e, "resuelta", 0),
    ]


@pytest.mark.parametrize("is_behind", [False, True])
def test_a_clone_that_came_later_changes_no_earlier_verdict(
    fleet: Fleet, *, is_behind: bool
) -> None:
    adjustments = fleet.rule.parent / "ajustes.toml"
    text = adjustments.read_text(encoding="utf-8")
    adjustments.write_text(text.replace("[clonado]\nactiva = false\n", ""), encoding="utf-8")
    fleet.judge()
    engine.execute(fleet.config.database, "UPDATE policy_text SET first_seen_at = 1")
    numbers = []
    for ago, address in ((5, "10.0.0.1"), (4, "10.0.0.1"), (3, "10.0.0.2"), (2, "10.0.0.1")):
        at = fleet.now - ago * MINUTE
        numbers.append(fleet.store.add(made(at, address=address), at).id_serv)
        if not is_behind:
            fleet.judge()
    fleet.judge()
    opened = engine.rows(
        fleet.config.database,
        "SELECT server_id, opened_after_report_id, opened_in_report_id FROM violation"
        " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'clonado' ORDER BY 1",
    )
    _, second, of_clone, last = numbers
    assert opened == [(1, second, last), (2, None, of_clone)]
