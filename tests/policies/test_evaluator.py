"""The evaluator judges every report of a real database, whatever came in before it looked."""

from __future__ import annotations

import pytest

from service import times
from service.policies.evaluator import evaluator
from service.policies.evaluator.evaluator import Evaluator
from service.policies.evaluator.outcome import Outcome
from service.report import Report
from service.store.queries import load_queries
from service.store.read.evaluation import EvaluationReader
from service.times import DAY, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import engine
from tests.support.judged_fleet import AT_ONCE, EVERYWHERE, WEB, Fleet


def test_a_violation_opens_and_resolves_between_reports_of_one_batch(fleet: Fleet) -> None:
    before, during, after = fleet.add(3 * MINUTE), fleet.add(2 * MINUTE, "bad"), fleet.add(MINUTE)
    fleet.judge()
    assert fleet.violations() == [(before, during, after, "resuelta", 0)]
    assert engine.rows(fleet.config.database, "SELECT seq, late_seq FROM judged") == [(3, 0)]


def test_of_what_arrived_before_there_were_rules_the_newest_is_judged_as_by_a_new_text(
    fleet: Fleet,
) -> None:
    fleet.add(9 * MINUTE, "bad")
    fleet.add(8 * MINUTE, "bad")
    fleet.add_late(10 * MINUTE, "bad")
    engine.execute(
        fleet.config.database, "UPDATE policy_text SET first_seen_at = ?", (fleet.now + 1,)
    )
    fleet.judge()
    assert fleet.violations() == [(None, None, None, None, 0)]
    bound = "SELECT substr(opened_in_mark, 1, 6), opened_in_at = taken_up_at"
    bound += " FROM violation, policy WHERE policy.rule = 'a-rule'"
    assert engine.rows(fleet.config.database, bound) == [("texto ", 1)]
    assert engine.rows(fleet.config.database, "SELECT seq, late_seq FROM judged") == [(2, -1)]


def test_servers_that_do_not_fit_into_a_round_are_judged_in_the_next(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "_SERVERS_A_ROUND", 1)
    with Evaluator(fleet.config) as made:
        made.begin(look_seconds=0)
        for ago, names in ((30, []), (20, ["bad"]), (10, [])):
            for machine in ("m1", "m2", "m3"):
                fleet.add(ago * SECOND, *names, machine=machine)
            while made.work():
                pass
    judged = engine.rows(fleet.config.database, "SELECT seq FROM judged ORDER BY server_id")
    assert judged == [(3,), (3,), (3,)]
    assert [row[3] for row in fleet.violations()] == ["resuelta"] * 3


def test_a_late_report_is_a_violation_of_its_own_between_its_neighbours(fleet: Fleet) -> None:
    first, last = fleet.add(9 * MINUTE), fleet.add(3 * MINUTE)
    fleet.judge()
    late = fleet.add_late(5 * MINUTE, "bad")
    fleet.judge()
    assert fleet.violations() == [(first, late, last, "resuelta", 1)]


def test_another_evaluator_goes_on_where_the_last_one_ended(fleet: Fleet) -> None:
    first = fleet.add(3 * MINUTE)
    fleet.judge()
    second = fleet.add(2 * MINUTE, "bad")
    fleet.judge()
    fleet.judge()
    assert fleet.violations() == [(first, second, None, None, 0)]


WORSE = [("'bad'", "'worse'"), ('"bad"', '"worse"'), ("version = 2", "version = 3")]


@pytest.mark.parametrize("is_running", [True, False])
def test_a_new_text_judges_after_the_reports_that_arrived_before_it(
    fleet: Fleet, *, is_running: bool
) -> None:
    fleet.add(9 * MINUTE)
    fleet.judge()
    with Evaluator(fleet.config) as evaluator:
        if is_running:
            evaluator.begin(look_seconds=0)
            while evaluator.work():
                pass
        opened, worse = fleet.add(8 * MINUTE, "bad"), fleet.add(7 * MINUTE, "worse")
        write_rule(fleet.rule.parent, *WORSE, EVERYWHERE, AT_ONCE)
        evaluator.begin(look_seconds=0)
        at = times.now()
        later = fleet.store.add(
            Report(at, WEB, [(1, "init", "root", 0)], [], b"later", [], "m1"), at
        ).id_serv
        while evaluator.work():
            pass
    found = engine.rows(
        fleet.config.database,
        "SELECT version, opened_in_report_id, opened_in_mark LIKE 'texto %', ended_report_id"
        " FROM violation JOIN policy_text ON policy_text.id = text_id WHERE rule = 'a-rule'"
        " ORDER BY violation.id",
    )
    assert found == [(2, opened, None, worse), (3, None, 1, later)]


def test_what_a_rule_has_open_ends_once_its_missing_file_is_given_up(fleet: Fleet) -> None:
    fleet.add(2 * MINUTE, "bad")
    fleet.judge()
    fleet.rule.unlink()
    fleet.judge()
    assert [row[3] for row in fleet.violations()] == [None]
    engine.execute(
        fleet.config.database, "UPDATE policy SET missing_since = missing_since - ?", (DAY,)
    )
    fleet.judge()
    assert [row[3] for row in fleet.violations()] == ["regla_retirada"]


def test_a_rule_that_is_switched_off_ends_what_it_has_open(fleet: Fleet) -> None:
    fleet.add(2 * MINUTE, "bad")
    fleet.judge()
    with (fleet.rule.parent / "ajustes.toml").open("a", encoding="utf-8") as adjustments:
        adjustments.write("[a-rule]\nactiva = false\n")
    fleet.judge()
    ((_, _, _, ended_as, _),) = fleet.violations()
    assert ended_as == "regla_retirada"


def test_a_renamed_rule_goes_on_with_what_it_has_open(fleet: Fleet) -> None:
    fleet.add(2 * MINUTE, "bad")
    fleet.judge()
    fleet.rule.unlink()
    renamed = ('"a-rule"', '"b-rule"\n-- antes = "a-rule"')
    write_rule(fleet.rule.parent, renamed, EVERYWHERE, AT_ONCE, name="b-rule")
    fleet.judge()
    found = engine.rows(
        fleet.config.database,
        "SELECT rule, ended_as, is_pending, case_since_at, continues_digest IS NULL FROM violation"
        " JOIN policy_text ON policy_text.id = text_id ORDER BY violation.id",
    )
    at = fleet.now - 2 * MINUTE
    assert found == [("a-rule", "regla_retirada", 0, at, 1), ("b-rule", None, 0, at, 0)]


@pytest.mark.parametrize(("reads", "is_shown"), [("name", True), ("linea_comando", False)])
def test_files_of_pipelines_show_no_rows_of_rules_that_read_command_lines(
    fleet: Fleet, reads: str, *, is_shown: bool
) -> None:
    column = ("count(*) AS n", f"count({reads}) AS n")
    write_rule(fleet.rule.parent, EVERYWHERE, AT_ONCE, ("version = 2", "version = 3"), column)
    fleet.add(MINUTE, "bad")
    fleet.judge()
    found = EvaluationReader(fleet.database, load_queries()).read(fleet.now)
    (violation,) = [found for found in found.violations if found.rule == "a-rule"]
    shown = (violation.key, violation.motive_es, violation.motive_en)
    assert shown == (('{"name":"bad"}', "bad 1", "bad 1") if is_shown else (None, None, None))


def test_a_rule_whose_file_is_gone_is_told_as_broken(fleet: Fleet) -> None:
    fleet.add(MINUTE, "bad")
    fleet.judge()
    fleet.rule.unlink()
    fleet.judge()
    found = EvaluationReader(fleet.database, load_queries()).read(fleet.now)
    gone = "is gone: the rule is not judged, and is retired a day later"
    assert found.faults == [("a-rule.sql", None, gone)]
    assert Outcome(found, 0).exit_code == 3


def test_a_rule_that_breaks_on_a_server_is_logged_as_it_begins_and_ends(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    write_rule(
        fleet.rule.parent,
        EVERYWHERE,
        AT_ONCE,
        ("version = 2", "version = 3"),
        (
            "name = 'bad'\nG",
            "CASE name WHEN 'worse' THEN en_red('::1', name) ELSE name = 'bad' END\nG",
        ),
    )
    fleet.judge()
    caplog.clear()
    for ago, names in ((4, []), (3, ["worse"]), (2, ["worse"]), (1, [])):
        fleet.add(ago * MINUTE, *names)
    fleet.judge()
    assert [line.partition(", and")[0] for line in caplog.messages] == [
        "evaluator: a-rule breaks on server 1",
        "evaluator: a-rule no longer breaks on server 1",
    ]
