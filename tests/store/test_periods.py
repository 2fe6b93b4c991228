"""Periods: the time of each verdict, against verdicts at every moment and literal histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.policies.guard.verdict import Verdict
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.period_filter import PeriodFilter
from service.store.read.period_rows import PeriodRow
from service.store.read.periods import PeriodStore
from service.store.tag_format import WantedTag
from service.times import MINUTE
from tests.support.asked_verdicts import RULE, START, Asked, asked
from tests.support.judged import ANOTHER_SYSTEM, NO_NAMES, PASSES, SILENT, fails
from tests.support.stores import stores

LENGTH = 12  # minutes of a history
VERDICTS = [
    PASSES,
    fails("xmrig"),
    fails("minerd"),
    fails("xmrig", "minerd"),
    SILENT,
    NO_NAMES,
    ANOTHER_SYSTEM,
]
Times = Counter[tuple[str, str | None]]


def periods(ask: Asked, known_at: int | None = None, **wanted: Any) -> list[PeriodRow]:
    store = PeriodStore(ask.both.database, load_queries())
    criteria = PeriodFilter(known_at=known_at, **wanted)
    known = store.known(criteria, START + LENGTH * MINUTE)
    rows = store.page(known, 0, 1000).rows
    others = [row for batch in store.batches(known, 0) for row in batch]
    assert [(row.key, row.times) for row in others] == [(row.key, row.times) for row in rows]
    return rows


def minute(number: int) -> int:
    return START + number * MINUTE


STEPS = st.tuples(
    st.sampled_from(["report", "report", "report", "spool", "silence", "text", "late"]),
    st.integers(1, 2),
    st.sampled_from(VERDICTS),
)


_BAD = fails("xmrig")
_BACK_LATE = [
    *(("report", 1, _BAD), ("report", 1, PASSES)),
    *(("spool", 1, _BAD), ("report", 2, _BAD), ("report", 1, _BAD)),
]
_OVERLAP = [("report", 1, _BAD), ("spool", 1, NO_NAMES), ("silence", 1, SILENT)]


@settings(max_examples=10, deadline=None)
@example([*_OVERLAP, ("report", 1, PASSES), ("report", 1, SILENT)], 1, 0, 9, None)
@example([*_OVERLAP, ("report", 1, PASSES), ("report", 1, SILENT)], 1, 0, 9, 4)
@example([("report", 1, NO_NAMES), ("report", 1, PASSES)], 1, 0, 9, 1)
@example([("report", 1, NO_NAMES), ("spool", 1, PASSES), ("report", 2, _BAD)] * 2, 1, 0, 9, 3)
@example([("report", 1, _BAD), ("spool", 1, PASSES), ("report", 2, _BAD)] * 2, 1, 0, 9, 3)
@example(_BACK_LATE, 3, 0, 9, 4)
@example([("report", 1, each) for each in (_BAD, PASSES, _BAD, PASSES)], 3, 0, 9, None)
@example([("report", 1, each) for each in (_BAD, PASSES, _BAD, PASSES)], 3, 0, 9, 2)
@example([("report", 1, PASSES), ("report", 1, PASSES), ("late", 1, _BAD)], 1, 0, 9, None)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=LENGTH - 1),
    resolve=st.sampled_from([1, 3]),
    since=st.integers(-2, LENGTH - 2),
    length=st.integers(1, LENGTH),
    known=st.none() | st.integers(1, LENGTH),
)
def test_the_time_of_each_verdict_is_that_of_the_moments_that_show_it(
    steps: list[tuple[str, int, Verdict]],
    resolve: int,
    since: int,
    length: int,
    known: int | None,
) -> None:
    with stores() as both:
        ask = asked(both, resolve=resolve)
        _happen(ask, steps)
        known_at = None if known is None else minute(known)
        until = min(since + length, LENGTH, LENGTH if known is None else known)
        wanted = {"since": minute(since), "until": minute(since + length)}
        found = {row.server.id: row for row in periods(ask, known_at, **wanted)}
        for server in (1, 2):
            expected: Times = Counter()
            for each in range(since, until):
                moment = Moment(minute(each) + MINUTE // 2, known_at)
                verdict = ask.verdict(server, moment)
                if verdict is not None:
                    expected[verdict.state, verdict.reason] += MINUTE
            row = found.get(server)
            assert ({} if row is None else row.times) == expected
            if row is not None:
                _check_the_end(ask, row, Moment(minute(until) - 1, known_at))
                listed = ask.listed(
                    server_id=server,
                    since=minute(since),
                    until=minute(until),
                    moment=None if known_at is None else Moment(2 * minute(LENGTH), known_at),
                )
                assert (row.violations, row.late) == (
                    len(listed),
                    sum(violation.is_late for violation in listed),
                )


def _check_the_end(ask: Asked, row: PeriodRow, end: Moment) -> None:
    verdict = ask.verdict(row.server.id, end)
    if verdict is None:
        assert row.last is None
        return
    assert row.last is not None
    assert (row.last.state, row.last.reason) == (verdict.state, verdict.reason)
    assert row.is_closed == verdict.is_closed
    if verdict.state == "falla":
        assert row.failing is not None
        assert (row.failing.case_since_at, row.failing.opened_in, row.failing.opened_after) == (
            verdict.failing_since,
            verdict.since,
            verdict.after,
        )
    elif verdict.state != "desconocido":
        assert row.failing is None


def _happen(ask: Asked, steps: Sequence[tuple[str, int, Verdict]]) -> None:
    """Reports, some of which a spool holds back, late ones, silences and new texts."""
    held: dict[int, list[tuple[int, Verdict]]] = {1: [], 2: []}
    sent = {server: {0: ask.judge(server, 0, PASSES, delay=0)} for server in (1, 2)}
    for at, (kind, server, verdict) in enumerate(steps, 1):
        if kind == "spool":
            held[server].append((at, verdict))
        elif kind == "report":
            for taken, each in [*held[server], (at, verdict)]:
                delay = (at - taken) * MINUTE
                sent[server][taken] = ask.judge(server, taken, each, delay=delay)
            held[server].clear()
        elif kind == "late":
            _come_late(ask, server, at, sent[server], verdict)
        elif kind == "silence":
            ask.judging.event(server, "silencio", minute(at), minero=SILENT)
        else:
            ask.judging.take_up(RULE, minute(at), text=str(at))
            for each_server in (1, 2):
                ask.judging.event(each_server, "texto", minute(at), minero=verdict)


def _come_late(ask: Asked, server: int, at: int, sent: dict[int, int], verdict: Verdict) -> None:
    """A report between the first record and the last, if there is a minute without one."""
    free = [each for each in range(max(sent)) if each not in sent]
    if not free:
        return
    taken = free[-1]
    late = ask.store(server, taken, delay=(at - taken) * MINUTE)
    before = max(each for each in sent if each < taken)
    after = min(each for each in sent if each > taken)
    ask.judging.late(late, sent[before], sent[after], minero=verdict)


def test_a_period_is_asked_by_server_rule_severity_framework_and_tag() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judging.take_up("servicio-telnet", START - MINUTE)
        for server in (1, 2):
            record = ask.store(server, 0, delay=0)
            ask.judging.report(record, minero=fails("xmrig"), servicio_telnet=PASSES)
        with both.database.transaction() as connection:
            connection.execute(
                "INSERT INTO tag_change VALUES (1, 2, 'entorno', 'produccion', 0, :at, 'ana', 2)",
                {"at": minute(3)},
            )
        ask.judging.take_up(RULE, minute(6), severity="baja", text="2")

        def found(**wanted: Any) -> list[tuple[int, str]]:
            return [(row.server.id, row.rule.rule) for row in periods(ask, **wanted)]

        everything = [(1, RULE), (1, "servicio-telnet"), (2, RULE), (2, "servicio-telnet")]
        assert found() == everything
        assert found(server_id=2) == everything[2:]
        assert found(rule=RULE) == everything[::2]
        assert found(severity="critica", until=minute(6)) == everything[::2]
        assert found(severity="critica") == []  # its severity is that of the end of the period
        assert found(severity="baja") == everything[::2]
        assert found(framework="ens") == everything
        for tag in (WantedTag("entorno", "produccion"), WantedTag("entorno", None)):
            assert found(tag=tag) == everything[2:]
            assert found(tag=tag, until=minute(3)) == []  # it was told later
        assert found(tag=WantedTag("entorno", "pruebas")) == []


def test_a_page_goes_on_in_the_middle_of_a_server() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judging.take_up("servicio-telnet", START - MINUTE)
        for server in range(1, 4):
            record = ask.store(server, 0, delay=0)
            ask.judging.report(record, minero=PASSES, servicio_telnet=PASSES)
        store = PeriodStore(both.database, load_queries())
        known = store.known(PeriodFilter(), START + LENGTH * MINUTE)
        found, after = [], None
        while after != 0:
            page = store.page(known, after or 0, 1)
            found += [(row.server.id, row.rule.rule) for row in page.rows]
            after = page.after or 0
        assert found == [(row.server.id, row.rule.rule) for row in periods(ask)]


def test_what_is_known_begins_with_the_first_verdict_and_ends_where_all_is_judged() -> None:
    with stores() as both:
        ask = asked(both)
        store = PeriodStore(both.database, load_queries())
        nothing = store.known(PeriodFilter(), START)
        assert (nothing.begins_at, nothing.length) == (None, 0)
        assert store.page(nothing, 0, 10).rows == []
        ask.judge(1, 2, PASSES)
        with both.database.transaction() as connection:
            connection.execute(
                "INSERT INTO deaf_span VALUES (:a, :b), (:c, NULL)",
                {"a": minute(-9), "b": minute(3), "c": minute(5)},
            )
        known = store.known(PeriodFilter(since=minute(1), until=minute(99)), minute(7))
        assert (known.since, known.until, known.begins_at) == (minute(1), minute(7), minute(2))
        assert known.deaf_time == 4 * MINUTE
        (row,) = store.page(known, 0, 10).rows
        assert (row.judged_from, dict(row.times)) == (minute(2), {("cumple", None): 5 * MINUTE})
        assert (row.share, row.share_of_known, row.is_closed) == (100, 100, False)
        future = store.known(PeriodFilter(since=minute(50), until=minute(60)), minute(7))
        assert (future.since, future.until, future.length) == (minute(50), minute(7), 0)
        assert (future.deaf_time, list(future.deaf)) == (0, [])
        assert store.page(future, 0, 10).rows == []


def test_no_row_is_closed_while_its_period_goes_on() -> None:
    with stores() as both:
        ask = asked(both)
        store = PeriodStore(both.database, load_queries())
        ask.judge(1, 2, PASSES)
        ask.judge(1, 9, PASSES)  # of a clock that is ahead: all is judged up to an earlier minute
        for until, known_at, is_closed in [
            (minute(5), None, True),
            (minute(7), None, True),
            (minute(8), None, False),
            (None, None, False),
            (minute(8), minute(10), False),
        ]:
            criteria = PeriodFilter(since=minute(1), until=until, known_at=known_at)
            (row,) = store.page(store.known(criteria, minute(7)), 0, 10).rows
            assert row.is_closed == is_closed, (until, known_at)
