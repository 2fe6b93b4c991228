"""Replays whole ticks of the fleet, as an evaluator that ran would have judged them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from service.policies.backtest.history import Period
from service.policies.backtest.recorder import Found, Recorder
from service.policies.evaluator.fleet_bounds import Tick
from service.policies.evaluator.fleet_judge import HEARD_WITHIN, FleetJudge, tick_event
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.task import as_server
from service.policies.guard.verdict import Verdict
from service.store.engines import MAX_INTEGER
from service.store.read.past import Intervals
from service.store.read.retirements import RetirementTime, retirement_bound
from service.store.read.unjudged import JudgedServer, NewestRecord, NewestReport, UnjudgedReport


class KnownServers(Protocol):
    """Who servers are."""

    def server(self, server_id: int) -> JudgedServer: ...


def _time_of(event: int | RetirementTime) -> int:
    return event if isinstance(event, int) else event.at


class FleetReplay:
    """Rules about the fleet. cadence: microseconds between two ticks.

    takes_late: whether late reports are in their place, and judged.
    """

    def __init__(
        self,
        known: KnownServers,
        judge: FleetJudge,
        hearing: Hearing,
        cadence: int,
        *,
        takes_late: bool,
    ) -> None:
        self._known, self._judge, self._hearing = known, judge, hearing
        self._cadence, self._takes_late = cadence, takes_late
        self._newest: dict[int, NewestRecord] = {}
        self._in_order: dict[int, int] = {}  # the newest record in order of each server
        self._intervals: dict[int, Intervals] = {}
        self._recorders: dict[tuple[int, str], Recorder] = {}
        self._judged_until = 0
        self._last = NewestReport()  # of all servers
        self._due: int | None = None
        self._leaving: list[tuple[int, int, int]] = []  # when servers fall silent, or are no peers

    def ticks(
        self,
        reports: Iterable[UnjudgedReport],
        told: Sequence[int | RetirementTime],
        period: Period,
    ) -> Iterator[int]:
        """Judges tick by tick, and gives the time of each. reports: in their order.

        A tick is due if a report arrived since the last one, or a tag was told, or a server was
        retired, fell silent, or has been silent for so long that it is no peer any more. told: when
        tags were told, and retirements.
        """
        waiting = deque(sorted(told, key=_time_of))
        for report in reports:
            while waiting and _time_of(waiting[0]) < report.received_at:
                yield from self._hear(waiting.popleft(), period)
            yield from self._arrive(report.received_at, period)
            self._take(report)
        for event in waiting:
            yield from self._hear(event, period)
        yield from self._pass(period.until, period)
        if self._due is not None and self._due <= period.until:
            yield from self._make_due(MAX_INTEGER, period)
        self._judged_until = period.until

    def _hear(self, event: int | RetirementTime, period: Period) -> Iterator[int]:
        """A tag was told, or a server is retired: it is no peer until its next report."""
        at = _time_of(event)
        yield from self._arrive(at, period)
        if isinstance(event, int):
            return
        # A late record in its place arrived later than its place says, so it does not count here.
        if self._in_order.get(event.server_id, MAX_INTEGER) <= event.after_report_id:
            self._newest.pop(event.server_id, None)
            bound = retirement_bound(at)
            for (server_id, _), recorder in self._recorders.items():
                if server_id == event.server_id:
                    recorder.leave(bound)

    def _arrive(self, at: int, period: Period) -> Iterator[int]:
        """Makes a tick due for what comes at this moment."""
        yield from self._pass(at, period)
        yield from self._make_due(-(-at // self._cadence) * self._cadence, period)

    def _pass(self, until: int, period: Period) -> Iterator[int]:
        """Makes ticks due for what time alone changed until then."""
        while self._leaving and self._leaving[0][0] < until:
            at, server_id, report_id = heapq.heappop(self._leaving)
            newest = self._newest.get(server_id)
            if newest is not None and newest.report_id == report_id:
                yield from self._make_due((at // self._cadence + 1) * self._cadence, period)

    def _make_due(self, at: int, period: Period) -> Iterator[int]:
        """Judges what was due before."""
        due = self._due
        if due is not None and at > due:
            self._judge_tick(due, period)
            yield due
        self._due = at if due is None else max(due, at)

    def found(self) -> dict[int, dict[str, Found]]:
        """By server, as far as ticks were judged. Call it once, at the end."""
        found: dict[int, dict[str, Found]] = {}
        for (server_id, rule), recorder in self._recorders.items():
            found.setdefault(server_id, {})[rule] = recorder.end(self._judged_until)
        return found

    def _take(self, report: UnjudgedReport) -> None:
        self._last = NewestReport(report.id, report.received_at, report.server_id, report.digest)
        if report.seq < 0 and not self._takes_late:
            return
        if report.seq > 0:
            self._in_order[report.server_id] = report.id
        intervals = self._intervals.setdefault(report.server_id, Intervals())
        intervals.add(report)
        silent_at = self._hearing.silent_from(report.received_at, intervals.now())
        gone_at = report.received_at + HEARD_WITHIN
        for at in {silent_at, gone_at} if silent_at < gone_at else {silent_at}:
            heapq.heappush(self._leaving, (at, report.server_id, report.id))
        self._newest[report.server_id] = NewestRecord(
            report.server_id,
            report.id,
            report.seq,
            report.placed_at,
            report.received_at,
            report.clock,
            report.digest,
        )

    def _judge_tick(self, at: int, period: Period) -> None:
        heard_since = at - HEARD_WITHIN
        records = [
            record
            for _, record in sorted(self._newest.items())
            if record.received_at >= heard_since
        ]
        usual = {record.server_id: self._intervals[record.server_id].now() for record in records}
        silent = {
            record.server_id
            for record in records
            if self._hearing.is_silent(record.received_at, usual[record.server_id], at)
        }
        verdicts = self._judge.verdicts(at, records, silent)
        tick = Tick(
            at, self._judged_until, {record.server_id: record for record in records}, self._last
        )
        for record in records:
            gap = self._hearing.limit(usual[record.server_id])
            for rule, found in verdicts.items():
                verdict = found if isinstance(found, Verdict) else found.get(record.server_id)
                if verdict is not None:
                    event = tick_event(tick, record, verdict, gap)
                    self._recorder(record.server_id, rule, period).take(event, verdict)
        self._judged_until = at

    def _recorder(self, server_id: int, rule: str, period: Period) -> Recorder:
        known = self._recorders.get((server_id, rule))
        if known is None:
            server = as_server(self._known.server(server_id))
            known = Recorder(server, self._judge.terms[rule], period)
            self._recorders[server_id, rule] = known
        return known
