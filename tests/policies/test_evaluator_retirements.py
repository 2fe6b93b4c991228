"""A retirement is an event: what is open ends, and the next report brings the server back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.policies.evaluator.evaluator import Evaluator
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.support import engine
from tests.support.judged_field import START, Arrival, Field, Retiring, work

VIOLATIONS = (
    "SELECT opened_in_report_id, ended_as, ended_mark LIKE 'baja %', ended_at - ?,"
    " continues_digest IS NOT NULL, case_since_at - ? FROM violation"
    " JOIN policy_text ON policy_text.id = text_id WHERE rule = ? ORDER BY violation.id"
)
SPANS = (
    "SELECT state, reason, first_mark LIKE 'baja %', until_at - ? FROM verdict_span"
    " JOIN policy_text ON policy_text.id = text_id WHERE rule = ? ORDER BY verdict_span.id"
)


class Retired:
    """A server that fails by a-rule, and another one."""

    def __init__(self, field: Field, evaluator: Evaluator) -> None:
        self.field, self._evaluator = field, evaluator

    def report(self, at: int, *names: str, machine: str = "m0") -> None:
        self.field.now = START + at
        self.field.add(Arrival(START + at, START + at, machine, names))
        self.pass_until(at + 2 * SECOND)

    def retire(self, at: int) -> None:
        self.field.now = START + at
        self.field.retire(Retiring(START + at, "m0"))
        self.pass_until(at + 2 * SECOND)

    def pass_until(self, at: int) -> None:
        self.field.now = START + at
        work(self._evaluator)

    def violations(self, rule: str = "a-rule") -> engine.Rows:
        return engine.rows(self.field.config.database, VIOLATIONS, (START, START, rule))

    def spans(self, rule: str = "a-rule") -> engine.Rows:
        return engine.rows(self.field.config.database, SPANS, (START, rule))


@pytest.fixture
def retired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Retired]:
    field = Field(tmp_path, monkeypatch, with_fleet=True)
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        made = Retired(field, evaluator)
        made.report(MINUTE, "bad")
        yield made


def test_a_retirement_ends_what_is_open_and_the_next_report_continues_it(retired: Retired) -> None:
    retired.retire(5 * MINUTE)
    assert retired.violations() == [(1, "retirado", 1, 5 * MINUTE, 0, MINUTE)]
    assert retired.spans() == [("no_aplica", "retirado", 1, None)]
    retired.pass_until(DAY)
    assert retired.violations("silencioso") == []  # nobody waits for it
    assert len(retired.spans()) == 1
    retired.report(2 * DAY, "bad")
    assert retired.violations()[1] == (2, None, None, None, 1, MINUTE)
    assert retired.spans() == [("no_aplica", "retirado", 1, 2 * DAY)]


def test_a_server_that_comes_back_repaired_has_nothing_open(retired: Retired) -> None:
    retired.retire(5 * MINUTE)
    retired.report(HOUR)
    assert [row[1] for row in retired.violations()] == ["retirado"]
    retired.report(HOUR + MINUTE, "bad")
    assert retired.violations()[1][4:] == (0, HOUR + MINUTE)


def test_the_silence_of_a_server_ends_with_its_retirement(retired: Retired) -> None:
    retired.pass_until(HOUR)
    assert [row[1] for row in retired.violations("silencioso")] == [None]
    retired.retire(2 * HOUR)
    assert [row[1] for row in retired.violations("silencioso")] == ["retirado"]
    assert [row[:2] for row in retired.spans()] == [
        ("desconocido", "silencio"),
        ("no_aplica", "retirado"),
    ]


def test_a_retired_server_is_no_peer_of_others(retired: Retired) -> None:
    """By f-rule, a server fails that runs bad alone."""
    retired.report(20 * MINUTE, "bad", machine="m1")
    retired.pass_until(31 * MINUTE)
    assert [row[:2] for row in retired.violations("f-rule")] == [(1, None)]
    retired.retire(32 * MINUTE)
    retired.report(40 * MINUTE, "bad", machine="m1")
    retired.pass_until(46 * MINUTE)
    assert [row[:2] for row in retired.violations("f-rule")] == [(1, "retirado"), (3, None)]


def test_a_retirement_that_was_stored_after_its_tick_ends_it_at_the_next(retired: Retired) -> None:
    """The disk of the audit log may take longer than the evaluator waits."""
    retired.report(14 * MINUTE, "bad")
    retired.pass_until(15 * MINUTE + 2 * SECOND)
    assert [row[1] for row in retired.violations("f-rule")] == [None]
    retired.field.now = START + 15 * MINUTE - SECOND
    retired.field.retire(Retiring(retired.field.now, "m0"))
    retired.pass_until(31 * MINUTE)
    assert [row[1:4] for row in retired.violations("f-rule")] == [
        ("retirado", 1, 15 * MINUTE - SECOND)
    ]
    retired.report(40 * MINUTE, "bad", machine="m1")
    retired.pass_until(46 * MINUTE)
    assert [row[1] for row in retired.violations("f-rule")] == ["retirado", None]


def test_hours_that_pass_while_it_is_retired_are_not_judged(retired: Retired) -> None:
    """By h-rule, a server fails that runs bad at an hour such as 0, 1, 4 and 5."""
    assert [row[1] for row in retired.violations("h-rule")] == [None]
    retired.retire(5 * MINUTE)
    retired.report(3 * DAY + 14 * HOUR, "bad")
    retired.pass_until(3 * DAY + 14 * HOUR + 5 * MINUTE)
    assert [row[1] for row in retired.violations("h-rule")] == ["retirado"]
