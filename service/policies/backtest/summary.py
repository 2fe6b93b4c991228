"""What a back-test of one rule comes to: violations as rows, time by verdict, alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from service.policies.backtest.history import Period
from service.policies.backtest.recorder import Found, Said
from service.policies.guard.verdict import State
from service.policies.machine.alerts import Waived, alerts
from service.policies.rules.rule import Severity
from service.store.read.past import PastServer
from service.store.verdict_rows import Violation
from service.times import DAY

COLUMNS = (
    "servidor",
    "nombre",
    "clave",
    "abierta_tras",
    "abierta_en",
    "confirmada_en",
    "vista",
    "resuelta_en",
    "fin",
    "recaidas",
    "tardia",
    "alertas",
)


class Row(NamedTuple):
    """A violation that was open within the period. Times: microseconds; null: none.

    abierta_tras null: nothing was judged before. alertas: the messages within the period.
    """

    servidor: int
    nombre: str
    clave: str
    abierta_tras: int | None
    abierta_en: int
    confirmada_en: int | None
    vista: int | None
    resuelta_en: int | None
    fin: str | None
    recaidas: int
    tardia: bool
    alertas: int
    violation: Violation


@dataclass(slots=True)
class Summary:
    """Of all servers that were replayed so far.

    waived: when its rule was waived. time: microseconds by verdict. unjudged: servers on which the
    rule broke or passed its limit.
    """

    severity: Severity
    period: Period
    waived: Waived
    rows: list[Row] = field(default_factory=list)
    time: Counter[Said] = field(default_factory=Counter)
    keys: Counter[tuple[int, str]] = field(default_factory=Counter)  # alerts by server and key
    servers: int = 0
    failed: int = 0  # servers that failed at some time
    unknown: int = 0  # servers of which nothing was known at some time
    unjudged: list[int] = field(default_factory=list)
    judged: int = 0  # records and events
    records_begin_at: int | None = None

    def add(self, server: PastServer, found: Found | None) -> None:
        """found: null where nothing of the server was judged."""
        self.servers += 1
        if found is None:
            return
        first = server.first_received_at
        begin = self.records_begin_at
        self.records_begin_at = first if begin is None else min(begin, first)
        self.judged += found.judged
        self.time += found.time
        says = {state for state, _ in found.time}
        self.unknown += State.DESCONOCIDO in says
        told = Counter(
            alert.violation.digest
            for alert in alerts(found.violations, self.severity, self.waived)
            if self.period.since <= alert.at <= self.period.until
        )
        rows = [
            _row(server, found, violation, told[violation.digest])
            for violation in found.violations
            if violation.ended_known_at is None or violation.ended_known_at >= self.period.since
        ]
        self.rows += rows
        self.failed += bool(rows)
        for row in rows:
            if row.alertas:
                self.keys[row.servidor, row.clave] += row.alertas
        if found.broken:
            self.unjudged.append(server.id)

    @property
    def alerts(self) -> int:
        return self.keys.total()

    @property
    def days(self) -> float:
        return max(self.period.until - self.period.since, 1) / DAY

    @property
    def alerts_a_day(self) -> float:
        return self.alerts / self.days

    def noisiest(self, count: int = 5) -> Sequence[tuple[int, str, int]]:
        """Server, key and number of alerts."""
        return [(*key, told) for key, told in self.keys.most_common(count)]

    def shares(self) -> dict[Said, float]:
        """The part of the time that was judged, by verdict, the greatest first."""
        total = self.time.total()
        return {said: part / total for said, part in self.time.most_common()} if total else {}


def _row(server: PastServer, found: Found, violation: Violation, told: int) -> Row:
    seen = found.seen(violation)
    return Row(
        server.id,
        server.name,
        violation.key,
        None if violation.opened_after is None else violation.opened_after.at,
        violation.opened_in.at,
        None if violation.confirmed is None else violation.confirmed.at,
        None if seen is None else seen.at,
        None if violation.ended is None else violation.ended.at,
        violation.ended_as,
        violation.relapses,
        violation.is_late,
        told,
        violation,
    )
