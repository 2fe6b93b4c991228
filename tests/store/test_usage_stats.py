"""UsageStore: figures over the whole fleet, compared with a plain computation."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from service.report import Report
from service.store.queries import load_queries
from service.store.read.occurrences import LoginFilter, ProcessFilter, process_occurrences
from service.store.read.usage_stats import FirstLastSeen, UsageStore
from tests.support import plain_answers as plain
from tests.support.examples import CRON, HOUR, arrived, report
from tests.support.generated import histories
from tests.support.stores import Stores, stores

History = list[tuple[Report, int]]
PATTERNS = st.sampled_from([None, "cron", "sshd", "", "*", "C*", "*h*", "none"])
FILTERS = st.builds(ProcessFilter, name=PATTERNS, username=PATTERNS)


def ran(
    both: Stores, criteria: ProcessFilter, *, now: bool
) -> list[tuple[int, int, str | None, str | None]]:
    """Server, time, name and username of each selected process, in all or the newest records."""
    records = plain.all_newest(both.records) if now else both.records
    return [
        (one.server_id, one.taken_at, name, username)
        for one in records
        for _, name, username, _ in one.report.processes
        if plain.matches(criteria.name, name) and plain.matches(criteria.username, username)
    ]


def logged_in(both: Stores, criteria: LoginFilter, *, now: bool) -> list[tuple[int, int]]:
    records = plain.all_newest(both.records) if now else both.records
    return [
        (one.server_id, one.taken_at)
        for one in records
        for _, username, *_ in one.report.logins
        if plain.matches(criteria.username, username)
    ]


def first_last_seen(ever: list[tuple[int, int]], *, going_on: bool) -> FirstLastSeen:
    moments = [moment for _, moment in ever]
    return FirstLastSeen(
        len({server for server, _ in ever}),
        min(moments, default=None),
        None if going_on else max(moments, default=None),
    )


@settings(max_examples=40, deadline=None)
@given(histories(), FILTERS)
def test_figures_equal_counts_over_all_records(history: History, criteria: ProcessFilter) -> None:
    with stores() as both:
        both.add_history(history)
        ours = UsageStore(both.database, load_queries())
        now = ran(both, criteria, now=True)

        assert ours.servers() == len(plain.servers(both.records))
        assert dict(ours.users_of(criteria)) == Counter(row[3] for row in now)
        assert ours.processes(criteria) == first_last_seen(
            [row[:2] for row in ran(both, criteria, now=False)], going_on=bool(now)
        )
        of_user = LoginFilter(username=criteria.username)
        programs = ours.programs_of(of_user)
        assert dict(programs) == Counter(
            row[2] for row in ran(both, ProcessFilter(username=of_user.username), now=True)
        )
        assert [count for _, count in programs] == sorted(dict(programs).values(), reverse=True)
        assert ours.logins(of_user) == first_last_seen(
            logged_in(both, of_user, now=False),
            going_on=bool(logged_in(both, of_user, now=True)),
        )


def runs(both: Stores, criteria: ProcessFilter) -> list[tuple[int, int, int]]:
    """The consecutive reports that show each name on each server."""
    found = []
    for server_id in plain.servers(both.records):
        reports = plain.on_time(both.records, server_id)
        shown = [{row[1:3] for row in record.report.processes} for record in reports]
        for name, username in set().union(*shown):
            if not plain.matches(criteria.name, name):
                continue
            if not plain.matches(criteria.username, username):
                continue
            has = [(name, username) in names for names in shown]
            firsts = [at for at, it in enumerate(has) if it and not (at and has[at - 1])]
            lasts = [at for at, it in enumerate(has) if it and not [*has, False][at + 1]]
            found += [
                (server_id, reports[first].taken_at, reports[last].taken_at)
                for first, last in zip(firsts, lasts, strict=True)
            ]
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(histories(), FILTERS, st.integers(1, 3))
def test_runs_are_consecutive_reports(history: History, criteria: ProcessFilter, most: int) -> None:
    with stores() as both:
        both.add_history(history)
        queries = load_queries()
        ours = UsageStore(both.database, queries)
        occurrences = process_occurrences(both.database, queries)
        assert sorted(ours.runs(criteria, 0, 1000, 1000)) == runs(both, criteria)
        # A page has the latest runs of its rows.
        after: int | None = 0
        while after is not None:
            page = occurrences.history(criteria, after, 2)
            shown = ours.runs(criteria, after, 2, most)
            assert {run.server_id for run in shown} <= {row.server_id for row in page.rows}
            assert len(shown) <= most * len(page.rows)
            for row in page.rows:
                if row.running:
                    assert row.last_at in [run.last_at for run in shown]
            after = page.after


def test_of_many_runs_the_latest_ones_are_returned() -> None:
    history = arrived(*(report(hour, *([CRON] if hour % 2 else [])) for hour in range(1, 9)))
    with stores() as both:
        both.add_history(history)
        ours = UsageStore(both.database, load_queries())
        for most, first_hours in ((1, [7]), (2, [5, 7]), (3, [3, 5, 7]), (9, [1, 3, 5, 7])):
            shown = ours.runs(ProcessFilter(name="cron"), 0, 10, most)
            assert [run.first_at for run in shown] == [hour * HOUR for hour in first_hours]
