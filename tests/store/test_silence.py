"""Silence is judged by what came, and at a time that has come."""

from __future__ import annotations

import pytest

from service.store.queries import load_queries
from service.store.read.fleet import FleetStore
from service.store.read.moments import Moment
from service.store.read.server_filter import ServerFilter
from service.store.read.silence import Silence
from service.store.read.usage_stats import UsageStore
from service.store.write.verdicts import VerdictStore
from tests.store.test_placement import report_of
from tests.support.plain_time import DAY, HOUR, MINUTE, Arrival
from tests.support.stores import Stores, stores

NOW = 1_790_000_000 * 1_000_000
CAME = NOW - 10 * DAY  # the last report of each
EVERYONE = ServerFilter()


def fleet(both: Stores) -> FleetStore:
    silence = Silence(clock=lambda: NOW)
    queries = load_queries()
    usage = UsageStore(both.database, queries, silence)
    return FleetStore(both.database, queries, usage, silence)


@pytest.mark.parametrize(
    "moment", [None, Moment(NOW), Moment(NOW, NOW), Moment(NOW - DAY)], ids=str
)
@pytest.mark.parametrize(
    "times",
    [
        [(0, CAME - 5 * MINUTE), (CAME, CAME)],
        [(0, CAME - 10 * MINUTE), (CAME - 5 * MINUTE, CAME - 5 * MINUTE), (CAME, CAME)],
        [(year * 365 * DAY, CAME - 5 * MINUTE + year) for year in range(0, 50, 10)],
    ],
    ids=["first of 1970", "first of 1970, then two", "one a decade"],
)
def test_a_server_that_began_with_an_old_report_falls_silent(
    times: list[tuple[int, int]], moment: Moment | None
) -> None:
    with stores() as both:
        for t, r in times:
            both.store.add(report_of(Arrival("web", t, r)), r)
        (state,) = fleet(both).page(EVERYONE, moment, 0, 10).servers
        assert state.silent


LIMIT = 15 * MINUTE


@pytest.mark.parametrize("moment", [None, Moment(NOW), Moment(NOW, NOW)], ids=str)
@pytest.mark.parametrize(
    ("spans", "is_silent"),
    [
        ([], True),
        ([(CAME + MINUTE, None)], False),  # it goes on
        ([(CAME + MINUTE, NOW - LIMIT)], False),
        ([(CAME + MINUTE, NOW - LIMIT - 1)], True),
        ([(CAME + LIMIT, NOW)], False),
        ([(CAME + LIMIT + 1, NOW)], True),  # it was silent before
        ([(CAME + MINUTE, CAME + HOUR), (CAME + HOUR + LIMIT, NOW)], False),  # it had no chance
        ([(CAME + MINUTE, CAME + HOUR), (CAME + HOUR + LIMIT + 1, NOW)], True),
        ([(CAME - HOUR, CAME)], True),  # it was heard since
    ],
)
def test_nobody_is_shown_as_silent_for_what_the_service_could_not_hear(
    spans: list[tuple[int, int | None]], moment: Moment | None, *, is_silent: bool
) -> None:
    with stores() as both:
        both.store.add(report_of(Arrival("web", CAME, CAME)), CAME)
        with both.database.transaction() as connection:
            for span in spans:
                VerdictStore(load_queries()).add_deaf_span(connection, *span)
        (state,) = fleet(both).page(EVERYONE, moment, 0, 10).servers
        assert state.silent is is_silent


def test_nobody_was_silent_while_the_service_could_not_hear() -> None:
    with stores() as both:
        both.store.add(report_of(Arrival("web", CAME, CAME)), CAME)
        with both.database.transaction() as connection:
            span = CAME + MINUTE, CAME + 2 * HOUR
            VerdictStore(load_queries()).add_deaf_span(connection, *span)
        for at, is_silent in (
            (CAME + HOUR, False),
            (span[1] + LIMIT, False),
            (span[1] + LIMIT + 1, True),
        ):
            (state,) = fleet(both).page(EVERYONE, Moment(at), 0, 10).servers
            assert state.silent is is_silent


def test_a_spool_that_comes_first_is_heard_at_the_moments_of_which_it_tells() -> None:
    with stores() as both:
        for hour in range(6):
            taken_at = CAME - (6 - hour) * HOUR
            both.store.add(report_of(Arrival("web", taken_at, CAME + hour)), CAME + hour)
        its = fleet(both)
        (state,) = its.page(EVERYONE, Moment(CAME - 90 * MINUTE), 0, 10).servers
        assert not state.silent


@pytest.mark.parametrize("moment", [Moment(NOW + HOUR), Moment(NOW + HOUR, NOW)], ids=str)
def test_nobody_is_silent_because_of_a_time_that_has_not_come(moment: Moment) -> None:
    with stores() as both:
        both.store.add(report_of(Arrival("web", NOW - MINUTE, NOW - MINUTE)), NOW - MINUTE)
        page = fleet(both).page(EVERYONE, moment, 0, 10)
        assert page.at == NOW
        assert [state.silent for state in page.servers] == [False]
