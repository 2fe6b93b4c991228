"""Names are kept once, and with the first report that showed them."""

from __future__ import annotations

from service.report import Process
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from tests.support.examples import CRON, JUAN, PROFILE, report
from tests.support.stores import Stores, stores

NULLS: list[Process] = [(1, None, "root", None), (2, "cron", None, None), (3, None, None, None)]


def add_from_two_workers(both: Stores, *rows: Process | tuple[object, ...]) -> None:
    """Two servers that show the same, stored by two processes: neither remembers for the other."""
    for hour, address in ((1, "10.0.0.1"), (2, "10.0.0.2")):
        each = report(hour, *rows, profile=PROFILE._replace(ipaddress=address))  # type: ignore[arg-type]
        ReportStore(both.database, load_queries()).add(each, each.taken_at)


def test_names_that_the_system_denied_are_kept_once() -> None:
    with stores() as both:
        add_from_two_workers(both, *NULLS, (829, None, None, None, None))
        assert both.rows("SELECT count(*) FROM process_name") == [(3,)]
        assert both.rows("SELECT count(*) FROM login_name") == [(1,)]


def test_names_keep_the_first_report_that_showed_them() -> None:
    with stores() as both:
        add_from_two_workers(both, CRON, JUAN)
        for table in ("process_name", "login_name"):
            ((server, seq),) = both.rows(f"SELECT server_id, first_seq FROM {table}")
            assert (server, seq) == (1, 1)
