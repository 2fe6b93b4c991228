"""Verdicts and violations at every moment, against the verdicts as they were stored."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import PolicyNotFoundError
from service.policies.guard.verdict import Verdict
from service.store.read.moments import Moment
from service.store.read.verdict_at import VerdictFilter
from service.store.read.violations import ViolationFilter
from service.times import MINUTE, SECOND
from tests.support.asked_verdicts import RULE, START, Asked, asked, at, known
from tests.support.judged import ANOTHER_SYSTEM, NO_NAMES, PASSES, SILENT, fails
from tests.support.stores import stores

VERDICTS = [
    PASSES,
    fails("xmrig"),
    fails("minerd"),
    fails("xmrig", "minerd"),
    SILENT,
    NO_NAMES,
    ANOTHER_SYSTEM,
]


@settings(max_examples=10, deadline=None)
@given(
    history=st.lists(st.tuples(st.integers(1, 3), st.sampled_from(VERDICTS)), max_size=12),
    resolve=st.sampled_from([1, 3]),
)
def test_the_verdict_at_each_moment_is_that_of_the_report_shown(
    history: list[tuple[int, Verdict]], resolve: int
) -> None:
    with stores() as both:
        ask = asked(both, resolve=resolve)
        for minute, (server, verdict) in enumerate(history):
            ask.judge(server, minute, verdict)
        for minute in range(len(history)):
            told: dict[int, list[tuple[int, Verdict]]] = {}
            for then, (server, verdict) in enumerate(history[: minute + 1]):
                told.setdefault(server, []).append((then, verdict))
            for moment in (at(minute + 0.5), known(minute + 0.5)):
                servers = {server for server, _ in history}
                check_moment(ask, moment, told, servers, lists=resolve == 1)


def check_moment(
    ask: Asked,
    moment: Moment,
    told: dict[int, list[tuple[int, Verdict]]],
    servers: set[int],
    *,
    lists: bool,
) -> None:
    """lists: whether a violation ends with the first verdict that passes."""
    # Servers are numbered in the order of their first reports.
    numbers = {server: number for number, server in enumerate(told, 1)}
    states = Counter(str(verdicts[-1][1].state) for verdicts in told.values())
    for server, verdicts in told.items():
        row = ask.verdict(numbers[server], moment)
        assert row is not None
        last = verdicts[-1][1]
        assert (row.state, row.reason) == (last.state, last.reason)
        judged_at = START + verdicts[-1][0] * MINUTE
        assert row.judged is not None
        assert row.judged.at == judged_at
        keys = {(finding.key[0]) for finding in last.findings}
        held = [len(verdicts) - 1]
        while held[-1] and verdicts[held[-1] - 1][1].state == last.state:
            held.append(held[-1] - 1)
        if last.state == "cumple":
            assert row.since.at == START + verdicts[held[-1]][0] * MINUTE
        if not lists:
            continue
        found = ask.listed(server_id=numbers[server], moment=moment, is_open=True)
        if last.state == "falla":
            assert {violation.key["name"] for violation in found} == keys
            assert row.since.at == min(violation.opened_in.at for violation in found)
            if moment.known_at is not None:
                seen = [violation.seen.at for violation in found if violation.seen is not None]
                assert seen == [judged_at] * len(found)
        elif last.state in ("cumple", "no_aplica"):
            assert found == []
    counts = ask.policies.policies(moment)[1][RULE]
    assert (counts.passing, counts.failing, counts.unknown, counts.not_applicable) == (
        states["cumple"],
        states["falla"],
        states["desconocido"],
        states["no_aplica"],
    )
    assert counts.not_judged == 0
    assert counts.open_violations == len(ask.listed(moment=moment, is_open=True))
    for server in range(len(told) + 1, len(servers) + 1):
        assert ask.verdict(server, moment) is None


def test_an_unknown_verdict_keeps_the_violation_open_and_says_why() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, PASSES)
        opened = ask.judge(1, 5, fails("xmrig"))
        ask.judging.event(1, "silencio", START + 30 * MINUTE, minero=SILENT)
        (violation,) = ask.listed(is_open=True)
        assert (violation.is_open, violation.unknown_because) == (True, "silencio")
        assert violation.seen is not None
        assert violation.seen.report_id == opened
        row = ask.verdict(1, None)
        assert row is not None
        assert (row.state, row.reason) == ("desconocido", "silencio")
        assert row.since.mark is not None
        assert row.since.mark.startswith("silencio ")
        before = ask.verdict(1, at(10))
        assert before is not None
        assert (before.state, before.since.report_id) == ("falla", opened)
        assert before.after is not None


def test_an_answer_of_the_past_does_not_know_what_a_spool_told_later() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, PASSES)
        ask.judge(1, 5, fails("xmrig"), delay=60 * MINUTE)
        ask.judge(1, 10, PASSES, delay=61 * MINUTE)
        (violation,) = ask.listed(moment=at(7))
        assert violation.is_open
        assert ask.listed(moment=known(7)) == []
        before_its_end = Moment(START + 80 * MINUTE, START + 66 * MINUTE)
        (violation,) = ask.listed(moment=before_its_end)
        assert violation.is_open
        for rule in (RULE, None):
            assert ask.listed(rule=rule, moment=before_its_end, is_open=True) == [violation]
            assert ask.listed(rule=rule, moment=before_its_end, is_open=False) == []
        assert ask.policies.open_violations(before_its_end) == 1
        (violation,) = ask.listed()
        assert (violation.is_open, violation.ended_as) == (False, "resuelta")
        assert ask.policies.policies(known(30))[1][RULE].failing == 0
        assert ask.policies.policies(at(7))[1][RULE].failing == 1


def test_an_unknown_verdict_that_a_spool_told_later_was_not_known_before() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, PASSES)
        ask.judge(1, 5, NO_NAMES, delay=60 * MINUTE)
        ask.judge(1, 10, PASSES, delay=61 * MINUTE)
        for moment, state in ((at(7), "desconocido"), (known(7), "cumple")):
            row = ask.verdict(1, moment)
            assert row is not None
            assert row.state == state
            counts = ask.policies.policies(moment)[1][RULE]
            assert (counts.passing, counts.unknown) == (state == "cumple", state != "cumple")


def test_thresholds_delay_what_is_told_and_no_date() -> None:
    with stores() as both:
        ask = asked(both, confirm=2, resolve=2)
        ask.judge(1, 0, PASSES)
        ask.judge(1, 5, fails("xmrig"))
        row = ask.verdict(1, at(5))
        assert row is not None
        assert (row.state, row.confirmed) == ("falla", False)
        ask.judge(1, 10, fails("xmrig"))
        row = ask.verdict(1, at(10))
        assert row is not None
        assert (row.since.at, row.confirmed) == (START + 5 * MINUTE, True)
        ask.judge(1, 15, PASSES)
        assert ask.listed(is_open=True) != []  # one report does not resolve it
        row = ask.verdict(1, at(15))
        assert row is not None
        assert row.state == "cumple"
        ask.judge(1, 20, PASSES)
        (violation,) = ask.listed()
        assert violation.ended is not None
        assert violation.ended.at == START + 15 * MINUTE


def test_a_new_text_begins_a_new_history_that_keeps_the_since() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, fails("xmrig"))
        before = ask.policies.policy(RULE, None)[0].text_hash
        after = ask.judging.take_up(RULE, START + 3 * MINUTE, text="2", severity="baja")
        ask.judging.event(1, "texto", START + 3 * MINUTE, minero=fails("xmrig"))
        newer, older = ask.listed()
        assert (newer.text_hash, older.text_hash) == (after, before)
        assert (older.ended_as, newer.continues) == ("regla_cambiada", older.digest)
        row = ask.verdict(1, None)
        assert row is not None
        assert (row.text_hash, row.failing_since) == (after, START)
        row = ask.verdict(1, at(2))
        assert row is not None
        assert row.text_hash == before
        # The severity is that of the moment.
        assert [each.severity for each in ask.listed(moment=at(2))] == ["critica"]
        assert [each.severity for each in ask.listed(severity="baja")] == ["baja", "baja"]
        assert [text.text_hash for text in ask.policies.texts(RULE)] == [after, before]


def test_a_late_report_that_shows_an_open_violation_is_listed_with_it() -> None:
    with stores() as both:
        ask = asked(both)
        first = ask.judge(1, 0, fails("xmrig"))
        second = ask.judge(1, 10, fails("xmrig"))
        late = ask.store(1, 5, delay=30 * MINUTE)
        ask.judging.late(late, first, second, minero=fails("xmrig"))
        (violation,) = ask.listed()
        arrived = START + 35 * MINUTE
        assert (violation.late, violation.has_more_late) == (
            [(late, START + 5 * MINUTE, arrived)],
            False,
        )
        (before,) = ask.listed(moment=known(20))
        assert before.late == ()


def test_a_late_sight_is_a_violation_of_its_own_and_moves_no_verdict() -> None:
    with stores() as both:
        ask = asked(both)
        first, second = ask.judge(1, 0, PASSES), ask.judge(1, 10, PASSES)
        late = ask.store(1, 5, delay=30 * MINUTE)
        ask.judging.late(late, first, second, minero=fails("xmrig"))
        (violation,) = ask.listed()
        assert (violation.is_late, violation.is_open) == (True, False)
        row = ask.verdict(1, at(5))
        assert row is not None
        assert row.state == "cumple"
        assert ask.listed(moment=known(20)) == []


def test_lists_by_period_server_rule_and_page() -> None:
    with stores() as both:
        ask = asked(both)
        for minute, (server, verdict) in enumerate(
            [(1, fails("xmrig")), (2, fails("xmrig", "minerd")), (1, PASSES)]
        ):
            ask.judge(server, minute, verdict)
        everything = ask.listed()
        assert [each.server_id for each in everything] == [2, 2, 1]
        assert ask.listed(rule=RULE) == everything
        assert ask.listed(rule="silencioso") == []
        assert ask.listed(server_id=2) == ask.listed(is_open=True) == everything[:2]
        assert ask.listed(is_open=False) == everything[2:]
        assert ask.listed(since=START + 150 * SECOND) == everything[:2]
        assert ask.listed(until=START + 30 * SECOND) == everything[2:]
        first = ask.violations.page(ViolationFilter(), 0, 2)
        second = ask.violations.page(ViolationFilter(), first.after or 0, 2)
        assert [*first.violations, *second.violations] == everything
        assert second.after is None
        assert [*ask.violations.batches(ViolationFilter(), 0)] == [everything]
        page = ask.policies.verdicts(VerdictFilter(RULE, "falla"), 0, 1)
        assert [(row.server_id, row.state) for row in page.verdicts] == [(2, "falla")]
        assert page.after is None


def test_a_rule_that_never_was_is_not_found() -> None:
    with stores() as both:
        ask = asked(both)
        with pytest.raises(PolicyNotFoundError, match="no rule has id 'telnet'"):
            ask.policies.policy("telnet", None)
