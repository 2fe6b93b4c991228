"""What pages say of a moment stays so: it lies before whatever is not judged yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.auth.audit_log import AuditLog
from service.policies.evaluator import evaluator as evaluator_module
from service.policies.evaluator import hold
from service.policies.evaluator.evaluator import Evaluator
from service.store.queries import load_queries
from service.store.tag_format import WantedTag
from service.store.waiver_format import Target
from service.store.write.waiver_changes import NewWaiver, Waivers
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import engine
from tests.support.answers_seen import AnswersSeen
from tests.support.judged_field import (
    ALONE,
    EVERYWHERE,
    START,
    Arrival,
    Field,
    Retiring,
    Telling,
)

STEP = SECOND // 4
TICK = 10 * SECOND
ANOTHER = ("'bad'", "'init'"), ('"bad"', '"init"'), ("version = 2", "version = 3")
TOGETHER = ("AND 1 = (", "AND 1 <= ("), ("version = 2", "version = 3")


class Watched:
    """A field of servers that is asked all the time, just before and after it is judged."""

    def __init__(self, field: Field, evaluator: Evaluator) -> None:
        self.field, self.evaluator = field, evaluator
        self.answers = AnswersSeen(field.config, field.database)

    @property
    def rules(self) -> Path:
        assert self.field.config.policies is not None
        return self.field.config.policies

    def versions(self, rule: str) -> list[int]:
        """The versions of a rule that were taken up."""
        query = "SELECT version FROM policy_text WHERE rule = ? ORDER BY id"
        return [version for (version,) in engine.rows(self.field.config.database, query, (rule,))]

    def judge(self) -> None:
        """It is asked after each round of the evaluator, too."""
        self.evaluator._ticks._not_before = 0.0  # by the clock of this computer
        while self.evaluator.work():
            self.answers.look()

    def ask_until(self, at: int, *, judged_every: int = 10) -> None:
        """The evaluator comes by each two and a half seconds, as a busy one does."""
        number = 0
        while self.field.now < START + at:
            self.field.now = min(self.field.now + STEP, START + at)
            number += 1
            self.answers.look()
            if number % judged_every == 0:
                self.judge()
                self.answers.look()

    def leap(self, at: int) -> None:
        """Nothing is asked meanwhile. Reports come in, so that it is known who is silent."""
        self.field.now = START + at
        self.judge()
        self.answers.look()

    def report(self, machine: str, *names: str) -> None:
        now = self.field.now
        self.field.add(Arrival(now, now, machine, names))


@contextmanager
def evaluating(field: Field, monkeypatch: pytest.MonkeyPatch) -> Iterator[Evaluator]:
    """An evaluator by the clock of the field, which has looked at the rules."""
    clock = SimpleNamespace(monotonic=lambda: field.now / SECOND, sleep=lambda _: None)
    for module in (evaluator_module, hold):
        monkeypatch.setattr(module, "time", clock)
    field.config.evaluator_lock.touch()
    with Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        yield evaluator


def watch(field: Field, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """A fleet of three, asked and judged for some seconds. In the end, all is asked for again."""
    with evaluating(field, monkeypatch) as evaluator:
        made = Watched(field, evaluator)
        made.leap(50 * MINUTE)
        for machine in ("m0", "m1", "m2"):
            made.report(machine, "bad")
        made.ask_until(50 * MINUTE + 5 * SECOND)
        yield made
        made.ask_until(field.now - START + 15 * SECOND)
        made.answers.assert_lasting()
        assert made.answers.look() == (field.now - SECOND) // SECOND * SECOND  # nothing lasts


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    field = Field(tmp_path, monkeypatch, with_tags=True)
    with closing(field.database):
        yield from watch(field, monkeypatch)


@pytest.fixture
def watched_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """With rules about the fleet."""
    field = Field(tmp_path, monkeypatch, with_tags=True, with_fleet=True)
    with closing(field.database):
        field.config = replace(field.config, fleet_every=TICK // SECOND)
        yield from watch(field, monkeypatch)


def test_of_reports(watched: Watched) -> None:
    watched.report("m3", "bad")
    watched.ask_until(50 * MINUTE + 8 * SECOND)
    watched.report("m0")
    watched.ask_until(50 * MINUTE + 12 * SECOND)


def test_of_a_report_that_is_stored_a_little_later(watched: Watched) -> None:
    arrived_at = watched.field.now + STEP
    watched.ask_until(50 * MINUTE + 6 * SECOND)
    watched.field.add(Arrival(arrived_at, arrived_at, "m3", ("bad",)))
    watched.ask_until(50 * MINUTE + 10 * SECOND)


def test_of_a_tag_that_makes_a_rule_apply_and_cease_to(watched: Watched) -> None:
    field = watched.field
    field.tell(Telling(field.now, "m0", "produccion"))
    watched.ask_until(50 * MINUTE + 10 * SECOND)
    field.tell(Telling(field.now, "m0", None))
    watched.ask_until(50 * MINUTE + 15 * SECOND)


def test_of_a_server_that_is_retired(watched: Watched) -> None:
    watched.field.retire(Retiring(watched.field.now, "m1"))
    watched.ask_until(50 * MINUTE + 10 * SECOND)


def test_of_silence_that_began(watched: Watched) -> None:
    watched.ask_until(50 * MINUTE + 6 * SECOND)
    watched.leap(HOUR + 2 * MINUTE)
    watched.report("m0", "bad")
    watched.leap(HOUR + 4 * MINUTE + 55 * SECOND)
    watched.ask_until(HOUR + 5 * MINUTE + 5 * SECOND)


def test_of_a_whole_hour(watched: Watched) -> None:
    for at in range(HOUR, 2 * HOUR, 10 * MINUTE):
        watched.leap(at)
        for machine in ("m0", "m1"):
            watched.report(machine, "bad")
    watched.leap(2 * HOUR - 2 * SECOND)
    watched.ask_until(2 * HOUR + 5 * SECOND)


def test_of_a_whole_day(watched: Watched) -> None:
    watched.leap(DAY - 5 * MINUTE)
    watched.report("m0", "bad")
    watched.leap(DAY - 2 * SECOND)
    watched.ask_until(DAY + 5 * SECOND)


@pytest.mark.parametrize("silent_for", [MINUTE, 40 * MINUTE])
def test_of_whole_hours_of_a_server_that_was_heard_before_there_were_rules(
    silent_for: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    with closing(field.database):
        at = field.now = START + 55 * MINUTE - silent_for
        field.add(Arrival(at, at, "m0", ("bad",)))
        field.now = START + 55 * MINUTE
        with evaluating(field, monkeypatch) as evaluator:
            watched = Watched(field, evaluator)
            for hours in (0, 1, 2, 3, 26):
                watched.leap(hours * HOUR + 55 * MINUTE)
            assert watched.answers.look() == field.now - SECOND
            watched.answers.assert_lasting()


def test_of_another_text_of_a_rule(watched: Watched) -> None:
    write_rule(watched.rules, EVERYWHERE, *ANOTHER)
    watched.ask_until(50 * MINUTE + 25 * SECOND)
    assert watched.versions("a-rule") == [2, 3]


def test_of_a_rule_that_is_new_and_retired(watched: Watched) -> None:
    path = write_rule(watched.rules, EVERYWHERE, ('"a-rule"', '"n-rule"'), name="n-rule")
    watched.ask_until(50 * MINUTE + 25 * SECOND)
    path.unlink()
    (watched.rules / "a-rule.sql").unlink()
    watched.ask_until(50 * MINUTE + 45 * SECOND)


def test_of_a_rule_whose_file_is_back_on_a_server_that_is_new(watched: Watched) -> None:
    path = watched.rules / "a-rule.sql"
    text = path.read_bytes()
    path.unlink()
    watched.ask_until(50 * MINUTE + 25 * SECOND)
    watched.report("m3", "bad")
    watched.ask_until(50 * MINUTE + 30 * SECOND)
    path.write_bytes(text)
    watched.ask_until(50 * MINUTE + 50 * SECOND)
    query = (
        "SELECT judgement.since_at FROM judgement JOIN policy USING (text_id)"
        " WHERE policy.rule = 'a-rule' AND server_id = 4"
    )
    ((since_at,),) = engine.rows(watched.field.config.database, query)
    assert since_at > START + 50 * MINUTE + 30 * SECOND


def test_of_another_severity(watched: Watched) -> None:
    write_rule(watched.rules, EVERYWHERE, ('"alta"', '"baja"'))
    watched.ask_until(50 * MINUTE + 25 * SECOND)


def test_of_a_text_about_the_fleet(watched_fleet: Watched) -> None:
    write_rule(watched_fleet.rules, *ALONE, EVERYWHERE, *TOGETHER, name="f-rule")
    watched_fleet.ask_until(50 * MINUTE + 45 * SECOND)
    assert watched_fleet.versions("f-rule") == [2, 3]


def test_of_waivers(watched: Watched) -> None:
    field = watched.field
    waivers = Waivers(
        field.database,
        load_queries(),
        AuditLog(field.config.audit_log),
        lambda *_: ["name"],
        lambda: field.now,
    )
    until_at = field.now + 5 * SECOND
    waivers.waive(NewWaiver("a-rule", Target(server_id=1), until_at, "accepted"), "ana")
    revoked = NewWaiver(
        "a-rule", Target(tag=WantedTag("entorno", "produccion")), until_at + HOUR, "new"
    )
    number = waivers.waive(revoked, "ana")
    field.tell(Telling(field.now, "m1", "produccion"))
    watched.ask_until(50 * MINUTE + 12 * SECOND)
    waivers.revoke(number, "ana")
    watched.ask_until(50 * MINUTE + 15 * SECOND)


def test_before_the_first_tick_of_the_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its verdicts count from the reports of the servers themselves."""
    field = Field(tmp_path, monkeypatch, with_fleet=True)
    field.config = replace(field.config, fleet_every=TICK // SECOND)
    field.now = START + 2 * SECOND
    with closing(field.database), evaluating(field, monkeypatch) as evaluator:
        watched = Watched(field, evaluator)
        watched.leap(3 * SECOND)
        watched.report("m0", "bad")
        watched.ask_until(15 * SECOND)
        watched.answers.assert_lasting()


def test_of_a_tick_of_the_fleet(watched_fleet: Watched) -> None:
    watched_fleet.report("m4", "bad")
    watched_fleet.ask_until(50 * MINUTE + 25 * SECOND)
    watched_fleet.field.retire(Retiring(watched_fleet.field.now, "m1"))
    watched_fleet.ask_until(50 * MINUTE + 45 * SECOND)


def test_of_a_fleet_of_which_one_falls_silent(watched_fleet: Watched) -> None:
    watched_fleet.leap(HOUR + 2 * MINUTE)
    watched_fleet.report("m0", "bad")
    watched_fleet.leap(HOUR + 4 * MINUTE + 55 * SECOND)
    watched_fleet.ask_until(HOUR + 5 * MINUTE + 15 * SECOND)


def test_of_a_fleet_that_a_server_leaves_after_a_week(watched_fleet: Watched) -> None:
    for day in range(1, 8):
        watched_fleet.leap(day * DAY + 50 * MINUTE - 3 * SECOND)
        watched_fleet.report("m0", "bad")
    watched_fleet.ask_until(7 * DAY + 50 * MINUTE + 25 * SECOND)
