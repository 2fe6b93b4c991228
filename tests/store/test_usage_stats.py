"""UsageStore: figures over the whole fleet, compared with a plain computation."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from service.report import Report
from service.store.queries import load_queries
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrences import process_occurrences
from service.store.read.silence import Silence
from service.store.read.usage_stats import Count, FirstLastSeen, UsageStore
from tests.support import plain_answers as plain
from tests.support.examples import CRON, HOUR, arrived, report
from tests.support.generated import WAITS, histories
from tests.support.stores import StoredReport, Stores, stores

History = list[tuple[Report, int]]
PATTERNS = st.sampled_from([None, "cron", "sshd", "", "*", "C*", "*h*", "none"])
FILTERS = st.just(ProcessFilter(name="*")) | st.builds(
    ProcessFilter, name=PATTERNS, username=PATTERNS
)


def heard(both: Stores, silence: Silence) -> list[StoredReport]:
    """The newest records of the servers that are not silent."""
    return [
        record
        for record in plain.all_newest(both.records)
        if not plain.is_silent_now(both.records, record.server_id, silence)
    ]


def in_order(both: Stores) -> list[StoredReport]:
    return [record for record in both.records if not record.late]


def ran(
    records: list[StoredReport], criteria: ProcessFilter
) -> list[tuple[int, int, str | None, str | None]]:
    """Server, place, name and username of each selected process."""
    return [
        (one.server_id, one.placed_at, name, username)
        for one in records
        for _, name, username, _ in one.report.processes
        if plain.matches(criteria.name, name) and plain.matches(criteria.username, username)
    ]


def logged_in(records: list[StoredReport], criteria: LoginFilter) -> list[tuple[int, int]]:
    return [
        (one.server_id, one.placed_at)
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
        partial=False,
    )


@settings(max_examples=20, deadline=None)
@given(histories(), FILTERS, WAITS)
def test_figures_equal_counts_over_all_records(
    history: History, criteria: ProcessFilter, wait: int
) -> None:
    at = history[-1][1] + wait
    silence = Silence(clock=lambda: at)
    with stores() as both:
        both.add_history(history)
        ours = UsageStore(both.database, load_queries(), silence)
        now = ran(heard(both, silence), criteria)

        assert ours.servers() == len(plain.servers(both.records))
        assert dict(ours.users_of(criteria).value or []) == Counter(row[3] for row in now)
        assert ours.processes(criteria).value.seen == first_last_seen(
            [row[:2] for row in ran(in_order(both), criteria)], going_on=bool(now)
        )
        of_user = LoginFilter(username=criteria.username)
        programs = ours.programs_of(of_user).value or []
        assert dict(programs) == Counter(
            row[2] for row in ran(heard(both, silence), ProcessFilter(username=of_user.username))
        )
        assert [count for _, count in programs] == sorted(dict(programs).values(), reverse=True)
        assert ours.logins(of_user).value.seen == first_last_seen(
            logged_in(in_order(both), of_user),
            going_on=bool(logged_in(heard(both, silence), of_user)),
        )


@settings(max_examples=20, deadline=None)
@given(histories(), FILTERS, WAITS)
def test_counts_are_of_servers_that_are_heard(
    history: History, criteria: ProcessFilter, wait: int
) -> None:
    at = history[-1][1] + wait
    silence = Silence(clock=lambda: at)
    of_user = LoginFilter(username=criteria.username)
    with stores() as both:
        both.add_history(history)
        ours = UsageStore(both.database, load_queries(), silence)
        now = heard(both, silence)
        silent = [record for record in plain.all_newest(both.records) if record not in now]
        for presence, running, last in (
            (ours.processes(criteria), ran(now, criteria), ran(silent, criteria)),
            (ours.logins(of_user), logged_in(now, of_user), logged_in(silent, of_user)),
        ):
            servers, silent_servers = ({row[0] for row in rows} for rows in (running, last))
            assert (presence.value.now, presence.at) == (
                Count(len(servers), len(running), len(silent_servers), partial=False),
                at,
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
                (server_id, reports[first].placed_at, reports[last].placed_at)
                for first, last in zip(firsts, lasts, strict=True)
            ]
    return sorted(found)


@settings(max_examples=20, deadline=None)
@given(histories(), FILTERS, st.integers(1, 3))
def test_runs_are_consecutive_reports(history: History, criteria: ProcessFilter, most: int) -> None:
    with stores() as both:
        both.add_history(history)
        queries = load_queries()
        ours = UsageStore(both.database, queries)
        occurrences = process_occurrences(both.database, queries)
        whole = occurrences.history(criteria, 0, 1000)
        assert sorted(ours.runs(whole, 1000)) == runs(both, criteria)
        # A page has the latest runs of its rows.
        after: int | None = 0
        while after is not None:
            page = occurrences.history(criteria, after, 2)
            shown = ours.runs(page, most)
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
        queries = load_queries()
        ours = UsageStore(both.database, queries)
        page = process_occurrences(both.database, queries).history(ProcessFilter(name="cron"), 0, 9)
        for most, first_hours in ((1, [7]), (2, [5, 7]), (3, [3, 5, 7]), (9, [1, 3, 5, 7])):
            shown = ours.runs(page, most)
            assert [run.first_at for run in shown] == [hour * HOUR for hour in first_hours]


@settings(max_examples=20, deadline=None)
@given(histories(), FILTERS, st.integers(1, 6))
def test_a_figure_that_looks_at_too_little_says_so(
    history: History, criteria: ProcessFilter, most: int
) -> None:
    at = history[-1][1]
    silence = Silence(clock=lambda: at)
    with stores() as both:
        both.add_history(history)
        queries = load_queries()
        whole = UsageStore(both.database, queries, silence)
        ours = UsageStore(both.database, queries, silence, most)
        count, exact = (
            ours.processes(criteria).value.now,
            whole.processes(criteria).value.now,
        )
        if count.partial:
            assert all(some <= every for some, every in zip(count[:3], exact[:3], strict=True))
        else:
            assert count == exact
        seen, exactly = ours.processes(criteria).value.seen, whole.processes(criteria).value.seen
        assert seen.servers <= exactly.servers if seen.partial else seen == exactly
        assert seen.partial == count.partial
        users = ours.users_of(criteria).value
        assert users == (None if count.partial else whole.users_of(criteria).value)
