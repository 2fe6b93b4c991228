"""Rules about the fleet are judged at ticks, by reports, new texts and silence."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service import times
from service.policies.evaluator.evaluator import Evaluator
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import engine
from tests.support.answers_seen import AnswersSeen
from tests.support.judged_field import FLEET_EVERY, START, Arrival, Field, work
from tests.support.judged_fleet import FLEET, LONELY, Fleet


@pytest.mark.parametrize("silent_for", [5 * HOUR, 8 * DAY])
def test_a_new_text_about_the_fleet_goes_on_with_silent_servers(
    fleet: Fleet, silent_for: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.config = replace(fleet.config, fleet_every=1)
    path = write_rule(fleet.rule.parent, *FLEET, name="f-rule")
    fleet.add(5 * times.SECOND, "bad")
    now = fleet.now
    monkeypatch.setattr(times, "now", lambda: now)

    def take_up_and_tick() -> None:
        nonlocal now
        for _ in range(2):
            now += MINUTE
            fleet.judge()

    take_up_and_tick()
    database = fleet.config.database
    engine.execute(database, "UPDATE server SET heard_at = heard_at - ?", (silent_for,))
    engine.execute(database, "UPDATE report SET received_at = received_at - ?", (silent_for,))
    text = path.read_text(encoding="utf-8").replace("version = 2", "version = 3")
    path.write_text(text.replace("GROUP BY", "AND pid > 1 GROUP BY"), encoding="utf-8")
    take_up_and_tick()
    found = engine.rows(
        database,
        "SELECT ended_as, is_pending, case_since_at, continues_digest IS NULL FROM violation"
        " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'f-rule' ORDER BY violation.id",
    )
    since = found[0][2]
    assert found == [("regla_cambiada", 0, since, 1), (None, 0, since, 0)]
    unknown = "SELECT reason FROM verdict_span JOIN policy_text ON policy_text.id = text_id"
    unknown += " WHERE rule = 'f-rule' AND until_at IS NULL"
    assert engine.rows(database, unknown) == [("silencio",)]


def catch_up(fleet: Fleet) -> None:
    with Evaluator(fleet.config) as evaluator:
        evaluator.begin(look_seconds=0)
        evaluator.catch_up()


@pytest.mark.torture
def test_catching_up_waits_for_the_tick_of_a_new_text(fleet: Fleet) -> None:
    fleet.config = replace(fleet.config, fleet_every=1)
    fleet.add(5 * times.SECOND, "bad")
    catch_up(fleet)
    write_rule(fleet.rule.parent, *FLEET, name="f-rule")
    catch_up(fleet)
    found = "SELECT count(*) FROM violation JOIN policy_text ON policy_text.id = text_id"
    found += " WHERE rule = 'f-rule'"
    assert engine.rows(fleet.config.database, found) == [(1,)]


def test_a_fleet_that_says_nothing_more_is_unknown(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rule(fleet.rule.parent, *FLEET, name="f-rule")
    fleet.add(MINUTE)
    now = fleet.now
    monkeypatch.setattr(times, "now", lambda: now)
    with Evaluator(fleet.config) as evaluator:
        evaluator.begin(look_seconds=0)
        evaluator.work()
        for later in (MINUTE, HOUR):
            now = fleet.now + later
            evaluator.catch_up()
    found = "SELECT reason, until_at FROM verdict_span JOIN policy_text ON policy_text.id = text_id"
    found += " WHERE rule = 'f-rule'"
    assert engine.rows(fleet.config.database, found) == [("silencio", None)]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_another_server_reports_is_a_bound(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, *, is_restarted: bool
) -> None:
    write_rule(fleet.rule.parent, *LONELY, name="f-rule")
    now = fleet.now
    monkeypatch.setattr(times, "now", lambda: now)
    evaluators = [Evaluator(fleet.config)]
    evaluators[0].begin(look_seconds=0)
    evaluators[0].work()
    numbers = []
    for second, (name, machine) in enumerate([("", "m1"), ("bad", "m1"), ("", "m2")]):
        fleet.now = now = now + MINUTE
        numbers.append(fleet.add(30 * times.SECOND - second, name, machine=machine))
        if is_restarted:
            evaluators.append(Evaluator(fleet.config))
            evaluators[-1].begin(look_seconds=0)
        evaluators[-1].catch_up()
    for evaluator in evaluators:
        evaluator.close()
    (row,) = engine.rows(
        fleet.config.database,
        "SELECT opened_after_report_id, opened_in_report_id, seen_report_id, ended_report_id,"
        " ended_mark, ended_as FROM violation JOIN policy_text ON policy_text.id = text_id"
        " WHERE rule = 'f-rule'",
    )
    assert row[:4] == (numbers[0], numbers[1], numbers[1], None)
    assert row[4].partition(" ")[0] == "informe_ajeno"
    assert row[5] == "resuelta"


def test_silence_after_a_server_left_the_fleet_is_settled_by_a_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch, with_fleet=True)
    config = replace(field.config, silent_after=8 * DAY // SECOND)
    config.evaluator_lock.touch()
    answers = AnswersSeen(config, field.database)
    with closing(field.database), Evaluator(config) as evaluator:
        evaluator.begin(look_seconds=0)
        at = field.now = START + MINUTE
        field.add(Arrival(at, at, "m0", ("bad",)))
        for days in (0, 8):
            field.now = START + days * DAY + FLEET_EVERY + 2 * SECOND
            work(evaluator)
            assert answers.look() == field.now - SECOND
