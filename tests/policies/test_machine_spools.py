"""A spool that arrives after events, and tells of a time before them: bounds stay in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from service.policies.guard.verdict import Reason, State, Verdict
from service.times import HOUR, SECOND
from tests.policies.test_machine import only, play, state
from tests.support.engine import ENGINES, Engine
from tests.support.violation_histories import CUMPLE, falla


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    engine = ENGINES[request.param](tmp_path_factory.mktemp("machine") / "compliance.db")
    engine.migrated().close()
    with closing(engine):
        yield engine


@pytest.mark.parametrize("said", [CUMPLE, Verdict(State.DESCONOCIDO, Reason.SIN_DATO)])
def test_a_spool_that_tells_of_before_an_event_opens_after_the_report_before_it(
    engine: Engine, said: Verdict
) -> None:
    history = play(engine)
    first = history.report(CUMPLE)
    history.event("etiqueta", CUMPLE)
    history.save()
    before = history.report(said, after=HOUR, lag=HOUR + 50 * SECOND)
    opened = history.report(falla("a"), after=SECOND, lag=HOUR + 40 * SECOND)
    found = only(history)
    assert found.opened_in == opened
    assert found.opened_after == (before if said is CUMPLE else first)


def test_a_spool_that_tells_of_before_an_event_ends_after_the_report_that_it_judged_anew(
    engine: Engine,
) -> None:
    history = play(engine)
    history.report(CUMPLE)
    seen = history.report(falla("a"))
    history.event("etiqueta", falla("a"))
    violation = only(history)
    cleared = history.report(CUMPLE, after=HOUR, lag=HOUR + 50 * SECOND)
    assert not state(history).open
    bounds = "seen_report_id, seen_at, ended_report_id, ended_at"
    rows = history.engine.rows(
        f"SELECT {bounds} FROM violation WHERE digest = ?", (violation.digest,)
    )
    assert rows == [(seen.report_id, seen.at, cleared.report_id, cleared.at)]


def test_what_an_event_opened_ends_when_a_spool_of_before_it_arrives(engine: Engine) -> None:
    history = play(engine)
    history.report(CUMPLE)
    opened = history.event("etiqueta", falla("a"))
    violation = only(history)
    cleared = history.report(CUMPLE, after=HOUR, lag=HOUR + 50 * SECOND)
    assert not state(history).open
    rows = history.engine.rows(
        "SELECT seen_at, ended_at FROM violation WHERE digest = ?", (violation.digest,)
    )
    assert rows == [(opened.at, cleared.received_at)]


def test_of_an_event_before_reports_that_tell_nothing_no_report_is_known_to_be_its_own(
    engine: Engine,
) -> None:
    history = play(engine)
    unknown = Verdict(State.DESCONOCIDO, Reason.SIN_DATO)
    history.report(CUMPLE)
    history.event("etiqueta", CUMPLE)
    history.event("etiqueta", unknown)
    history.report(unknown, after=HOUR, lag=HOUR + 110 * SECOND)
    history.report(falla("a"), after=SECOND, lag=HOUR + 100 * SECOND)
    assert only(history).opened_after is None
