"""Many new names: they are stored before their report, and show nothing without it."""

from __future__ import annotations

from service.report import Process, Report
from service.store.queries import load_queries
from service.store.write.interning_ahead import FEW
from service.store.write.reports import ReportStore
from tests.store.test_workers import add_with_plans, assert_sound
from tests.support.examples import CRON, JUAN, SSHD, report
from tests.support.stores import Stores, stores

MANY: list[Process] = [
    (number, f"name {number}", ("root", None, f"user {number}")[number % 3], None)
    for number in range(1, FEW + 500)
]
MORE: list[Process] = [*MANY[: FEW // 2], (1, None, None, None), (2, None, "root", None)]


def add_ahead(both: Stores, each: Report, store: ReportStore | None = None) -> None:
    store = store or both.store
    add_with_plans(both, [each], [store.interned_ahead(store.plan(each, each.taken_at))])


def test_a_report_whose_names_were_interned_ahead_is_stored_exactly() -> None:
    with stores() as both:
        other = ReportStore(both.database, load_queries())
        add_ahead(both, report(1, *MANY, JUAN))
        add_ahead(both, report(2, *MORE), other)
        both.add(report(3, CRON, SSHD))
        add_ahead(both, report(4, *MANY))
        add_ahead(both, report(2.5, *MORE, *MANY))  # late
        assert_sound(both)


def test_two_workers_that_intern_the_same_names_ahead_add_them_once() -> None:
    with stores() as both:
        other = ReportStore(both.database, load_queries())
        first, second = report(1, *MANY), report(2, *MANY, CRON)
        plans = [both.store.plan(first, 0), other.plan(second, 0)]
        ahead = [both.store.interned_ahead(plans[0]), other.interned_ahead(plans[1])]
        assert both.rows("SELECT count(*) FROM process_name") == [(len(MANY) + 1,)]
        stored = both.store.add(first, first.taken_at, ahead[0])
        assert stored.new
        assert both.rows("SELECT count(*) FROM program") == [(len(MANY) + 1,)]


def test_names_whose_report_was_never_stored_show_nothing() -> None:
    with stores() as both:
        both.add(report(1, CRON))
        lost = report(2, *MANY)
        both.store.interned_ahead(both.store.plan(lost, lost.taken_at))
        assert_sound(both)
        both.add(report(3, *MANY[:3]))
        assert_sound(both)
