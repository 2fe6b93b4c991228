"""Retirements in back-tests: between records that came late, and several in one tick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.policies.backtest.history import Axis
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.policies.test_backtest import assert_as_live, replayed
from tests.support.judged_field import START, Arrival, Field, Retiring, Told, live


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    made = Field(tmp_path, monkeypatch, with_fleet=True)
    with closing(made.database):
        yield made


def report(at: int, taken: int | None = None, *, is_bad: bool = True) -> Arrival:
    taken_at = START + (at if taken is None else taken)
    return Arrival(START + at, taken_at, "m0", ("bad",) if is_bad else ())


def other(at: int) -> Arrival:
    return Arrival(START + at, START + at, "m1", ())


def judge(field: Field, end: int, *what: Arrival | Told) -> None:
    arrivals = [each for each in what if isinstance(each, Arrival)]
    told = [each for each in what if not isinstance(each, Arrival)]
    live(field, arrivals, START + end, None, told)
    field.now = START + end


def ends(field: Field, end: int, rule: str, axis: Axis) -> list[tuple[str | None, int | None]]:
    """How and when the violations of a rule ended, in the order of their openings."""
    found = replayed(field, START + end, axis)[rule]
    violations = sorted(
        (each for of_rule in found for each in of_rule.violations),
        key=lambda each: each.opened_in.at,
    )
    return [
        (each.ended_as, None if each.ended is None else each.ended.at - START)
        for each in violations
    ]


@pytest.mark.parametrize("rule", ["a-rule", "f-rule"])
@pytest.mark.parametrize("axis", Axis)
def test_a_record_that_came_after_the_return_hides_no_retirement(
    field: Field, axis: Axis, rule: str
) -> None:
    judge(
        field,
        5 * HOUR,
        *(report(HOUR), other(HOUR + MINUTE)),
        Retiring(START + 2 * HOUR, "m0"),
        *(other(2 * HOUR + MINUTE), report(3 * HOUR)),
        report(4 * HOUR, taken=HOUR + 20 * MINUTE),  # late: before the retirement by its place
        other(4 * HOUR + MINUTE),
    )
    first, *others = ends(field, 5 * HOUR, rule, axis)
    assert first == ("retirado", 2 * HOUR)
    assert ("retirado", 2 * HOUR) not in others


def test_a_record_of_a_time_after_it_brings_a_server_back_by_places(field: Field) -> None:
    judge(
        field,
        6 * HOUR,
        report(HOUR),
        Retiring(START + 2 * HOUR, "m0"),
        report(4 * HOUR),
        report(5 * HOUR, taken=3 * HOUR),
    )
    (found,) = replayed(field, START + 6 * HOUR, Axis.MOMENTO)["a-rule"]
    by_opening = sorted(found.violations, key=lambda each: each.opened_in.at)
    assert [each.opened_in.at - START for each in by_opening] == [HOUR, 3 * HOUR]
    assert by_opening[1].ended is None  # it is not retired once more


def test_two_retirements_between_two_ticks_end_it_at_the_first(field: Field) -> None:
    judge(
        field,
        DAY // 2,
        *(report(HOUR + SECOND), other(HOUR + SECOND)),
        Retiring(START + 2 * HOUR + MINUTE, "m0"),
        report(2 * HOUR + 3 * MINUTE),
        Retiring(START + 2 * HOUR + 5 * MINUTE, "m0"),
        other(2 * HOUR + 6 * MINUTE),
        *(report(8 * HOUR + MINUTE), other(8 * HOUR + MINUTE)),
    )
    assert_as_live(field, START + DAY // 2)
