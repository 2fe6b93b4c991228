"""When a violation is told: the messages that say that something fails. It does no I/O.

`abierta`, when it is confirmed; not what continues another (`continua_de`), and not within the
grace of a new server nor while it is waived, after which it is told if it still fails. `tardia`, at
once. From the third opening of a key within a day on, one `inestable` and then nothing, until a day
has passed without a transition. A rule of severity `critica` is never quiet, but told once an hour
at most: what opens within that hour is told at its end, if it still fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from service.policies.rules.rule import Severity
from service.store.damping import Damping, Told
from service.store.verdict_rows import Violation
from service.times import HOUR


class AlertKind(StrEnum):
    ABIERTA = "abierta"
    TARDIA = "tardia"
    INESTABLE = "inestable"


class Alert(NamedTuple):
    """at: microseconds; when the message is due."""

    at: int
    kind: AlertKind
    violation: Violation


Waived = Callable[[Violation, int], int]
"""From when on a violation is not waived: at a time, or later."""


def alerts(
    violations: Iterable[Violation], severity: Severity, waived: Waived | None = None
) -> list[Alert]:
    """Of the violations of one rule on one server, in the order of time.

    waived: what is told later, if it still fails then; null where the sender holds it back.
    """
    by_key: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for violation in violations:
        due = _due(violation)
        if due is not None:
            by_key[violation.kind, violation.key].append(due)
    found = [
        alert
        for due_of_key in by_key.values()
        for alert in _damped(
            sorted(due_of_key, key=_order), is_critical=severity is Severity.CRITICA
        )
    ]
    if waived is not None:
        found = [alert for each in found if (alert := _held_back(each, waived)) is not None]
    return sorted(found, key=_order)


def _held_back(alert: Alert, waived: Waived) -> Alert | None:
    """The message once it is not waived any more; null where it is over by then."""
    ended_at = alert.violation.ended_known_at
    at = alert.at
    if alert.kind is not AlertKind.TARDIA:
        at = waived(alert.violation, at)
    if at > alert.at and ended_at is not None and ended_at <= at:
        return None
    return alert._replace(at=at)


def _due(violation: Violation) -> Alert | None:
    """The message of one violation, if nothing else had been told of its key."""
    if violation.is_late:
        return Alert(violation.opened_in.received_at, AlertKind.TARDIA, violation)
    if violation.confirmed is None or violation.continues is not None:
        return None
    at = violation.confirmed.received_at
    grace, ended_at = violation.grace_until_at, violation.ended_known_at
    if grace is not None and at < grace:
        if ended_at is not None and ended_at <= grace:
            return None
        at = grace
    return Alert(at, AlertKind.ABIERTA, violation)


def _damped(due: Iterable[Alert], *, is_critical: bool) -> Iterator[Alert]:
    """due: of one key, in the order of time."""
    damping = Damping()
    told_at: int | None = None
    for alert in due:
        ended_at = alert.violation.ended_known_at
        if is_critical:
            if told_at is not None and alert.at < told_at + HOUR:
                if ended_at is not None and ended_at <= told_at + HOUR:
                    continue
                alert = alert._replace(at=told_at + HOUR)  # noqa: PLW2901 — it still fails then
            told_at = alert.at
            yield alert
            continue
        told = damping.take(alert.at, ended_at)
        if told is Told.INESTABLE:
            yield alert._replace(kind=AlertKind.INESTABLE)
        elif told is Told.ABIERTA:
            yield alert


def _order(alert: Alert) -> tuple[int, bytes]:
    return alert.at, alert.violation.digest
