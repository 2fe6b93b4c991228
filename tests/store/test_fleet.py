"""FleetStore: the fleet at any moment, compared with a plain computation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import times
from service.errors import ServerNotFoundError
from service.report import Report
from service.store.queries import load_queries
from service.store.read.fleet import FleetStore, News, ServerState
from service.store.read.moments import Moment
from service.store.read.profiles import Difference
from service.store.read.server_filter import ServerFilter
from service.store.read.silence import DEFAULT_SILENCE, Silence
from service.store.read.usage_stats import UsageStore
from tests.support import plain_answers as plain
from tests.support import plain_store
from tests.support.examples import CRON, HOUR, JUAN, PROFILE, SSHD, arrived, report
from tests.support.generated import BOUNDS, WAITS, histories
from tests.support.paging import all_pages
from tests.support.stores import StoredReport, Stores, stores

History = list[tuple[Report, int]]
MINUTE = 60_000_000
LIMIT = 10_000  # more than there is
SILENCES = st.builds(
    Silence, minimum=st.sampled_from([0, 15 * MINUTE]), intervals=st.integers(1, 3)
)
FILTERS = st.builds(
    ServerFilter,
    ipaddress=st.sampled_from([None, ip_network("10.0.0.0/31"), ip_network("2001:db8::/32")]),
    nombre_so=st.sampled_from([None, "Linux", "linux"]),
    version_so=st.sampled_from([None, None, "12"]),
    arquitectura_proc=st.sampled_from([None, "x86_64"]),
    q=st.sampled_from([None, "ALF", "M1", "0.2", "nowhere"]),
    silent=st.sampled_from([None, True, False]),
)


@contextmanager
def stored(
    history: History, wait: int = 0, silence: Silence = DEFAULT_SILENCE
) -> Iterator[tuple[Stores, FleetStore, Silence]]:
    """The stores, and the fleet at that time after the last arrival."""
    now = history[-1][1] + wait
    silence = replace(silence, clock=lambda: now)
    with stores() as both:
        both.add_history(history)
        queries = load_queries()
        usage = UsageStore(both.database, queries, silence)
        yield both, FleetStore(both.database, queries, usage, silence), silence


@settings(max_examples=20, deadline=None)
@given(histories(), BOUNDS, FILTERS, WAITS, SILENCES)
def test_a_page_has_the_newest_record_of_each_selected_server(
    history: History, moment: int | None, criteria: ServerFilter, wait: int, silence: Silence
) -> None:
    with stored(history, wait, silence) as (both, ours, its_silence):
        at = None if moment is None else Moment(moment)
        everything = [plain_state(each) for each in ours.page(ServerFilter(), at, 0, LIMIT).servers]
        assert everything == list(plain_states(both, moment, its_silence))
        ask = partial(ours.page, criteria, at)
        shown = [plain_state(each) for each in ask(0, LIMIT).servers]
        assert shown == [state for state in everything if is_selected(state, criteria)]
        for limit in (1, 2):
            assert [plain_state(s) for s in all_pages(ask, "servers", limit)] == shown
        for state in everything:
            assert plain_state(ours.server(state["server_id"], at)) == state


@settings(max_examples=20, deadline=None)
@given(histories(), WAITS)
def test_the_summary_equals_counts_over_all_records(history: History, wait: int) -> None:
    with stored(history, wait) as (both, ours, silence):
        summary, now = ours.summary(), silence.clock()
        states = list(plain_states(both, None, silence))
        assert (summary.at, summary.servers) == (now, len(states))
        quiet = sorted((s["heard_at"], s["server_id"]) for s in states if s["silent"])
        assert summary.silent == len(quiet)
        assert [(s.heard_at, s.server_id) for s in summary.longest_silent] == quiet
        assert summary.systems == most_first((s["nombre_so"], s["version_so"]) for s in states)
        assert summary.architectures == most_first((s["arquitectura_proc"],) for s in states)
        silent = {state["server_id"] for state in states if state["silent"]}
        running = [
            row.key
            for record in plain.all_newest(both.records)
            if record.server_id not in silent
            for row in plain.processes(record)
        ]
        assert summary.programs == most_first((name,) for _, name, _, _ in running)
        assert summary.counted_at == now
        assert summary.users == most_first((username,) for _, _, username, _ in running)
        hours = range(now // HOUR - 23, now // HOUR + 1)
        arrivals = Counter(record.received_at // HOUR for record in both.records)
        assert summary.reports_an_hour == [(hour * HOUR, arrivals[hour]) for hour in hours]


@settings(max_examples=20, deadline=None)
@given(histories())
def test_the_news_are_new_servers_profiles_programs_and_users(history: History) -> None:
    with stored(history) as (both, ours, _):
        news = ours.summary().news
        expected = sorted(plain_news(both.records), key=lambda item: item.at, reverse=True)
        assert [item.at for item in news] == [item.at for item in expected[:20]]
        if len(expected) <= 20:
            assert Counter(news) == Counter(expected)


def plain_states(both: Stores, moment: int | None, silence: Silence) -> Iterator[dict[str, Any]]:
    until = times.LAST if moment is None else moment
    columns = plain_store.RELATIONS["servers"]
    for record in plain.all_newest(both.records, until):
        mine = plain.on_time(both.records, record.server_id)
        known = [each for each in mine if each.placed_at <= until]
        if moment is None:
            heard_at, at = plain.heard_at(both.records, record.server_id), silence.clock()
        else:
            heard_at, at = record.placed_at, min(moment, silence.clock())  # of later is not known
        row = both.plain.execute(
            f"SELECT {columns} FROM servers WHERE id_serv = ?", (record.id_serv,)
        ).fetchone()
        yield {
            "server_id": record.server_id,
            "heard_at": heard_at,
            "silent": plain.is_silent(at - heard_at, known, silence, until),
            "open": known == mine,
            "recibido": times.to_text(record.received_at),
            **dict(zip(columns.split(", "), row, strict=True)),
        }


def plain_state(state: ServerState) -> dict[str, Any]:
    shown = state.record._asdict()
    del shown["id_clonado"]  # tests/store/test_identity.py
    del shown["reloj"], shown["zona"]  # tests/store/test_placement.py
    return {
        "server_id": state.server_id,
        "heard_at": state.heard_at,
        "silent": state.silent,
        "open": state.open,
        **shown,
    }


def is_selected(state: dict[str, Any], criteria: ServerFilter) -> bool:
    said = ("nombre_host", "ipaddress", "nombre_so", "version_so", "arquitectura_proc")
    text = "\n".join(str(state[name]) for name in (*said, "marca_proc", "id_maquina"))
    return (
        (criteria.ipaddress is None or ip_address(state["ipaddress"]) in criteria.ipaddress)
        and criteria.nombre_so in {None, state["nombre_so"]}
        and criteria.version_so in {None, state["version_so"]}
        and criteria.arquitectura_proc in {None, state["arquitectura_proc"]}
        and (criteria.q is None or criteria.q.lower() in text.lower())
        and criteria.silent in {None, state["silent"]}
    )


def most_first(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """At most ten rows with their counts, the most frequent first; null precedes its equals."""

    def order(item: tuple[tuple[Any, ...], int]) -> tuple[Any, ...]:
        return -item[1], [(text is not None, text) for text in item[0]]

    return [(*row, count) for row, count in sorted(Counter(rows).items(), key=order)][:10]


def plain_news(history: list[StoredReport]) -> Iterator[News]:
    for server_id in plain.servers(history):
        reports = plain.on_time(history, server_id)
        yield item("servidor_nuevo", reports[0])
        for before, after in pairwise(reports):
            changed = tuple(Difference(*each) for each in plain.differences(before, after))
            if changed:
                yield item("servidor_cambia", after, changed=changed)
    first_of_server = {
        min(t.id_serv for t in history if t.server_id == s) for s in plain.servers(history)
    }
    kinds = (("programa_nuevo", plain.processes), ("usuario_nuevo", plain.logins))
    for kind, rows_of in kinds:
        known: set[str | None] = {None}
        for record in history:
            for row in rows_of(record) if not record.late else ():
                if row.key[1] not in known and record.id_serv not in first_of_server:
                    yield item(kind, record, subject=row.key[1])
                known.add(row.key[1])


def item(
    kind: str,
    record: StoredReport,
    subject: str | None = None,
    changed: tuple[Difference, ...] = (),
) -> News:
    profile = record.report.profile
    place = (record.server_id, record.id_serv, profile.ipaddress, profile.nombre_host)
    return News(kind, record.placed_at, *place, subject, changed)


def test_a_server_is_silent_after_three_of_its_own_intervals() -> None:
    hourly = arrived(*(report(hour) for hour in range(1, 7)))
    for wait, silent in ((3 * HOUR, False), (3 * HOUR + 1, True)):
        with stored(hourly, wait) as (_, ours, _):
            assert ours.server(1, None).silent == silent


def test_no_server_is_silent_within_a_quarter_of_an_hour() -> None:
    frequent = arrived(*(report(minute / 60) for minute in range(6)))
    for wait, silent in ((15 * MINUTE, False), (15 * MINUTE + 1, True)):
        with stored(frequent, wait) as (_, ours, _):
            assert ours.server(1, None).silent == silent


def test_the_usual_interval_is_the_median_of_the_last_five() -> None:
    # Once a day until lately, hourly now; one report was missed.
    history = arrived(*(report(hour) for hour in (0, 24, 48, 49, 50, 52, 53, 54)))
    with stored(history, 3 * HOUR + 1) as (_, ours, _):
        assert ours.server(1, None).silent


def test_a_late_report_is_no_news_of_its_server() -> None:
    later = PROFILE._replace(version_so="13")
    history = [(report(1), HOUR), (report(2, profile=later), 2 * HOUR), (report(1.5), 9 * HOUR)]
    with stored(history) as (_, ours, _):
        state = ours.server(1, None)
        assert (state.record.version_so, state.heard_at) == ("13", 2 * HOUR)
        assert state.silent
        assert ours.summary().silent == 1


def test_a_server_is_not_found_before_its_first_report() -> None:
    with stored(arrived(report(1))) as (_, ours, _):
        assert ours.server(1, Moment(HOUR)).record.id_serv == 1
        for server_id, moment in ((1, Moment(HOUR - 1)), (2, None)):
            with pytest.raises(ServerNotFoundError):
                ours.server(server_id, moment)


def test_a_clock_of_ours_that_was_set_back_is_told() -> None:
    history = arrived(report(1), report(2))
    for back, told in ((MINUTE, None), (MINUTE + 1, 2 * HOUR)):
        with stored(history, -back) as (_, ours, _):
            assert ours.summary().our_clock_was_ahead == told


def test_names_in_the_first_report_of_a_server_are_no_news() -> None:
    with stored(arrived(report(1, CRON), report(2, CRON, SSHD, JUAN))) as (_, ours, _):
        told = [(news.kind, news.subject, news.id_serv) for news in ours.summary().news]
        assert sorted(told, key=repr) == [
            ("programa_nuevo", "sshd", 2),
            ("servidor_nuevo", None, 1),
            ("usuario_nuevo", "juan", 2),
        ]


def test_the_summary_shows_the_arrivals_of_the_last_24_hours_only() -> None:
    hours = (0, 10, 16, 17, 17.5, 30, 40)
    history = [(report(hour), round(hour * HOUR) + MINUTE) for hour in hours]
    with stored(history) as (_, ours, _):
        shown = ours.summary().reports_an_hour
        assert [hour // HOUR for hour, _ in shown] == list(range(17, 41))
        assert {hour // HOUR: count for hour, count in shown if count} == {17: 2, 30: 1, 40: 1}


def test_silence_at_a_moment_is_judged_by_the_reports_up_to_it() -> None:
    # Once a day up to the moment, once an hour after it.
    daily, hourly = [0, 24, 48], [69 + hour for hour in range(6)]
    with stored(arrived(*(report(hour) for hour in daily + hourly))) as (_, ours, _):
        assert not ours.server(1, Moment(68 * HOUR)).silent
        assert ours.server(1, Moment(68 * HOUR)).heard_at == 48 * HOUR
    # Once an hour up to the moment, once a day after it.
    hourly, daily = [0, 1, 2, 3], [27, 51, 75, 99, 123]
    with stored(arrived(*(report(hour) for hour in hourly + daily))) as (_, ours, _):
        assert ours.server(1, Moment(7 * HOUR)).silent


def test_the_search_for_servers_ignores_case_on_both_sides() -> None:
    shouting = PROFILE._replace(version_esquema=2, nombre_host="WEB-Uno")
    with stored(arrived(report(1, profile=shouting))) as (_, ours, _):
        for text, found in (("web-u", 1), ("WEB-U", 1), ("intel", 1), ("web-dos", 0)):
            assert len(ours.page(ServerFilter(q=text), None, 0, LIMIT).servers) == found
