"""When a violation is told: what a back-test counts, and what receivers hear."""

from __future__ import annotations

import pytest

from service.policies.machine.alerts import AlertKind, alerts
from service.policies.rules.rule import Severity
from service.store.verdict_rows import Bound, Violation
from service.times import DAY, HOUR, MINUTE


def violation(opened: int, ended: int | None = None, grace: int | None = None) -> Violation:
    bound = Bound(1, opened, opened, None)
    made = Violation(opened.to_bytes(32), 1, 1, "clave", "{}", None, bound, bound)
    made.grace_until_at, made.ended_known_at = grace, ended
    if ended is not None:
        made.ended = Bound(2, ended, ended, None)
    return made


def told(severity: Severity, *violations: Violation) -> list[tuple[int, AlertKind]]:
    return [(alert.at, alert.kind) for alert in alerts(violations, severity)]


def test_the_third_opening_within_a_day_is_unstable_and_then_it_is_quiet() -> None:
    openings = [violation(n * HOUR, n * HOUR + MINUTE) for n in range(5)]
    later = violation(DAY + 5 * HOUR)
    assert told(Severity.ALTA, *openings, later) == [
        (0, AlertKind.ABIERTA),
        (HOUR, AlertKind.ABIERTA),
        (2 * HOUR, AlertKind.INESTABLE),
        (DAY + 5 * HOUR, AlertKind.ABIERTA),
    ]


def test_grace_delays_and_tells_nothing_that_ends_before() -> None:
    short = violation(0, MINUTE, grace=HOUR)
    assert told(Severity.ALTA, short) == []
    assert told(Severity.ALTA, violation(0, 2 * HOUR, grace=HOUR)) == [(HOUR, AlertKind.ABIERTA)]


@pytest.mark.parametrize(("ended", "expected"), [(50 * MINUTE, [0]), (None, [0, HOUR])])
def test_what_is_critical_is_told_once_an_hour_and_late_rather_than_never(
    ended: int | None, expected: list[int]
) -> None:
    openings = violation(0, MINUTE), violation(20 * MINUTE, 30 * MINUTE)
    found = told(Severity.CRITICA, *openings, violation(40 * MINUTE, ended))
    assert [at for at, _ in found] == expected


@pytest.mark.parametrize(
    ("ended", "expected"), [(None, [HOUR]), (2 * HOUR, [HOUR]), (HOUR, []), (MINUTE, [])]
)
def test_what_is_waived_is_told_when_the_waiver_ends_if_it_still_fails(
    ended: int | None, expected: list[int]
) -> None:
    found = alerts([violation(0, ended)], Severity.ALTA, lambda _, at: max(at, HOUR))
    assert [alert.at for alert in found] == expected
    late = violation(0)
    late.is_late = True
    (alert,) = alerts([late], Severity.ALTA, lambda _, at: max(at, HOUR))
    assert (alert.at, alert.kind) == (0, AlertKind.TARDIA)
