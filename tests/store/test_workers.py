"""Several workers on one database: no worker uses a remembered state that is outdated."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.report import Report
from service.store.queries import load_queries
from service.store.read.consistency import open_content
from service.store.write.plans import Plan
from service.store.write.reports import ReportStore
from tests.support import plain_store
from tests.support.examples import CRON, JUAN, SSHD, report
from tests.support.generated import histories
from tests.support.stores import Stores, stores


def assert_sound(both: Stores) -> None:
    for relation in plain_store.RELATIONS:
        ours = plain_store.rows(both.rows, relation)
        assert ours == plain_store.rows(both.plain.execute, relation), relation
    with open_content(both.database, load_queries()) as content:
        assert content.damage() == []


@settings(max_examples=40, deadline=None)
@given(histories(), st.lists(st.integers(0, 1), min_size=12, max_size=12))
def test_two_workers_that_take_turns_store_what_one_would(
    history: list[tuple[Report, int]], turns: list[int]
) -> None:
    with stores() as both:
        workers = [both.store, ReportStore(both.database, load_queries())]
        for (each, received_at), turn in zip(history, turns, strict=False):
            both.store = workers[turn]
            both.add(each, received_at)
        assert_sound(both)


def test_a_worker_does_not_use_the_running_rows_of_an_older_report() -> None:
    with stores() as both:
        first, second = both.store, ReportStore(both.database, load_queries())
        both.add(report(1, CRON, SSHD, JUAN))
        both.store = second
        both.add(report(2, SSHD))
        both.store = first  # which remembers report 1
        both.add(report(3, CRON, SSHD, JUAN))
        both.add(report(4, CRON))
        assert_sound(both)


def add_with_plans(both: Stores, reports: list[Report], plans: list[Plan]) -> None:
    """Stores reports as planned before any of them was stored."""
    for each, plan in zip(reports, plans, strict=True):
        stored = both.store.add(each, each.taken_at, plan)
        plain_store.insert(both.plain, each, stored.id_serv)


def test_a_plan_is_made_anew_if_another_report_of_the_server_was_stored_meanwhile() -> None:
    with stores() as both:
        both.add(report(1, CRON, JUAN))
        reports = [report(2, SSHD), report(3, CRON, SSHD), report(0.5, SSHD)]
        add_with_plans(both, reports, [both.store.plan(each, 0) for each in reports])
        assert_sound(both)


def test_the_plan_of_a_late_report_is_made_anew_if_another_late_one_was_stored_meanwhile() -> None:
    with stores() as both:
        both.add(report(3, CRON))
        reports = [report(1, SSHD), report(2, CRON)]
        add_with_plans(both, reports, [both.store.plan(each, 0) for each in reports])
        assert_sound(both)


def test_a_retry_that_was_planned_twice_is_stored_once() -> None:
    with stores() as both:
        both.add(report(1, CRON))
        again = report(2, SSHD)
        plans = [both.store.plan(again, 0), both.store.plan(again, 0)]
        stored = [both.store.add(again, 0, plan) for plan in plans]
        assert [each.new for each in stored] == [True, False]
        assert stored[0].id_serv == stored[1].id_serv
