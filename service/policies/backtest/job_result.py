"""What is kept of a back-test that pages show: its figures, and a picture of bounded size.

The picture is of what reports showed: a violation counts from the first report with it to the last.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.policies.backtest.history import Axis, Period
from service.policies.backtest.recorder import Found
from service.policies.backtest.report import cells, figures
from service.policies.backtest.summary import Summary
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.verdict import State
from service.policies.machine.alerts import Waived, alerts
from service.policies.rules.rule import Severity
from service.store.read.past import PastServer
from service.store.rule_state import RelapseGap
from service.store.verdict_rows import Span, Violation
from service.times import DAY, HOUR, MINUTE

FORMAT = 1  # of what is kept; a new number for each change of what a member means
MAX_ROWS = 200  # violations
MAX_SERVERS = 50  # that are drawn
MAX_LINES = 50  # of a server
_MAX_KEY = 300  # characters
_MAX_COLUMNS = 122  # 30 days by 6 hours
_WIDTHS = (
    *(n * MINUTE for n in (1, 5, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112, 365)),
)

Window = tuple[int | None, int, int, int | None]
"""The last report without it, the first with it, the last with it, the first without it again."""


@dataclass(slots=True)
class _Drawn:
    """A server of the picture. unknown: from when to when. Times: microseconds."""

    server: PastServer
    violations: int
    windows: list[Window]
    unknown: list[tuple[int, int]]


class Picture:
    """Takes what was found, server by server."""

    def __init__(self, severity: Severity, period: Period, waived: Waived) -> None:
        self._severity, self._period, self._waived = severity, period, waived
        length = max(period.until - period.since, 1)
        widths = (width for width in _WIDTHS if length <= width * (_MAX_COLUMNS - 1))
        self._width = next(widths, length // (_MAX_COLUMNS - 2))
        self._first = period.since // self._width
        count = period.until // self._width - self._first + 1
        self._open = [0] * count
        self._alerts = [0] * count
        self._unknown = [0] * count
        self._drawn: list[_Drawn] = []
        self.failing = 0  # servers with windows

    def add(self, server: PastServer, found: Found | None) -> None:
        """found: null where nothing of the server was judged."""
        if found is None:
            return
        period, windows, violations = self._period, list[Window](), 0
        gaps: defaultdict[bytes, list[RelapseGap]] = defaultdict(list)
        for gap in found.gaps:
            gaps[gap.violation.digest].append(gap)
        for violation in found.violations:
            of_violation = _windows(violation, gaps[violation.digest], found, period.until)
            shown = [
                one for one in of_violation if period.since <= one[2] and one[1] <= period.until
            ]
            windows += shown
            for at in {at for _, first, last, _ in shown for at in self._columns(first, last)}:
                self._open[at] += 1
            violations += bool(shown)
        for alert in alerts(found.violations, self._severity, self._waived):
            if period.since <= alert.at <= period.until:
                self._alerts[self._at(alert.at)] += 1
        unknown = [span for span in map(self._unknown_of, found.spans) if span is not None]
        for at in {at for since, until in unknown for at in self._columns(since, until)}:
            self._unknown[at] += 1
        if windows:
            self.failing += 1
            drawn = _Drawn(server, violations, _joined(windows), unknown)
            self._drawn.append(drawn)
            if len(self._drawn) > 2 * MAX_SERVERS:
                self._forget()

    def as_json(self) -> dict[str, Any]:
        self._forget()
        return {
            "ancho": self._width,
            "columnas": [
                [(self._first + at) * self._width, self._open[at], told, self._unknown[at]]
                for at, told in enumerate(self._alerts)
            ],
            "servidores_con_ventanas": self.failing,
            "ventanas": [
                {
                    "servidor": drawn.server.id,
                    "nombre": drawn.server.name[:_MAX_KEY],
                    "violaciones": drawn.violations,
                    "lineas": drawn.windows[:MAX_LINES],
                    "desconocido": drawn.unknown[:MAX_LINES],
                    "hay_mas": max(len(drawn.windows), len(drawn.unknown)) > MAX_LINES,
                }
                for drawn in sorted(self._drawn, key=lambda drawn: drawn.server.id)
            ],
        }

    def _forget(self) -> None:
        """Keeps the servers with most violations."""
        self._drawn.sort(key=lambda drawn: (-drawn.violations, drawn.server.id))
        del self._drawn[MAX_SERVERS:]

    def _unknown_of(self, span: Span) -> tuple[int, int] | None:
        """The part of the period in which the verdict was unknown."""
        if span.state != State.DESCONOCIDO:
            return None
        until = self._period.until if span.until is None else span.until.at
        found = max(span.first.at, self._period.since), min(until, self._period.until)
        return found if found[0] <= found[1] else None

    def _at(self, time: int) -> int:
        """The column of a time, or the nearest one."""
        at = time // self._width - self._first
        return min(max(at, 0), len(self._alerts) - 1)

    def _columns(self, since: int, until: int) -> Iterable[int]:
        return range(self._at(since), self._at(until) + 1)


def result_of(
    rule: RuleInForce, summary: Summary, picture: Picture, *, is_whole: bool, cadence: int | None
) -> dict[str, Any]:
    """What is kept. cadence: seconds between two judgements, where that is an estimate.

    Of a rule that reads command lines neither keys nor evidence: any reader may look.
    """
    is_reserved = rule.reads_command_lines
    return {
        **figures(rule, summary, Axis.LLEGADA, is_whole=is_whole),
        "servidores_sin_juzgar": summary.unjudged[:MAX_SERVERS],
        "sin_juzgar": len(summary.unjudged),
        "reservada": is_reserved,
        "cada": cadence,
        "violaciones_en_total": len(summary.rows),
        "violaciones": [
            [_short(cell) for cell in cells(row, is_reserved=is_reserved)]
            for row in summary.rows[:MAX_ROWS]
        ],
        **picture.as_json(),
    }


def kept(result: Mapping[str, Any]) -> str:
    """A result as it is stored."""
    return json.dumps({"formato": FORMAT, **result}, ensure_ascii=False)


def read_result(stored: str | None) -> dict[str, Any] | None:
    """A stored result; null for none, and for one that another version of the service kept."""
    result: Any = None if stored is None else json.loads(stored)
    return result if isinstance(result, dict) and result.get("formato") == FORMAT else None


def _windows(
    violation: Violation, gaps: Iterable[RelapseGap], found: Found, until: int
) -> list[Window]:
    """The times in which reports showed a violation; between two of them it was not seen."""
    windows: list[Window] = []
    after = None if violation.opened_after is None else violation.opened_after.at
    first = violation.opened_in.at
    for gap in sorted(gaps, key=lambda gap: gap.cleared.at):
        last = first if gap.seen is None else max(gap.seen.at, first)
        windows.append((after, first, last, gap.cleared.at))
        after, first = gap.cleared.at, gap.back.at
    seen = found.seen(violation)
    last = first if seen is None else max(min(seen.at, until), first)
    ended = violation.cleared or violation.ended
    return [*windows, (after, first, last, None if ended is None else ended.at)]


def _joined(windows: Iterable[Window]) -> list[Window]:
    """Windows that overlap as one, in the order of time."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda window: window[1:3]):
        if found and window[1] <= found[-1][2]:
            after, first, last, ended = found[-1]
            if window[2] > last:
                last, ended = window[2:]
            found[-1] = (after, first, last, ended)
        else:
            found.append(window)
    return found


def _short(cell: object) -> object:
    if isinstance(cell, str) and len(cell) > _MAX_KEY:
        return f"{cell[:_MAX_KEY]}…"
    return cell
