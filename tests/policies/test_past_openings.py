"""New texts judge the records of before, aside: since when had been open what they found?"""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from falcon import testing

from service.app import create_app
from service.file_lock import hold_lock
from service.policies.backtest.job_process import run_next
from service.policies.backtest.past_run import PastRun
from service.policies.evaluator.evaluator import Evaluator
from service.store.past_openings import PastOpening, PastOpeningStore
from service.store.queries import load_queries
from service.store.read.violations import ViolationFilter, ViolationStore
from service.store.write.rule_texts import RuleTextStore
from service.times import HOUR, MINUTE, SECOND
from tests.pages.test_fleet_page import text_of
from tests.support import engine
from tests.support.judged_field import START, Arrival, Field, live, random_arrivals, work

OPEN = """
SELECT server_id, rule, kind, key, opened_after_at, opened_in_at
FROM violation JOIN policy_text ON policy_text.id = text_id
WHERE ended_at IS NULL AND is_late = 0
ORDER BY 1, 2, 3, 4
"""
OPENINGS = """
SELECT server_id, rule, kind, key, after_at, opened_at
FROM past_opening JOIN policy_text ON policy_text.id = text_id
ORDER BY 1, 2, 3, 4
"""
PASTS = "SELECT DISTINCT servers_done, attempts, ended_as FROM policy_past"


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    made = Field(tmp_path / "var", monkeypatch, with_fleet=True)
    with closing(made.database):
        yield made


def arrivals() -> Iterator[Arrival]:
    """m0 fails from minute 65 on, m1 from its first report on, m2 does so no more."""
    for minute in range(5, 120, 5):
        at = START + minute * MINUTE
        yield Arrival(at + SECOND, at, "m0", ("bad",) if minute > 60 else ())
        yield Arrival(at + 2 * SECOND, at, "m1", ("bad",))
        yield Arrival(at + 3 * SECOND, at, "m2", ("bad",) if minute < 30 else ())


def take_up(field: Field, at: int) -> None:
    """The first rules of all come into force, after all these reports."""
    field.now = at
    with Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        field.now += 2 * SECOND
        work(evaluator)


def filled(field: Field) -> Field:
    for arrival in arrivals():
        field.add(arrival)
    take_up(field, START + 2 * HOUR)
    return field


def run_of(field: Field, urgent: int | None = None) -> PastRun:
    """urgent: something else comes first, after so many servers."""
    answers = iter([] if urgent is None else [False] * (urgent - 1) + [True])
    queries = load_queries()
    return PastRun(
        field.config,
        PastOpeningStore(field.database, queries),
        RuleTextStore(field.database, queries),
        is_urgent=lambda: next(answers, False),
    )


def minutes(at: int | None) -> int | None:
    return None if at is None else (at - START) // MINUTE


def test_a_violation_that_a_new_text_found_open_names_its_records(field: Field) -> None:
    filled(field)
    while run_of(field).has_due():
        run_next(field.config)
    store = ViolationStore(field.database, load_queries())
    found = {
        row.server_id: row for row in store.page(ViolationFilter(rule="a-rule"), 0, 10).violations
    }
    assert {number: row.opened_after for number, row in found.items()} == {1: None, 2: None}
    shown = {number: row.past for number, row in found.items()}
    assert all(isinstance(past, PastOpening) for past in shown.values())
    assert {
        number: (minutes(past.after_at), minutes(past.opened_at), past.is_estimate)
        for number, past in shown.items()
        if past is not None
    } == {1: (60, 65, False), 2: (None, 5, False)}
    assert {row[2] for row in engine.rows(field.config.database, PASTS)} == {"done"}


def test_pages_show_it_beside_before_and_say_that_it_was_never_told(field: Field) -> None:
    filled(field)
    client = testing.TestClient(
        create_app(field.config, field.database),
        headers={"Host": "localhost", "Accept-Language": "en"},
    )
    page = client.simulate_get("/regla/a-rule").text
    assert "are being judged by it aside" in page
    while run_of(field).has_due():
        run_of(field).run()
    for address in ("/incumplimientos?politica=a-rule", "/regla/a-rule", "/servidor/1"):
        text = text_of(client.simulate_get(address).text)
        assert (
            "before 2026-11-02 02:00:00 by the records since between 2026-11-02 01:00:00 and"
            " 2026-11-02 01:05:00 , never told" in text.replace("  ", " ")
        ), (address, text)
    first = text_of(client.simulate_get("/servidor/2").text)
    assert "by the records since before 2026-11-02 00:05:00 , never told" in first
    spanish = text_of(client.simulate_get("/regla/a-rule?idioma=es").text)
    assert "nunca avisado" in spanish
    then = client.simulate_get("/regla/a-rule?fecha_hora=2026-11-02T02:00:00").text
    assert "never told" not in then


def test_the_api_tells_it_as_never_told(field: Field) -> None:
    filled(field)
    client = testing.TestClient(
        create_app(field.config, field.database), headers={"Host": "localhost"}
    )
    address = "/violaciones?politica=a-rule"
    listed = client.simulate_get(address).json["violaciones"]
    assert [row["segun_registros"] for row in listed] == [None, None]
    while run_of(field).has_due():
        run_of(field).run()
    found = {
        row["servidor"]: row["segun_registros"]
        for row in client.simulate_get(address).json["violaciones"]
    }
    untold = {"estimado": False, "comunicado": False}
    assert found == {
        1: {"tras": "2026-11-02 01:00:00.000000", "desde": "2026-11-02 01:05:00.000000"} | untold,
        2: {"tras": None, "desde": "2026-11-02 00:05:00.000000"} | untold,
    }
    lines = client.simulate_get(f"{address}&formato=csv").text.splitlines()
    assert {
        int(row["servidor"]): json.loads(row["segun_registros"]) for row in csv.DictReader(lines)
    } == found


def test_records_of_before_say_what_live_evaluation_would_have_said(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [*random_arrivals(random.Random(7), 12 * HOUR, 3)]
    end = START + 12 * HOUR
    other = Field(tmp_path / "live", monkeypatch)
    with closing(other.database):
        live(other, [arrival for arrival in sent if arrival.at <= end], end, None)
        expected = engine.rows(other.config.database, OPEN)
    monkeypatch.setattr("service.times.now", lambda: field.now)
    for arrival in sent:
        if arrival.at <= end:
            field.add(arrival)
    take_up(field, end)
    while run_of(field).has_due():
        run_of(field).run()
    found = [row for row in engine.rows(field.config.database, OPENINGS) if row[1] != "f-rule"]
    assert found == expected
    assert found


def test_it_goes_on_where_it_was_when_something_else_comes_first(field: Field) -> None:
    filled(field)
    run_of(field, urgent=2).run()
    assert (2, 0, None) in engine.rows(field.config.database, PASTS)
    some = engine.rows(field.config.database, OPENINGS)
    assert {row[0] for row in some} == {1, 2}
    engine.execute(field.config.database, "DELETE FROM past_opening")
    while run_of(field).has_due():
        run_of(field).run()
    left = engine.rows(field.config.database, OPENINGS)
    assert {row[:2] for row in left if row[1] != "f-rule"} == set()


def test_a_text_at_which_processes_end_is_given_up(field: Field) -> None:
    filled(field)
    engine.execute(field.config.database, "UPDATE policy_past SET attempts = 3")
    run_of(field).run()
    assert not run_of(field).has_due()
    assert engine.rows(field.config.database, PASTS) == [(0, 3, "failed")]


def change(field: Field, *changes: tuple[str, str]) -> None:
    """Another text of a-rule comes into force a little later."""
    assert field.config.policies is not None
    path = field.config.policies / "a-rule.sql"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    take_up(field, field.now + 10 * SECOND)


CHANGED = (("version = 2", "version = 3"), ("name = 'bad'", "name IN ('bad')"))
STATES = """
SELECT version, ended_as FROM policy_past JOIN policy_text ON policy_text.id = text_id
WHERE rule = 'a-rule' ORDER BY 1
"""


def test_a_text_whose_file_is_gone_just_then_waits_for_it(field: Field) -> None:
    filled(field)
    missing = "UPDATE policy SET missing_since = ? WHERE rule = 'a-rule'"
    engine.execute(field.config.database, missing, (field.now,))
    while run_of(field).has_due():
        run_of(field).run()
    of_rule = PASTS + " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'a-rule'"
    assert engine.rows(field.config.database, of_rule) == [(0, 0, None)]
    engine.execute(field.config.database, missing, (None,))
    while run_of(field).has_due():
        run_of(field).run()
    assert [row[2] for row in engine.rows(field.config.database, of_rule)] == ["done"]
    assert any(row[1] == "a-rule" for row in engine.rows(field.config.database, OPENINGS))


def test_the_older_records_of_a_text_that_is_retired_are_not_judged(field: Field) -> None:
    filled(field)
    retired = "UPDATE policy SET missing_since = 1, retired_at = 2 WHERE rule = 'a-rule'"
    engine.execute(field.config.database, retired)
    while run_of(field).has_due():
        run_of(field).run()
    of_rule = PASTS + " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'a-rule'"
    assert [row[2] for row in engine.rows(field.config.database, of_rule)] == ["superseded"]


def test_what_another_text_may_have_told_is_not_said_to_be_untold(field: Field) -> None:
    """A violation that continues another; and one of a text that was in force before."""
    filled(field)
    change(field, *CHANGED)
    while run_of(field).has_due():
        run_of(field).run()
    assert engine.rows(field.config.database, STATES) == [(2, "superseded"), (3, "done")]
    store = ViolationStore(field.database, load_queries())

    def shown() -> set[bool]:
        rows = store.page(ViolationFilter(rule="a-rule", is_open=True), 0, 10).violations
        return {row.past is not None for row in rows}

    assert shown() == {False}
    change(field, *((new, old) for old, new in CHANGED))
    assert engine.rows(field.config.database, STATES) == [(3, "done")]
    assert shown() == {False}


def test_nothing_is_judged_where_there_were_no_records(field: Field) -> None:
    take_up(field, START)
    assert engine.rows(field.config.database, "SELECT count(*) FROM policy_past") == [(0,)]
    held = hold_lock(field.config.backtest_lock)
    assert held is not None
    os.close(held)
