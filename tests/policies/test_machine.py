"""The life of violations, by example: what the random histories of the oracle do not reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.machine.events import Fin, Judged, Server, Terms
from service.policies.machine.machine import changes_nothing, step
from service.policies.rules.rule import Threshold
from service.store.rule_state import RuleState, Standing
from service.store.verdict_rows import Bound, Violation
from service.times import DAY, HOUR, MINUTE
from tests.support.engine import ENGINES, Engine
from tests.support.violation_histories import CUMPLE, START, History, falla, key_of, new_terms


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    engine = ENGINES[request.param](tmp_path_factory.mktemp("machine") / "compliance.db")
    engine.migrated().close()
    with closing(engine):
        yield engine


def play(engine: Engine, **terms: object) -> History:
    return History(engine, new_terms(engine, None, **terms))


def state(history: History) -> RuleState:
    """As it is after it was stored and loaded."""
    history.save()
    return history.states[history.server.id, history.terms.rule]


def only(history: History) -> Violation:
    (violation,) = state(history).open.values()
    return violation


def names(count: int, start: int = 0) -> list[str]:
    return [f"p{number:03}" for number in range(start, start + count)]


def ended(history: History, kind: str = "clave") -> list[Any]:
    return history.engine.rows(
        "SELECT key, ended_as, total FROM violation"
        " WHERE server_id = ? AND kind = ? AND ended_at IS NOT NULL",
        (history.server.id, kind),
    )


def test_the_first_hundred_keep_their_own_violation_and_the_rest_is_one(engine: Engine) -> None:
    history = play(engine)
    history.report(falla(*names(130)))
    found = state(history).open
    assert len(found) == 101
    rest = found[""]
    assert (rest.kind, rest.key, rest.total) == ("resto", "{}", 30)
    assert key_of("p099") in found
    assert key_of("p100") not in found

    history.report(falla(*names(110, 20)))  # those that stay are still their own
    found = state(history).open
    assert len(found) == 81
    assert found[""].total == 30
    history.report(falla(*names(80, 20)))
    assert len(state(history).open) == 80
    assert ended(history, "resto") == [("{}", "resuelta", 30)]


def test_the_twentieth_opening_within_an_hour_is_the_unstable_rule(engine: Engine) -> None:
    history = play(engine)
    history.report(CUMPLE)
    for number in range(40):
        history.report(falla(f"random{number}"), after=MINUTE)
        history.save()
    assert len(ended(history)) == 19
    unstable = only(history)
    assert (unstable.kind, unstable.opened_in) == ("inestable", history.reports[20])

    history.report(CUMPLE, after=MINUTE)
    history.report(CUMPLE, after=50 * MINUTE)
    assert only(history).kind == "inestable"  # until an hour is calm
    history.report(CUMPLE, after=20 * MINUTE)
    assert not state(history).open
    history.report(falla("random"))
    assert only(history).kind == "clave"


def test_what_fails_from_the_start_is_not_unstable(engine: Engine) -> None:
    history = play(engine)
    history.report(falla(*names(50)))
    assert len(state(history).open) == 50


def test_openings_that_are_further_apart_are_not_unstable(engine: Engine) -> None:
    history = play(engine)
    for number in range(30):
        history.report(CUMPLE, after=2 * MINUTE)
        history.report(falla(f"random{number}"), after=2 * MINUTE)
    assert only(history).kind == "clave"
    assert not ended(history, "inestable")


def test_a_renamed_rule_goes_on(engine: Engine) -> None:
    history = play(engine)
    history.report(falla("a"))
    first = only(history)
    history.end(Fin.REGLA_RETIRADA)
    history.save()
    history.terms = new_terms(engine, history.terms, rule="otro-nombre", formerly="una-regla")
    history.load()
    history.event("texto", falla("a"))
    found = only(history)
    assert found.continues == first.digest
    assert engine.rows("SELECT is_pending FROM violation WHERE digest = ?", (first.digest,)) == [
        (0,)
    ]


def test_another_clave_continues_what_the_text_before_showed(engine: Engine) -> None:
    history = play(engine)
    history.report(falla("a"))
    first = only(history)
    history.terms = new_terms(engine, history.terms, key=("username",))
    history.event("texto", falla("root"))
    found = only(history)
    assert found.key == '{"username":"root"}'
    assert found.continues == found.case == first.digest
    assert found.case_since_at == first.opened_in.at
    assert found.opened_after is None


def test_grace_of_a_new_server_is_noted_at_the_opening(engine: Engine) -> None:
    history = play(engine, grace_for_new=24 * 3600)
    history.report(falla("a"))
    assert only(history).grace_until_at == START + DAY
    history.report(falla("a", "b"), after=2 * DAY)
    assert state(history).open[key_of("b")].grace_until_at is None


def test_silence_adds_no_time_to_a_threshold(engine: Engine) -> None:
    history = play(engine, confirm=Threshold(None, 3600))
    history.report(falla("a"), longest_gap=20 * MINUTE)
    history.report(falla("a"), after=5 * HOUR, longest_gap=20 * MINUTE)
    assert only(history).confirmed is None
    for _ in range(12):
        history.report(falla("a"), longest_gap=20 * MINUTE)
    assert only(history).confirmed == history.reports[-1]


def test_a_report_that_is_judged_again_opens_the_same_violation(engine: Engine) -> None:
    history = play(engine)
    history.report(CUMPLE)
    history.save()
    history.report(falla("a"))
    once = history.states[history.server.id, "una-regla"].open[key_of("a")].digest
    history.load()  # as after a kill
    history.play(history.entries[-1].event)
    assert only(history).digest == once
    # Nor does the same row stop the evaluator where a cursor was taken back.
    history.states[history.server.id, "una-regla"].open.clear()
    history.play(history.entries[-1].event)
    assert only(history).digest == once
    count = "SELECT count(*) FROM violation WHERE server_id = ?"
    assert engine.rows(count, (history.server.id,)) == [(1,)]


def test_a_pass_writes_nothing_but_the_cursor(engine: Engine) -> None:
    history = play(engine)
    history.report(CUMPLE)
    history.save()
    assert state(history).judgement is not None
    history.report(CUMPLE)
    assert history.states[history.server.id, history.terms.rule].written == []
    assert state(history).last == history.reports[-1]


def test_an_open_violation_costs_nothing_a_report(engine: Engine) -> None:
    history = play(engine)
    history.report(falla("a"))
    history.save()
    history.report(falla("a"))
    assert history.states[history.server.id, history.terms.rule].written == []


def test_a_late_report_at_the_place_of_the_first_no_is_news(engine: Engine) -> None:
    history = play(engine)
    history.report(falla("a"))
    first_no = history.report(CUMPLE)
    history.report(CUMPLE)
    history.late(falla("a"), first_no.at - 1)
    history.late(falla("a"), first_no.at)
    history.save()
    query = "SELECT opened_in_at, ended_at, is_late FROM violation WHERE server_id = ? ORDER BY id"
    assert engine.rows(query, (history.server.id,)) == [
        (history.reports[0].at, first_no.at, 0),
        (first_no.at, history.reports[2].at, 1),
    ]
    assert engine.rows("SELECT at FROM late_sighting WHERE at = ?", (first_no.at - 1,)) == [
        (first_no.at - 1,)
    ]


def test_between_two_reports_late_ones_show_a_hundred_and_the_rest_is_one(engine: Engine) -> None:
    history = play(engine)
    history.report(CUMPLE)
    history.report(CUMPLE)
    at = history.reports[0].at
    history.late(falla(*names(130)), at + 1)
    history.late(falla(*names(130, 500)), at + 2)
    history.save()
    assert len(ended(history)) == 100
    ((_, how, count),) = ended(history, "resto")
    assert (how, count) == (Fin.RESUELTA, 30)
    assert history.engine.rows("SELECT at FROM late_sighting WHERE at = ?", (at + 2,)) == [
        (at + 2,)
    ]


STILL = (
    CUMPLE,
    falla("a", detail="ejecutable"),
    Verdict(State.DESCONOCIDO, Reason.SIN_DATO),
    Verdict(State.DESCONOCIDO, Reason.ARRANCANDO),
    Verdict(State.NO_APLICA, Reason.ETIQUETA),
)


@pytest.mark.parametrize("is_other_text", [False, True])
@pytest.mark.parametrize("verdict", STILL)
@pytest.mark.parametrize("before", [None, *STILL])
def test_changes_nothing_tells_whether_a_report_writes_rows(
    before: Verdict | None, verdict: Verdict, is_other_text: bool
) -> None:
    server, terms = Server(1, "id:1", 0, START), Terms("una-regla", 1, "", ("name",))
    rule, standing = RuleState(1, terms.rule), None
    if before is not None:
        step(rule, server, terms, Judged(Bound(1, START, START, None), "01", before, START))
        assert rule.judgement is not None
        span = None if rule.span is None else (rule.span.state, rule.span.reason)
        standing = Standing(rule.judgement.text_id, rule.judgement.is_known, span)
        rule.written = []
    if is_other_text:
        terms = terms._replace(text_id=2, text_hash="02")
    is_asked = not rule.open  # it is asked of rules with nothing open
    expected = changes_nothing(standing, terms, verdict)
    at = START + MINUTE
    step(rule, server, terms, Judged(Bound(2, at, at, None), "02", verdict, at))
    assert not is_asked or expected == (not rule.written)
