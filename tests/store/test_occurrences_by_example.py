"""OccurrenceStore: what a reader should know of it, in short histories."""

from __future__ import annotations

from functools import partial

from service.store.read.moments import LateRecord, Moment
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrence_rows import LoginHistory, ProcessHistory
from service.store.read.walk import Effort
from tests.store.test_occurrences import KINDS, LIMIT, stored
from tests.support.examples import CRON, HOUR, JUAN, PROFILE, SSHD, arrived, report


def test_a_page_ends_after_the_steps_that_it_may_make() -> None:
    profiles = [PROFILE._replace(ipaddress=f"10.0.0.{number}") for number in range(1, 21)]
    history = arrived(*(report(1, CRON, SSHD, JUAN, profile=each) for each in profiles))
    effort = Effort(steps=4, names=0, few_names=0, servers=20, chunk=1)
    with stored(history, KINDS[0]) as (_, ours):
        nothing = ProcessFilter(name="nothing*")
        for ask in (
            partial(ours.now, nothing),
            partial(ours.at, nothing, Moment(HOUR)),
            partial(ours.history, nothing),
        ):
            pages = 0
            after: int | None = 0
            while after is not None:
                pages, after = pages + 1, ask(after, LIMIT, effort=effort).after
            assert pages >= 20 * 2 // 4, "two rows on each of twenty servers, four steps a page"


def test_a_late_report_is_never_the_record_shown() -> None:
    history = arrived(report(1, CRON), report(3, CRON), report(2, SSHD))
    with stored(history, KINDS[0]) as (_, ours):
        page = ours.at(ProcessFilter(), Moment(round(2.5 * HOUR)), 0, LIMIT)
        (shown,) = page.rows
        assert (shown.name, shown.id_serv, shown.has_late) == ("cron", 1, True)
        assert (shown.seen_from, shown.seen_until) == (HOUR, 3 * HOUR)
        assert page.late.records == [LateRecord(1, 3, 2 * HOUR, 3 * HOUR)]
        (now,) = ours.now(ProcessFilter(), 0, LIMIT).rows
        assert (now.name, now.seen_from, now.seen_until) == ("cron", HOUR, 3 * HOUR)


def test_each_report_of_a_drained_spool_is_shown_at_its_own_time() -> None:
    drained = [(report(hour, CRON if hour % 2 else SSHD), 9 * HOUR + hour) for hour in range(1, 9)]
    with stored(drained, KINDS[0]) as (_, ours):
        for hour in range(1, 9):
            (shown,) = ours.at(ProcessFilter(name="*"), Moment(hour * HOUR), 0, LIMIT).rows
            assert (shown.name, shown.taken_at) == ("cron" if hour % 2 else "sshd", hour * HOUR)


def test_the_history_leaves_out_names_of_late_reports() -> None:
    history = arrived(report(1, CRON), report(3, CRON), report(2, SSHD))
    with stored(history, KINDS[0]) as (_, ours):
        place = (1, 2, PROFILE.ipaddress, None)
        assert ours.history(ProcessFilter(), 0, LIMIT).rows == [
            ProcessHistory(*place, "cron", "root", HOUR, 3 * HOUR, True, 3 * HOUR, silent=False)
        ]


def test_what_a_silent_server_said_last_does_not_run_now() -> None:
    history = arrived(report(1, CRON), report(2, CRON))
    with stored(history, KINDS[0], 6 * HOUR) as (_, ours):
        (shown,) = ours.now(ProcessFilter(), 0, LIMIT).rows
        assert (shown.name, shown.silent, shown.heard_at) == ("cron", True, 2 * HOUR)
        assert ours.now(ProcessFilter(), 0, LIMIT, silent=False).rows == []
        assert ours.now(ProcessFilter(), 0, LIMIT, silent=True).rows == [shown]
        (seen,) = ours.history(ProcessFilter(), 0, LIMIT).rows
        assert (seen.running, seen.last_at, seen.silent) == (False, 2 * HOUR, True)


def test_a_login_has_no_name_of_a_program() -> None:
    with stored(arrived(report(1, CRON, JUAN), report(2)), KINDS[1]) as (_, ours):
        (shown,) = ours.at(LoginFilter(username="ju*"), Moment(HOUR), 0, LIMIT).rows
        assert (shown.username, shown.pid) == ("juan", 829)
        (history_row,) = ours.history(LoginFilter(username="juan"), 0, LIMIT).rows
        assert history_row == LoginHistory(
            1, 2, PROFILE.ipaddress, None, "juan", HOUR, HOUR, False, 2 * HOUR, silent=False
        )
