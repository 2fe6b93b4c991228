"""Rules with `reloj` are judged at whole hours and days, and no more often than that matters."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from service.policies.evaluator.clock_events import MOST_REPLAYED, Clocks
from service.policies.evaluator.in_force import RuleInForce
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule_file import read_rule
from service.store.verdict_rows import Cursor
from service.times import DAY, HOUR
from tests.policies.rule_texts import write_rule

START = 20_000 * DAY
MONTH = 30 * DAY


def rule(folder: Path, clock: str, *changes: tuple[str, str]) -> RuleInForce:
    by_clock = (
        '-- ambito = "servidor"\n', f'-- ambito = "servidor"\n-- reloj = "{clock}"\n',
    )  # fmt: skip
    path = write_rule(folder, ('"a-rule"', f'"{clock}"'), by_clock, *changes, name=clock)
    read = read_rule(path, RELATIONS | HIDDEN)
    return RuleInForce(read, "", "", "{}", taken_up_at=START - 1)


def judged(
    found: RuleInForce, until: int, *, in_silence: bool
) -> tuple[list[tuple[int, list[str]]], Cursor]:
    """What is judged of a server that was judged last at START."""
    cursor = Cursor(1, 1, hour_at=START, day_at=START)
    clocks = Clocks()
    events: list[tuple[int, list[str]]] = []
    while True:
        event = clocks.next(cursor, {found.id: found}, until, in_silence=in_silence)
        if event is None:
            return events, cursor
        events.append((event[0].at - START, sorted(event[1])))


def test_each_hour_is_judged_of_a_server_that_is_heard(tmp_path: Path) -> None:
    events, _ = judged(rule(tmp_path, "hora"), START + 3 * HOUR, in_silence=False)
    assert events == [(n * HOUR, ["hora"]) for n in (1, 2, 3)]


@pytest.mark.parametrize("clock", ["hora", "dia"])
def test_a_silent_server_is_at_its_last_hour_at_once(tmp_path: Path, clock: str) -> None:
    events, cursor = judged(rule(tmp_path, clock), START + 1000 * MONTH, in_silence=True)
    assert events == [(1000 * MONTH, [])]
    reached = cursor.hour_at if clock == "hora" else cursor.day_at
    assert reached == START + 1000 * MONTH


def test_a_rule_that_reads_the_hour_to_apply_is_judged_in_silence(tmp_path: Path) -> None:
    applies = (
        'aplica = { etiqueta = "entorno=produccion", so = ["Debian*"] }',
        'aplica = { consulta = "SELECT servidor FROM servers_vigentes WHERE :ahora > recibido" }',
    )
    events, _ = judged(rule(tmp_path, "hora", applies), START + 2 * HOUR, in_silence=True)
    assert events == [(HOUR, ["hora"]), (2 * HOUR, ["hora"])]


def test_of_a_long_time_the_newest_hours_are_judged_and_that_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        events, _ = judged(rule(tmp_path, "hora"), START + MONTH, in_silence=False)
    assert [at for at, _ in events] == [MONTH - n * HOUR for n in reversed(range(MOST_REPLAYED))]
    (told,) = caplog.messages
    assert "left out" in told
