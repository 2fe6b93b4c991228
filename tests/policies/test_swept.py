"""A sweep over the reports of a server judges as copies of each of them do."""

from __future__ import annotations

import random
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from service.config import Config
from service.policies.backtest.candidate import read_folder
from service.policies.backtest.history import Axis
from service.policies.backtest.recorder import Found
from service.policies.backtest.runs import BackTest, Way
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence
from service.policies.rules.data_files import DataFiles
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule import Applies, Clock, Deadlines, Scope, Threshold
from service.policies.rules.rule_file import read_rule
from service.report import Report
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import HOUR
from tests.policies import leaping_history
from tests.policies.rule_texts import write_rule
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


def test_a_report_counts_that_says_the_same_as_an_hour_before_it(tmp_path: Path) -> None:
    """What the hour says changes nothing, but the report is one more that confirms."""
    with closing(engine.SqliteEngine(tmp_path / "compliance.db")) as database:
        store = ReportStore(database.migrated(), load_queries())
        for report in leaping_history.history(random.Random(1), 5, 12):
            store.add(report, report.taken_at)
            until = report.taken_at + HOUR
        with BackTest(Config(data=tmp_path)) as test:
            hourly = replace(
                read_rule(write_rule(tmp_path), RELATIONS | HIDDEN),
                sql="SELECT 'always' AS name",
                evidence=("name",),
                applies=Applies(),
                clock=Clock.HORA,
                deadlines=Deadlines(confirm_after=Threshold(9)),
            )
            found = test.guard.load([JudgedRule.of(hourly)], DataFiles().tables())
            made = RuleInForce(hourly, "", "", "{}", taken_up_at=0)
            rules = {hourly.id: replace(made, inspection=found[hourly.id])}
            swept = _judged(test, rules, until, axis=Axis.LLEGADA, way=Way.SWEEP)
            assert swept == _judged(test, rules, until, axis=Axis.LLEGADA, way=Way.COPIES)
            assert "always" in str(swept)


@settings(max_examples=2, phases=[Phase.generate], deadline=None)
@given(histories(most=20))
def test_a_sweep_gives_what_copies_give(history: History) -> None:
    _compare(history)


@pytest.mark.torture
@settings(max_examples=25, deadline=None)
@given(histories(most=40))
def test_sweeps_give_what_copies_give(history: History) -> None:
    _compare(history)
