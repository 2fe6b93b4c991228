"""A sweep over the reports of a server judges as copies of each of them do."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from service.config import Config
from service.policies.backtest.candidate import read_folder
from service.policies.backtest.history import Axis
from service.policies.backtest.recorder import Found
from service.policies.backtest.runs import BackTest, Way
from service.policies.evaluator.clock_events import Rules
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence
from service.policies.rules.rule import Scope
from service.report import Report
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import HOUR
from tests.support import engine
from tests.support.generated import histories

History = list[tuple[Report, int]]


def _judged(
    test: BackTest, rules: Rules, until: int, *, axis: Axis, way: Way
) -> dict[tuple[int, str], object]:
    period = test.period(0, until)
    return {
        (server.server.id, rule): _comparable(found)
        for server in test.of_servers(rules, period, axis, test.servers(), way=way)
        for rule, found in server.rules.items()
    }


def _comparable(found: Found) -> object:
    return (
        [violation.values() for violation in found.violations],
        [span.values() for span in found.spans],
        [judgement.values() for judgement in found.judgements],
        found.time,
        found.judged,
    )


def _compare(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compliance.db"
        with closing(engine.SqliteEngine(path)) as made:
            store = ReportStore(made.migrated(), load_queries())
            for report, arrives_at in history:
                store.add(report, arrives_at)
            with BackTest(Config(data=Path(folder))) as test:
                candidates = read_folder(None, test.guard, Silence(900, 3))
                rules = {
                    rule: made
                    for rule, made in candidates.rules.items()
                    if not made.reads_first_sight and made.rule.scope is Scope.SERVIDOR
                }
                judged = [JudgedRule.of(made.rule) for made in rules.values()]
                test.guard.load(judged, candidates.data.tables())
                until = history[-1][1] + HOUR
                for axis in Axis:
                    swept = _judged(test, rules, until, axis=axis, way=Way.SWEEP)
                    assert swept == _judged(test, rules, until, axis=axis, way=Way.COPIES)
                    assert swept


@settings(max_examples=2, phases=[Phase.generate], deadline=None)
@given(histories(most=20))
def test_a_sweep_gives_what_copies_give(history: History) -> None:
    _compare(history)


@pytest.mark.torture
@settings(max_examples=25, deadline=None)
@given(histories(most=40))
def test_sweeps_give_what_copies_give(history: History) -> None:
    _compare(history)
