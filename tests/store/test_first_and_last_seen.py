"""When a name was first and last seen: a late report never moves either the wrong way."""

from __future__ import annotations

import pytest

from service.report import Report
from service.store.queries import load_queries
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrences import login_occurrences, process_occurrences
from service.times import HOUR
from tests.support.examples import CRON, JUAN, SSHD, arrived, report
from tests.support.stores import stores


@pytest.mark.parametrize(
    ("reports", "first", "last"),
    [
        ([report(1, SSHD, JUAN), report(3, SSHD, JUAN), report(4), report(2, SSHD, JUAN)], 1, 3),
        ([report(3, SSHD, JUAN), report(4), report(1, SSHD, JUAN)], 3, 3),
        ([report(1, SSHD, JUAN), report(2), report(5), report(4, SSHD, JUAN)], 1, 1),
        ([report(1, SSHD, JUAN), report(2, CRON), report(3, SSHD, JUAN), report(4)], 1, 3),
    ],
    ids=["late between", "late before", "late after", "came again"],
)
def test_first_and_last_seen_are_the_extremes_of_the_reports_in_order(
    reports: list[Report], first: int, last: int
) -> None:
    with stores() as both:
        both.add_history(arrived(*reports))
        queries = load_queries()
        processes = process_occurrences(both.database, queries)
        logins = login_occurrences(both.database, queries)
        (sshd,) = processes.history(ProcessFilter(name="sshd"), 0, 10).rows
        (juan,) = logins.history(LoginFilter(username="juan"), 0, 10).rows
        for shown in (sshd, juan):
            assert (shown.first_at, shown.last_at) == (first * HOUR, last * HOUR)
            assert not shown.running
