"""OccurrenceStore: occurrences over the fleet, compared with a plain computation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import times
from service.report import Report
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrence_rows import (
    LoginOccurrence,
    ProcessOccurrence,
)
from service.store.read.occurrences import OccurrenceStore, login_occurrences, process_occurrences
from service.store.read.silence import Silence
from service.store.read.walk import Effort
from tests.support import plain_answers as plain
from tests.support.generated import BOUNDS, WAITS, histories
from tests.support.paging import all_pages, all_parts
from tests.support.stores import StoredReport, Stores, stores

History = list[tuple[Report, int]]
LIMIT = 10_000  # more than there is
STANDING = 7  # columns at the end of an occurrence, of its record and its server

# Of the names that are generated (null, the empty one, cron, sshd): each, some, all, none.
TEXTS = st.sampled_from([None, None, "cron", "Cron", "", "*", "C*", "*S*D*", "%", "_*", "*sshd*"])
PIDS = st.none() | st.none() | st.integers(1, 4)
Filter = ProcessFilter | LoginFilter
PROCESS_FILTERS: st.SearchStrategy[Filter] = st.builds(
    ProcessFilter, name=TEXTS, username=TEXTS, pid=PIDS
)
LOGIN_FILTERS: st.SearchStrategy[Filter] = st.builds(LoginFilter, username=TEXTS, pid=PIDS)


class Kind(NamedTuple):
    """The differences between processes and logins."""

    rows_of: plain.RowsOf
    store: Callable[..., OccurrenceStore[Any, Any, Any]]
    relation_key: str  # of the relation that shows them
    columns: Callable[[plain.Appearance], tuple[Any, ...]]  # of an occurrence, but its key
    name: Callable[[tuple[Any, ...]], tuple[Any, ...]]  # the part of a key that the index keeps
    filters: st.SearchStrategy[Filter]


KINDS = [
    Kind(
        plain.processes,
        process_occurrences,
        "id_proc FROM procesos",
        lambda seen: (
            *seen.row.key[:3],
            seen.row.details[0],
            seen.row.key[3],
            *seen.row.details[1:],
        ),
        lambda key: key[1:3],
        PROCESS_FILTERS,
    ),
    Kind(
        plain.logins,
        login_occurrences,
        "id_usr FROM usuarios_activos",
        lambda seen: seen.row.key,
        lambda key: key[1:2],
        LOGIN_FILTERS,
    ),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=["processes", "logins"])


@contextmanager
def stored(
    history: History, kind: Kind, wait: int = 0
) -> Iterator[tuple[Stores, OccurrenceStore[Any, Any, Any]]]:
    """The stores, and the answers at that time after the last arrival."""
    with stores() as both:
        both.add_history(history)
        yield both, kind.store(both.database, load_queries(), silence_at(history, wait))


def silence_at(history: History, wait: int) -> Silence:
    now = history[-1][1] + wait
    return Silence(clock=lambda: now)


@each_kind
@settings(max_examples=20, deadline=None)
@given(history=histories(), data=st.data())
def test_occurrences_come_from_the_newest_records_at_the_moment(
    kind: Kind, history: History, data: st.DataObject
) -> None:
    assert_drawn_occurrences(kind, history, data)


def assert_drawn_occurrences(kind: Kind, history: History, data: st.DataObject) -> Filter:
    """Draws a moment and a filter that fit the history, and returns the filter."""
    with stored(history, kind) as (both, ours):
        places = st.sampled_from([record.placed_at for record in both.records])
        moment = data.draw(BOUNDS | places | places)
        criteria = data.draw(kind.filters | filters_of_rows(kind, both))
        assert_occurrences(kind, both, ours, criteria, moment)
    return criteria


def filters_of_rows(kind: Kind, both: Stores) -> st.SearchStrategy[Filter]:
    """Filters that select rows which some record has."""
    if kind.filters is LOGIN_FILTERS:
        users = {row[1] for record in both.records for row in record.report.logins} | {None}
        return st.sampled_from([LoginFilter(username=user) for user in sorted(users, key=repr)])
    rows = {row[1:3] for record in both.records for row in record.report.processes}
    chosen = [ProcessFilter(*names) for names in sorted(rows, key=repr)]
    by_name = [ProcessFilter(name=each.name) for each in chosen]
    return st.sampled_from([ProcessFilter(), *chosen, *by_name])


def assert_occurrences(
    kind: Kind,
    both: Stores,
    ours: OccurrenceStore[Any, Any, Any],
    criteria: Filter,
    moment: int | None,
) -> None:
    ask = partial(ours.now, criteria)
    if moment is not None:
        ask = partial(ours.at, criteria, Moment(moment))
    shown = ask(0, LIMIT).rows
    expected = list(plain_occurrences(kind, both.records, criteria, moment))
    assert Counter(without_key(row) for row in shown) == Counter(expected)
    # The keys are those of the relation, each once.
    records = {row.id_serv for row in shown}
    keys = {
        key
        for id_serv in records
        for (key,) in both.rows(f"SELECT {kind.relation_key} WHERE id_serv = ?", (id_serv,))
    }
    assert len({row[5] for row in shown}) == len(shown)
    assert {row[5] for row in shown} <= keys
    for limit in (1, 2, 3):
        assert all_pages(ask, "rows", limit) == shown
    assert_parts(partial(ask, limit=LIMIT), shown)


def assert_parts(ask: Callable[..., Any], shown: Sequence[Any]) -> None:
    """Pages of little work hold the same rows, whether names or servers are looked through."""
    for steps, few_names, servers in product((1, 2, 5), (0, 2), (1, 100)):
        effort = Effort(steps, few_names=few_names, servers=servers, chunk=(steps + 1) // 2)
        assert all_parts(partial(ask, effort=effort), "rows") == shown


@each_kind
@settings(max_examples=20, deadline=None)
@given(history=histories(), data=st.data(), wait=WAITS)
def test_the_history_covers_all_records_in_order(
    kind: Kind, history: History, data: st.DataObject, wait: int
) -> None:
    criteria = data.draw(kind.filters)
    with stored(history, kind, wait) as (both, ours):
        assert_history(kind, both, ours, criteria, silence_at(history, wait))


def assert_history(
    kind: Kind,
    both: Stores,
    ours: OccurrenceStore[Any, Any, Any],
    criteria: Filter,
    silence: Silence,
) -> None:
    ask = partial(ours.history, criteria)
    shown = ask(0, LIMIT).rows
    assert Counter(shown) == Counter(plain_history(kind, both.records, criteria, silence))
    for limit in (1, 2, 3):
        assert all_pages(ask, "rows", limit) == shown
    assert_parts(partial(ask, limit=LIMIT), shown)


@pytest.mark.torture
@each_kind
@settings(max_examples=600, deadline=None)
@given(history=histories(most=40), data=st.data())
def test_occurrences_of_long_histories(kind: Kind, history: History, data: st.DataObject) -> None:
    criteria = assert_drawn_occurrences(kind, history, data)
    with stored(history, kind) as (both, ours):
        assert_history(kind, both, ours, criteria, silence_at(history, 0))


def plain_occurrences(
    kind: Kind, history: Sequence[StoredReport], criteria: Filter, moment: int | None
) -> Iterator[tuple[Any, ...]]:
    """The rows of occurrences, without their keys."""
    for record in plain.all_newest(history, times.LAST if moment is None else moment):
        profile = record.report.profile
        place = (record.server_id, record.id_serv, profile.ipaddress, profile.nombre_host)
        for seen in plain.appearances(history, record, kind.rows_of):
            if is_selected(kind, seen.row.key, criteria) and criteria.pid in {
                None,
                seen.row.key[0],
            }:
                yield (
                    *place,
                    record.taken_at,
                    *kind.columns(seen),
                    seen.seen_from,
                    seen.seen_until,
                )


def plain_history(
    kind: Kind, history: Sequence[StoredReport], criteria: Filter, silence: Silence
) -> Iterator[tuple[Any, ...]]:
    for server_id in plain.servers(history):
        mine = plain.on_time(history, server_id)
        newest = mine[-1]
        heard_at = plain.heard_at(history, server_id)
        silent = plain.is_silent_now(history, server_id, silence)
        profile = newest.report.profile
        place = (server_id, newest.id_serv, profile.ipaddress, profile.nombre_host)
        keys = {row.key for record in mine for row in kind.rows_of(record)}
        for name in {kind.name(key) for key in keys if is_selected(kind, key, criteria)}:
            seen = [each.placed_at for each in mine if name in names(kind, each)]
            running = name in names(kind, newest) and not silent
            yield (*place, *name, min(seen), max(seen), running, heard_at, silent, False)


def names(kind: Kind, record: StoredReport) -> set[tuple[Any, ...]]:
    return {kind.name(row.key) for row in kind.rows_of(record)}


def is_selected(kind: Kind, key: tuple[Any, ...], criteria: Filter) -> bool:
    *name, username = kind.name(key)
    # A login has no name.
    by_name = isinstance(criteria, LoginFilter) or plain.matches(criteria.name, *name)
    return by_name and plain.matches(criteria.username, username)


def without_key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """An occurrence without id_proc or id_usr, and without how its server stands: test_moments."""
    return *row[:5], *row[6:-STANDING]


def pids(rows: Iterable[ProcessOccurrence | LoginOccurrence]) -> list[int | None]:
    return [row.pid for row in rows]
