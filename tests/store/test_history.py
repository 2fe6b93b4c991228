"""HistoryStore: the records of a server, compared with a plain computation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings

from service import times
from service.errors import RecordNotFoundError, ServerNotFoundError
from service.report import Report
from service.store.queries import load_queries
from service.store.read.changes import Period, RecordRef
from service.store.read.history import Around, HistoryStore
from service.store.read.moments import Moment
from tests.support import plain_answers as plain
from tests.support.examples import HOUR, arrived, report
from tests.support.generated import BOUNDS, MOMENTS, histories
from tests.support.paging import all_pages
from tests.support.stores import Stores, stores

History = list[tuple[Report, int]]
LIMIT = 10_000  # more than there is


@contextmanager
def stored(history: History) -> Iterator[tuple[Stores, HistoryStore]]:
    with stores() as both:
        both.add_history(history)
        yield both, HistoryStore(both.database, load_queries())


@settings(max_examples=30, deadline=None)
@given(histories(), BOUNDS, BOUNDS)
def test_records_of_a_period_come_newest_first(
    history: History, since: int | None, until: int | None
) -> None:
    with stored(history) as (both, ours):
        for server_id in plain.servers(both.records):
            mine = plain.of_server(both.records, server_id)
            expected = [
                (record.id_serv, times.to_text(record.taken_at), record.placed_at, record.late)
                for record in reversed(mine)
                if plain.within(record, since, until)
            ]
            ask = partial(ours.records, server_id, Period(since, until))
            for limit in (LIMIT, 1, 2, 3):
                shown = [
                    (one.record.id_serv, one.record.fecha_hora, one.placed_at, one.late)
                    for one in all_pages(ask, "records", limit)
                ]
                assert shown == expected


@settings(max_examples=30, deadline=None)
@given(histories(), MOMENTS)
def test_around_returns_the_records_on_both_sides_of_a_moment(
    history: History, moment: int
) -> None:
    with stored(history) as (both, ours):
        for server_id in plain.servers(both.records):
            mine = plain.on_time(both.records, server_id)
            around = ours.around(server_id, Moment(moment))
            assert (around.first, around.last) == (plain.ref(mine[0]), plain.ref(mine[-1]))
            before = [plain.ref(record) for record in mine if record.placed_at <= moment]
            after = [plain.ref(record) for record in mine if record.placed_at > moment]
            assert around.shown == (before[-1] if before else None)
            assert around.previous == (before[-2] if len(before) > 1 else None)
            assert around.following == (after[0] if after else None)
            now = ours.around(server_id, None)
            assert (now.first, now.shown, now.following, now.last) == (
                plain.ref(mine[0]),
                plain.ref(mine[-1]),
                None,
                plain.ref(mine[-1]),
            )


def test_a_late_report_is_listed_at_its_time_and_never_shown_at_a_moment() -> None:
    with stored(arrived(report(1), report(3), report(2))) as (_, ours):
        page = ours.records(1, Period(), 0, LIMIT)
        records = [(one.record.id_serv, one.late) for one in page.records]
        assert records == [(2, False), (3, True), (1, False)]
        around = ours.around(1, Moment(round(2.5 * HOUR)))
        assert (around.shown, around.following) == (
            RecordRef(1, HOUR, HOUR),
            RecordRef(2, 3 * HOUR, 3 * HOUR),
        )


def test_unknown_servers_and_records_raise_not_found() -> None:
    with stored(arrived(report(1))) as (_, ours):
        assert ours.server_of(1) == 1
        with pytest.raises(RecordNotFoundError):
            ours.server_of(2)
        with pytest.raises(ServerNotFoundError):
            ours.around(2, None)
        only = RecordRef(1, HOUR, HOUR)
        assert ours.around(1, Moment(0)) == Around(only, None, None, only, only)


def test_a_report_of_the_last_possible_time_is_listed() -> None:
    last = replace(report(1), taken_at=times.LAST)
    with stored(arrived(last)) as (_, ours):
        (shown,) = ours.records(1, Period(), 0, LIMIT).records
        assert shown.record.fecha_hora == "9999-12-31 23:59:59.999999"
