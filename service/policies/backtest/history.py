"""The history of a server as tasks, in the order in which an evaluator that ran would judge it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.policies.evaluator.clock_events import Rules, asked_since
from service.policies.evaluator.task import Task
from service.policies.evaluator.timeline import Timeline
from service.policies.rules.rule import Clock
from service.store.engines import Connection
from service.store.read.past import Intervals, PastReader
from service.store.read.retirements import RetirementReader, next_told
from service.store.read.tags import Before, TagReader
from service.store.read.unjudged import JudgedServer, UnjudgedReader, UnjudgedReport
from service.store.verdict_rows import Bound, Cursor


class Axis(StrEnum):
    """`--eje`: which question is asked of the past."""

    LLEGADA = "llegada"  # what live evaluation would have said, as reports arrived
    MOMENTO = "momento"  # what was so at each moment, as known today


@dataclass(frozen=True, slots=True)
class Period:
    """Microseconds. What happened until since is judged, too, since the state at its start counts.

    last_id: no record beyond it, which arrived while the back-test ran.
    """

    since: int
    until: int
    last_id: int


class Histories:
    """Reads one server after the other."""

    def __init__(self, queries: Mapping[str, str], timeline: Timeline, axis: Axis) -> None:
        self._past, self._unjudged = PastReader(queries), UnjudgedReader(queries)
        self._tags, self._retirements = TagReader(queries), RetirementReader(queries)
        self._timeline, self.axis = timeline, axis

    def tasks(
        self,
        connection: Connection,
        server_id: int,
        rules: Rules,
        period: Period,
        looked_at: Iterable[tuple[UnjudgedReport, int | None]] | None = None,
    ) -> Iterator[Task]:
        """From its first record that is kept until the end of the period.

        looked_at: its reports but for those that change nothing, as MarkReader gives them; null:
        all.
        """
        server = self._unjudged.server(connection, server_id)
        previous: Bound | None = None
        cursor, intervals = Cursor(server_id), Intervals()
        is_by_arrival = self.axis is Axis.LLEGADA
        is_told_of = self.is_told_of(connection, server_id)
        clocks = (asked_since(rules, clock) for clock in (Clock.HORA, Clock.DIA))
        may_hear = is_told_of or any(since is not None for since in clocks)
        if looked_at is None:
            read = self._past.arrivals if is_by_arrival else self._past.places
            reports = read(connection, server_id, period.last_id, period.until)
            looked_at = ((report, None) for report in reports)
        for report, passed in looked_at:
            if passed is not None:
                intervals.add(report)
                yield self._timeline.of_passed(server, report, cursor, passed)
                previous = report.bound
                continue
            # As they arrived, tags stand between two reports; by places, they have their own time.
            told = Before(report.id) if is_by_arrival else Before(told_until=report.received_at)
            if cursor.event is None:
                cursor.tag_id = self._tags.last_before(connection, server_id, told)
            elif may_hear or not self._timeline.is_soon(cursor, report.received_at):
                yield from self._of_time(
                    connection,
                    server,
                    cursor,
                    rules,
                    report.received_at,
                    intervals,
                    told if is_told_of else None,
                )
            if report.seq < 0 and is_by_arrival:
                around = self._unjudged.neighbours(connection, report)
                yield self._timeline.of_late_report(server, report, cursor, around)
            else:
                gap = self._timeline.of_gap(server, cursor, rules, report, intervals.now)
                if gap is not None:
                    yield gap
                task = self._of_report(server, report, cursor, rules, intervals)
                task.previous, previous = previous, task.bound
                yield task
        if cursor.event is not None:
            told = Before(period.last_id + 1, period.until)
            yield from self._of_time(
                connection, server, cursor, rules, period.until, intervals, told
            )

    def is_told_of(self, connection: Connection, server_id: int) -> bool:
        """Whether a tag of it was told, or a retirement, at any time."""
        everything = Cursor(server_id, tag_id=0)
        return (
            next_told(connection, self._tags, self._retirements, everything, Before()) is not None
        )

    def _of_report(
        self,
        server: JudgedServer,
        report: UnjudgedReport,
        cursor: Cursor,
        rules: Rules,
        intervals: Intervals,
    ) -> Task:
        before = intervals.before()
        intervals.add(report)
        return self._timeline.of_report(server, report, cursor, rules, before)

    def _of_time(  # noqa: PLR0913, PLR0917 — what happened, to whom, until when
        self,
        connection: Connection,
        server: JudgedServer,
        cursor: Cursor,
        rules: Rules,
        until: int,
        intervals: Intervals,
        told: Before | None,
    ) -> Iterator[Task]:
        """What time changed until then, and what was told. told: null where nothing ever was."""
        while True:
            event = None
            if told is not None:
                event = next_told(connection, self._tags, self._retirements, cursor, told)
            at = until if event is None else min(until, event.bound.received_at)
            while task := self._timeline.of_time(server, cursor, rules, at, intervals.now):
                yield task
            if event is None:
                return
            yield self._timeline.of_told(server, cursor, event)
