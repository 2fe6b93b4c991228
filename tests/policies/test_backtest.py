"""The back-test says of a past what the evaluator said of it as it came."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from service.policies.backtest.candidate import read_folder
from service.policies.backtest.history import Axis
from service.policies.backtest.recorder import Found
from service.policies.backtest.runs import BackTest
from service.policies.evaluator.evaluator import Evaluator
from service.policies.guard.text_hash import Silence
from service.store.verdict_rows import Judgement, Span, Violation
from service.times import DAY, HOUR
from tests.support import engine
from tests.support.judged_field import (
    FLEET_EVERY,
    START,
    Field,
    Told,
    in_order,
    live,
    odd_arrivals,
    random_arrivals,
    random_retirings,
    random_tellings,
    work,
)

_BOUND = ("report_id", "at", "received_at", "mark")


def _columns(*names: str) -> str:
    """Column names, in which `name*` stands for the four of a bound."""
    found = []
    for name in names:
        start, is_bound, _ = name.partition("*")
        found += [f"{start}_{part}" for part in _BOUND] if is_bound else [name]
    return ", ".join(found)


VIOLATION = _columns(
    "digest", "v.server_id", "kind", "key", "opened_after*", "opened_in*", "confirmed*", "seen*",
    "cleared*", "ended*", "ended_as", "ended_known_at", "relapses", "yes_count", "yes_time",
    "yes_report_at", "no_count", "no_time", "no_report_at", "is_pending", "total", "is_late",
    "continues_digest", "case_digest", "case_since_at", "grace_until_at", "evidence", "motive_es",
    "motive_en",
)  # fmt: skip
SPAN = _columns("v.server_id", "state", "reason", "detail", "after*", "first*", "last*", "until*")
JUDGEMENT = _columns("v.server_id", "since*", "until*", "known*", "is_known")

Rows = dict[str, list[tuple[object, ...]]]


def stored(field: Field, table: str, columns: str) -> Rows:
    found: Rows = {}
    for rule, *row in engine.rows(
        field.config.database,
        f"SELECT t.rule, {columns} FROM {table} AS v JOIN policy_text AS t ON t.id = v.text_id",
    ):
        found.setdefault(rule, []).append(tuple(row))
    return {rule: sorted(rows, key=repr) for rule, rows in found.items()}


def _row(row: Violation | Span | Judgement) -> tuple[object, ...]:
    values = list(row.values())
    del values[2 if isinstance(row, Violation) else 1]  # text_id
    return tuple(values)


def replayed(field: Field, end: int, axis: Axis = Axis.LLEGADA) -> dict[str, list[Found]]:
    """What the back-test finds of the whole past, by rule."""
    found: dict[str, list[Found]] = {}
    with BackTest(field.config) as test:
        silence = Silence(field.config.silent_after, field.config.silent_intervals)
        candidates = read_folder(field.config.policies, test.guard, silence)
        assert not candidates.faults
        period = test.period(START, end)
        servers = test.servers()
        of_fleet = test.of_fleet(candidates.rules, period, axis, FLEET_EVERY)
        assert all(until <= end for until in of_fleet.ticks)
        of_servers = test.of_servers(candidates.rules, period, axis, servers)
        for server in chain(of_servers, of_fleet.found(servers)):
            for rule, of_rule in server.rules.items():
                found.setdefault(rule, []).append(of_rule)
    return found


def assert_as_live(field: Field, end: int, *, of_fleet: bool = True) -> None:
    found = replayed(field, end)
    if not of_fleet:
        del found["f-rule"], found["g-rule"]
    for table, columns, member in (
        ("violation", VIOLATION, "violations"),
        ("verdict_span", SPAN, "spans"),
        ("judgement", JUDGEMENT, "judgements"),
    ):
        live_rows = stored(field, table, columns)
        if not of_fleet:
            live_rows.pop("f-rule", None)
            live_rows.pop("g-rule", None)
        for rule, servers in found.items():
            rows = [_row(row) for of_rule in servers for row in getattr(of_rule, member)]
            assert sorted(rows, key=repr) == live_rows.pop(rule, []), (table, rule)
        assert not live_rows
    failing = {rule for rule, servers in found.items() if any(one.violations for one in servers)}
    assert failing >= {"a-rule", "d-rule", "h-rule"}
    sightings = {
        (sighting.violation.digest, sighting.report.report_id)
        for servers in found.values()
        for of_rule in servers
        for sighting in of_rule.sightings
    }
    query = "SELECT digest, report_id FROM late_sighting AS s JOIN violation AS v"
    query += " ON v.id = s.violation_id"
    assert sightings == set(engine.rows(field.config.database, query))


def failing_rules(field: Field) -> set[str]:
    return set(stored(field, "violation", VIOLATION))


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    made = Field(tmp_path, monkeypatch, with_fleet=True, with_tags=True)
    with closing(made.database):
        yield made


def random_told(seed: int, length: int, machines: int) -> list[Told]:
    """Tags and retirements."""
    generator = random.Random(seed)
    tellings = random_tellings(generator, length, machines)
    return [*tellings, *random_retirings(generator, length, machines)]


def _compare(field: Field, seed: int, length: int, machines: int, *, is_deaf: bool) -> None:
    arrivals = random_arrivals(random.Random(seed), length, machines)
    deaf = (START + 5 * HOUR, START + 9 * HOUR) if is_deaf else None
    if deaf is not None:
        arrivals = [one for one in arrivals if not deaf[0] <= one.at <= deaf[1]]
    end = START + length + 2 * HOUR
    told = random_told(seed, length, machines)
    if deaf is not None:
        told = [one for one in told if not deaf[0] <= one.at <= deaf[1]]
    live(field, arrivals, end, deaf, told)
    field.now = end
    failing = {"a-rule", "d-rule", "f-rule", "g-rule", "h-rule", "silencioso", "t-rule"}
    assert failing_rules(field) == failing
    assert_as_live(field, end)
    turned = (
        "SELECT rule, opened_after_at, opened_in_at, seen_at, ended_at FROM violation"
        " JOIN policy_text ON policy_text.id = text_id WHERE NOT is_fleet"
        " AND (opened_after_at > opened_in_at OR opened_in_at > seen_at OR seen_at > ended_at)"
    )
    assert engine.rows(field.config.database, turned) == []


def test_a_back_test_gives_what_live_evaluation_gave(field: Field) -> None:
    _compare(field, 1, 12 * HOUR, 2, is_deaf=False)


@pytest.mark.torture
@pytest.mark.parametrize("is_deaf", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_back_test_of_days_gives_what_live_evaluation_gave(
    field: Field, seed: int, *, is_deaf: bool
) -> None:
    _compare(field, seed, 3 * DAY, 3, is_deaf=is_deaf)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(4))
def test_clones_and_odd_clocks_are_judged_as_live_evaluation_judged_them(
    field: Field, seed: int
) -> None:
    length = DAY
    adjustments = Path(field.config.policies or "") / "ajustes.toml"
    text = adjustments.read_text(encoding="utf-8")
    for rule in ("clonado", "reloj-incorrecto"):
        text = text.replace(f"[{rule}]\nactiva = false\n", "")
    adjustments.write_text(text, encoding="utf-8")
    live(field, odd_arrivals(random.Random(seed), length), START + length + 2 * HOUR, None)
    field.now = START + length + 2 * HOUR
    assert_as_live(field, field.now)
    clones = engine.rows(field.config.database, "SELECT max(sibling) FROM server")
    assert clones == [(1,)]


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(3))
def test_evaluators_that_are_killed_gave_what_a_back_test_gives(field: Field, seed: int) -> None:
    generator = random.Random(seed)
    arrivals = in_order(random_arrivals(generator, DAY, 2), random_told(seed, DAY, 2))
    waiting, end = list(arrivals), START + DAY + 2 * HOUR
    for _ in range(12):  # each takes over from one that stopped somewhere
        cut = generator.randrange(len(waiting)) if waiting else 0
        with Evaluator(field.config) as evaluator:
            evaluator.begin(look_seconds=0)
            for arrival in waiting[:cut]:
                field.now = arrival.at
                field.take(arrival)
            for _ in range(generator.randrange(2 * cut + 1)):
                evaluator.work()
        waiting = waiting[cut:]
    for arrival in waiting:
        field.now = arrival.at
        field.take(arrival)
    field.now = end
    with Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        work(evaluator)
    assert_as_live(field, end, of_fleet=False)  # an evaluator that was away took no ticks
