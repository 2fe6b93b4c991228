"""Answers at moments, as they were known at moments, are those of the oracle of the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.store.queries import load_queries
from service.store.read.changes import Period
from service.store.read.fleet import FleetStore, ServerState
from service.store.read.history import HistoryStore
from service.store.read.moments import Moment
from service.store.read.name_filters import ProcessFilter
from service.store.read.occurrences import process_occurrences
from service.store.read.server_filter import ServerFilter
from service.store.read.silence import Silence
from service.store.read.usage_stats import UsageStore
from tests.store.test_placement import report_of
from tests.support import plain_questions as plain
from tests.support.examples import HOUR, arrived, report
from tests.support.paging import all_pages
from tests.support.plain_time import Arrival, Record, Server, stored
from tests.support.stores import stores
from tests.support.time_histories import Plan, arrivals, plans

LIMIT = 10_000  # more than there is
EVERYONE = ServerFilter()


class Answers(NamedTuple):
    """The stores, and what the oracle knows of the same arrivals."""

    fleet: FleetStore
    history: HistoryStore
    processes: Any
    records: list[Record]
    silence: Silence

    @property
    def servers(self) -> list[Server]:
        """In the order of their first contact, as the store numbers them."""
        return list(dict.fromkeys(record.server for record in self.records))


@contextmanager
def answers(history: Iterable[Arrival], wait: int = 0) -> Any:
    history = list(history)
    now = history[-1].r + wait
    silence = Silence(clock=lambda: now)
    with stores() as both:
        for arrival in history:
            both.store.add(report_of(arrival), arrival.r)
        queries = load_queries()
        yield Answers(
            FleetStore(
                both.database, queries, UsageStore(both.database, queries, silence), silence
            ),
            HistoryStore(both.database, queries),
            process_occurrences(both.database, queries, silence),
            stored(history),
            silence,
        )


def shown(state: ServerState, at: int) -> tuple[Any, ...]:
    age = None if state.heard_at is None else at - state.heard_at
    return state.record.id_serv, age, state.silent, state.open, state.has_late


def assert_answers_of_the_oracle(its: Answers, moment: Moment) -> None:
    at, known_at = moment
    limits = plain.Silence(its.silence.minimum, its.silence.intervals)
    states = plain.fleet_at(its.records, at, limits, known_at, its.silence.clock())
    answered = {server: plain.at_moment(its.records, server, at, known_at) for server in states}
    expected = {
        its.servers.index(server) + 1: (
            state.record.order,
            state.age,
            state.silent,
            answered[server].open,
            bool(answered[server].tardios),
        )
        for server, state in states.items()
    }
    page = its.fleet.page(EVERYONE, moment, 0, LIMIT)
    assert {state.server_id: shown(state, page.at) for state in page.servers} == expected
    late = Counter(record.id_serv for record in page.late.records)
    assert late == Counter(late.order for each in answered.values() for late in each.tardios)
    for silent in (True, False):
        some = its.fleet.page(ServerFilter(silent=silent), moment, 0, LIMIT).servers
        assert some == [state for state in page.servers if state.silent == silent]
    assert_occurrences(its, moment, answered)
    assert_around(its, moment, answered)


def assert_occurrences(its: Answers, moment: Moment, answered: dict[Server, plain.Answer]) -> None:
    expected: Counter[tuple[Any, ...]] = Counter()
    for server, answer in answered.items():
        assert answer.record is not None
        known = [x for x in plain.known(its.records, moment.known_at) if x.server == server]
        place = {x.number: x.e for x in known}
        last = max(place)
        for span in plain.spans(its.records, server, "processes", moment.known_at):
            if span.first <= answer.record.number < (span.gone or last + 1):
                seen = place[span.first], place[last if span.gone is None else span.gone - 1]
                expected[answer.record.order, span.what, *seen] += 1
    page = its.processes.at(ProcessFilter(), moment, 0, LIMIT)
    found = Counter((row.id_serv, row.name, row.seen_from, row.seen_until) for row in page.rows)
    assert found == expected
    for silent in (True, False):
        ask = partial(its.processes.at, ProcessFilter(), moment, silent=silent)
        some = all_pages(ask, "rows", 2)
        assert some == [row for row in page.rows if row.silent == silent]


def assert_around(its: Answers, moment: Moment, answered: dict[Server, plain.Answer]) -> None:
    for server, answer in answered.items():
        around = its.history.around(its.servers.index(server) + 1, moment)
        assert around.shown is not None
        assert answer.record is not None
        assert around.shown.id_serv == answer.record.order
        following = None if answer.following is None else answer.following.order
        assert (around.following and around.following.id_serv) == following
        known = [x for x in plain.known(its.records, moment.known_at) if x.server == server]
        listed = its.history.records(
            its.servers.index(server) + 1, Period(known_at=moment.known_at), 0, LIMIT
        )
        expected = [x.order for x in sorted(known, key=lambda x: (x.e, x.order), reverse=True)]
        assert [each.record.id_serv for each in listed.records] == expected


def moments_of(records: list[Record]) -> st.SearchStrategy[Moment]:
    """Moments at the edges of records, and edges of what was known."""
    near = st.sampled_from([-1, 0, 1])
    times = st.sampled_from(sorted({x.e for x in records} | {x.t for x in records}))
    arrived = st.sampled_from(sorted({x.r for x in records}))
    at = st.builds(lambda time, by: max(time + by, 0), times | arrived, near)
    known_at = st.builds(int.__add__, arrived, near)
    return st.builds(Moment, at, st.none() | known_at)


@settings(max_examples=12, deadline=None)
@given(plan=plans(our_clock_steps=False), data=st.data())
def test_answers_at_moments_are_those_of_the_oracle(plan: Plan, data: st.DataObject) -> None:
    with answers(arrivals(plan)) as its:
        for moment in data.draw(st.lists(moments_of(its.records), min_size=6, max_size=6)):
            assert_answers_of_the_oracle(its, moment)


@pytest.mark.torture
@pytest.mark.timeout(600)
@settings(max_examples=100, deadline=None)
@given(plan=plans(our_clock_steps=False), data=st.data())
def test_answers_at_many_moments_are_those_of_the_oracle(plan: Plan, data: st.DataObject) -> None:
    with answers(arrivals(plan)) as its:
        for moment in data.draw(st.lists(moments_of(its.records), min_size=20, max_size=20)):
            assert_answers_of_the_oracle(its, moment)


@settings(max_examples=8, deadline=None)
@given(plan=plans(), data=st.data())
def test_answers_now_and_at_moments_survive_a_clock_of_ours_that_steps(
    plan: Plan, data: st.DataObject
) -> None:
    wait = data.draw(st.sampled_from([0, 10**9, 10**11]))
    with answers(arrivals(plan), wait) as its:
        states = plain.now(its.records, its.silence.clock(), plain.Silence())
        page = its.fleet.page(EVERYONE, None, 0, LIMIT)
        assert {
            its.servers[state.server_id - 1]: shown(state, page.at)[:3] for state in page.servers
        } == {x: (state.record.order, state.age, state.silent) for x, state in states.items()}
        for moment in data.draw(st.lists(moments_of(its.records), min_size=3, max_size=3)):
            assert_answers_of_the_oracle(its, Moment(moment.at))


@pytest.mark.parametrize(
    ("at", "named"),
    [(HOUR - 1, []), (HOUR, [3]), (3 * HOUR - 1, [3]), (3 * HOUR, []), (4 * HOUR, [])],
)
def test_late_records_are_named_from_the_record_shown_to_the_next(
    at: int, named: list[int]
) -> None:
    with stores() as both:
        both.add_history(arrived(report(1), report(3), report(2)))
        queries = load_queries()
        usage = UsageStore(both.database, queries)
        late = FleetStore(both.database, queries, usage).late_records(1, Moment(at))
        assert [record.id_serv for record in late.records] == named
