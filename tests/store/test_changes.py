"""HistoryStore: the changes of a server, compared with a plain computation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given, settings

from service.report import Report
from service.store.queries import load_queries
from service.store.read.changes import Change, Lifetime, Lifetimes, Period, RecordRef
from service.store.read.history import HistoryStore
from service.times import MINUTE
from tests.support import plain_answers as plain
from tests.support.examples import CRON, HOUR, PROFILE, SSHD, arrived, report
from tests.support.generated import BOUNDS, histories
from tests.support.paging import all_pages
from tests.support.stores import Stores, stores

History = list[tuple[Report, int]]
LIMIT = 10_000  # more than there is


@contextmanager
def stored(history: History) -> Iterator[tuple[Stores, HistoryStore]]:
    with stores() as both:
        both.add_history(history)
        yield both, HistoryStore(both.database, load_queries())


@settings(max_examples=50, deadline=None)
@given(histories(), BOUNDS, BOUNDS)
def test_changes_are_the_differences_of_consecutive_reports(
    history: History, since: int | None, until: int | None
) -> None:
    with stored(history) as (both, ours):
        assert_changes_are_the_differences(both, ours, since, until)


def assert_changes_are_the_differences(
    both: Stores, ours: HistoryStore, since: int | None, until: int | None
) -> None:
    for server_id in plain.servers(both.records):
        whole = ours.changes(server_id, Period(since, until), 0, LIMIT)
        assert whole.after is None
        expected = list(plain.changes(both.records, server_id, since, until))
        assert Counter(whole.changes) == Counter(expected)
        numbers = [change.after.id_serv for change in whole.changes]
        assert numbers == [change.after.id_serv for change in expected]
        backwards = ours.changes(server_id, Period(since, until), 0, LIMIT, newest_first=True)
        assert backwards.changes == whole.changes[::-1]


@settings(max_examples=12, deadline=None)
@given(histories(), BOUNDS)
def test_pages_of_changes_join_to_the_whole(history: History, since: int | None) -> None:
    with stored(history) as (both, ours):
        for server_id in plain.servers(both.records):
            for newest_first in (False, True):
                ask = partial(ours.changes, server_id, Period(since), newest_first=newest_first)
                whole = ask(0, LIMIT).changes
                for limit in (1, 2, 3):
                    assert all_pages(ask, "changes", limit) == whole


@settings(max_examples=40, deadline=None)
@given(histories(), BOUNDS, BOUNDS)
def test_lifetimes_equal_those_of_consecutive_reports(
    history: History, since: int | None, until: int | None
) -> None:
    with stored(history) as (both, ours):
        for server_id in plain.servers(both.records):
            expected, steady = plain.lifetimes(both.records, server_id, since, until)
            shown = ours.lifetimes(server_id, Period(since, until), LIMIT)
            assert Counter(shown.spans) == Counter(expected)
            assert (shown.changed, shown.steady) == (len(expected), steady)
            few = ours.lifetimes(server_id, Period(since, until), 2)
            assert few.spans == shown.spans[:2]
            assert (few.changed, few.steady) == (len(expected), steady)
            named = ours.lifetimes(server_id, Period(since, until), LIMIT, q="RO")
            assert named.spans == [one for one in shown.spans if "ro" in (one.name or "").lower()]


def test_lifetimes_are_complete_for_every_period() -> None:
    # A process for each way to begin and end: before, within and after a period.
    last = 12
    lives = [(first, gone) for first in range(1, last + 1) for gone in range(first + 1, last + 2)]
    history = arrived(
        *(
            report(
                hour,
                *(
                    (pid, "sh", None, None)
                    for pid, life in enumerate(lives)
                    if life[0] <= hour < life[1]
                ),
            )
            for hour in range(1, last + 1)
        )
    )
    with stored(history) as (both, ours):
        for since in range(1, last + 1):
            for until in range(since, last + 1):
                span = (since * HOUR, until * HOUR)
                expected = Counter(plain.changes(both.records, 1, *span))
                assert Counter(ours.changes(1, Period(*span), 0, LIMIT).changes) == expected
                spans, steady = plain.lifetimes(both.records, 1, *span)
                shown = ours.lifetimes(1, Period(*span), LIMIT)
                assert (Counter(shown.spans), shown.steady) == (Counter(spans), steady)


@pytest.mark.torture
@settings(max_examples=800, deadline=None)
@given(histories(most=40), BOUNDS, BOUNDS)
def test_changes_and_lifetimes_of_long_histories(
    history: History, since: int | None, until: int | None
) -> None:
    with stored(history) as (both, ours):
        assert_changes_are_the_differences(both, ours, since, until)
        for server_id in plain.servers(both.records):
            expected, steady = plain.lifetimes(both.records, server_id, since, until)
            shown = ours.lifetimes(server_id, Period(since, until), LIMIT)
            assert (Counter(shown.spans), shown.steady) == (Counter(expected), steady)


def told_by(ours: HistoryStore, **span: int) -> list[tuple[str, str | None, int]]:
    """Kind, program and record of each change."""
    page = ours.changes(1, Period(span.get("since"), span.get("until")), 0, LIMIT)
    return [(change.kind, change.name, change.after.id_serv) for change in page.changes]


def test_the_first_report_starts_no_process() -> None:
    with stored(arrived(report(1, CRON))) as (_, ours):
        (first,) = ours.changes(1, Period(), 0, LIMIT).changes
        assert first == Change("primer_informe", None, RecordRef(1, HOUR, HOUR))


def test_each_change_names_the_two_reports_that_bracket_it() -> None:
    with stored(arrived(report(1, CRON), report(2, SSHD))) as (_, ours):
        ends = (RecordRef(1, HOUR, HOUR), RecordRef(2, 2 * HOUR, 2 * HOUR))
        assert ours.changes(1, Period(2 * HOUR), 0, LIMIT).changes == [
            Change("proceso_desaparece", *ends, 7, "cron", "root"),
            Change("proceso_aparece", *ends, 9, "sshd", "root"),
        ]


def test_a_late_report_changes_nothing() -> None:
    history = arrived(report(1, CRON), report(3, CRON), report(2, CRON, SSHD))
    with stored(history) as (_, ours):
        assert told_by(ours) == [("primer_informe", None, 1)]
        assert ours.lifetimes(1, Period(), LIMIT) == Lifetimes([], changed=0, steady=1)


def test_a_period_includes_both_of_its_ends() -> None:
    history = arrived(report(1), report(2, CRON), report(3, CRON, SSHD), report(4))
    with stored(history) as (_, ours):
        assert told_by(ours, since=2 * HOUR, until=3 * HOUR) == [
            ("proceso_aparece", "cron", 2),
            ("proceso_aparece", "sshd", 3),
        ]


def test_a_lifetime_is_cut_at_the_ends_of_the_period() -> None:
    history = arrived(report(1, CRON), report(2, CRON, SSHD), report(3, SSHD), report(4))
    with stored(history) as (_, ours):
        assert ours.lifetimes(1, Period(2 * HOUR, 3 * HOUR), LIMIT) == Lifetimes(
            # CRON at 1 and SSHD at 4 are outside of the period.
            [Lifetime(7, "cron", "root", None, 2 * HOUR, 2 * HOUR, 3 * HOUR)],
            changed=1,
            steady=1,
        )


def test_a_new_profile_is_one_change_for_each_attribute() -> None:
    later = PROFILE._replace(version_so="13", nombre_host="web-1")
    with stored(arrived(report(1), report(2, profile=later))) as (_, ours):
        changes = ours.changes(1, Period(2 * HOUR), 0, LIMIT).changes
        told = [(each.attribute, each.value_before, each.value_after) for each in changes]
        assert told == [("version_so", "12", "13"), ("nombre_host", None, "web-1")]


def test_the_search_in_lifetimes_ignores_case_on_both_sides() -> None:
    shouting = (7, "CRON", "root", None)
    with stored(arrived(report(1), report(2, shouting, SSHD))) as (_, ours):
        for text in ("ron", "RON", "Ron"):
            spans = ours.lifetimes(1, Period(), LIMIT, q=text).spans
            assert [each.name for each in spans] == ["CRON"]


@pytest.mark.parametrize(
    ("booted_at", "changes"),
    [
        (10 * HOUR + MINUTE, []),
        (10 * HOUR - MINUTE, []),
        (11 * HOUR, [("inicio", "1970-01-01 10:00:00.000000", "1970-01-01 11:00:00.000000")]),
        (9 * HOUR, [("inicio", "1970-01-01 10:00:00.000000", "1970-01-01 09:00:00.000000")]),
        (None, []),
    ],
)
def test_a_boot_time_that_moves_by_more_than_a_minute_is_a_change(
    booted_at: int | None, changes: list[tuple[str, str, str]]
) -> None:
    before = PROFILE._replace(version_esquema=2, booted_at=10 * HOUR)
    after = before._replace(booted_at=booted_at)
    with stored(arrived(report(20, profile=before), report(21, profile=after))) as (_, ours):
        shown = ours.changes(1, Period(21 * HOUR), 0, LIMIT).changes
        assert [(each.attribute, each.value_before, each.value_after) for each in shown] == changes


def test_a_report_without_a_version_is_of_version_1() -> None:
    newer = PROFILE._replace(version_esquema=2)
    with stored(arrived(report(1), report(2, profile=newer))) as (_, ours):
        (change,) = ours.changes(1, Period(2 * HOUR), 0, LIMIT).changes
        assert (change.value_before, change.value_after) == ("1", "2")
