"""What happens to a server, in the order of arrival: reports, what was told, silence, hours, days.

It does no I/O. Tags, retirements, silence, whole hours and days stand where they fell between
reports, whether they are judged then or later; so the evaluator, an evaluator that was behind, and
the back-test judge the same records as the same events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from service.policies.evaluator.clock_events import Clocks, Rules, asked_since
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.task import Task
from service.policies.rules.rule import Clock, InSilence
from service.store.engines import MAX_INTEGER
from service.store.read.retirements import RetirementEvent, is_retired
from service.store.read.tags import TagEvent, Told
from service.store.read.unjudged import JudgedServer, UnjudgedReport
from service.store.verdict_rows import Bound, Cursor, event_bound, event_digest
from service.times import DAY, HOUR

ToldEvent = TagEvent | RetirementEvent
Neighbours = tuple[Bound | None, Bound | None]


class Timeline:
    """Moves cursors from event to event."""

    def __init__(self, hearing: Hearing, clocks: Clocks) -> None:
        self._hearing, self._clocks = hearing, clocks

    def of_late_report(
        self, server: JudgedServer, report: UnjudgedReport, cursor: Cursor, neighbours: Neighbours
    ) -> Task:
        """A report below zero. neighbours: the records in order around its place."""
        cursor.late_seq = report.seq
        task = _of_report(server, report, cursor, neighbours=neighbours)
        # It tells of its place in time, so the tags of then count, as they were known.
        task.told = Told(cursor.tag_id, report.placed_at)
        return task

    def of_report(
        self,
        server: JudgedServer,
        report: UnjudgedReport,
        cursor: Cursor,
        rules: Rules,
        interval_before: int | None,
    ) -> Task:
        """A report in order. interval_before: the usual interval of the reports before it."""
        was_retired, before = is_retired(cursor), cursor.event
        task = _of_report(server, report, cursor)
        cursor.seq, cursor.event, cursor.tag = report.seq, task.bound, None
        # Hours and days count from the first report on, and while a rule asks for them; not while
        # the server is retired.
        if was_retired or cursor.hour_at is None or asked_since(rules, Clock.HORA) is None:
            cursor.hour_at = report.received_at // HOUR * HOUR
        if was_retired or cursor.day_at is None or asked_since(rules, Clock.DIA) is None:
            cursor.day_at = report.received_at // DAY * DAY
        task.report_at = report.placed_at
        task.longest_gap = self._hearing.limit(interval_before)
        task.retirement = before if was_retired else None
        return task

    def of_passed(
        self, server: JudgedServer, report: UnjudgedReport, cursor: Cursor, reports: int
    ) -> Task:
        """Reports in order up to this one, which change nothing and are not judged."""
        cursor.seq, cursor.event, cursor.tag = report.seq, report.bound, None
        task = _of_report(server, report, cursor)
        task.only, task.passed = frozenset(), reports
        return task

    def of_time(
        self,
        server: JudgedServer,
        cursor: Cursor,
        rules: Rules,
        until: int,
        usual_interval: Callable[[], int | None],
    ) -> Task | None:
        """The first that time alone changes of a server until then, after its cursor.

        Nothing is judged of times of which it is not known yet whether servers were silent.
        usual_interval: that of the server at its cursor; it is asked for where it matters.
        """
        return self._of_time(
            server, cursor, rules, min(until, self._hearing.known_until), usual_interval
        )

    def is_soon(self, cursor: Cursor, until: int) -> bool:
        """Whether nothing but an hour or a day can have come of itself until then."""
        heard = cursor.event
        return heard is not None and until - heard.received_at <= self._hearing.shortest_limit

    def is_open(
        self,
        server: JudgedServer,
        cursor: Cursor,
        rules: Rules,
        until: int,
        usual_interval: Callable[[], int | None],
    ) -> bool:
        """Whether time may change something until then, which cannot be known yet."""
        if until <= self._hearing.known_until:
            return False
        ahead = replace(cursor)
        return self._of_time(server, ahead, rules, until, usual_interval) is not None

    def _of_time(
        self,
        server: JudgedServer,
        cursor: Cursor,
        rules: Rules,
        until: int,
        usual_interval: Callable[[], int | None],
    ) -> Task | None:
        if is_retired(cursor):
            return None
        silent_at = self.silent_at(cursor, until, usual_interval)
        in_silence = is_in_silence(cursor)
        clocks = self._clocks.next(cursor, rules, min(until, silent_at - 1), in_silence=in_silence)
        if clocks is None:
            if silent_at > until:
                return None
            bound, only = event_bound("silencio", silent_at, silent_at), None
            cursor.event, cursor.tag = bound, None
        else:
            bound, only = clocks
        return _of_event(server, cursor, bound, only)

    def of_told(self, server: JudgedServer, cursor: Cursor, event: ToldEvent) -> Task:
        """Its tags were changed: all rules judge its last record anew, in silence too.

        Or it was retired: what is open ends, and no rule judges it until its next report.
        """
        if isinstance(event, RetirementEvent):
            cursor.event, cursor.tag = event.bound, None
            task = _of_event(server, cursor, event.bound, frozenset())
            task.leaves = True
            return task
        cursor.tag_id = event.last_id
        if is_retired(cursor):
            return _of_event(server, cursor, event.bound, frozenset())
        cursor.tag = event.bound
        return _of_event(server, cursor, event.bound, None)

    def of_gap(
        self,
        server: JudgedServer,
        cursor: Cursor,
        rules: Rules,
        report: UnjudgedReport,
        usual_interval: Callable[[], int | None],
    ) -> Task | None:
        """The silence that only a report's place tells of, before it is judged.

        A server may say after its silence what it was before: by arrival nothing is missing then,
        and yet no report shows the time between.
        """
        before = cursor.event
        if before is None or before.report_id is None:
            return None
        if report.placed_at - before.at <= self._hearing.shortest_limit:
            return None
        silent_at = self._hearing.silent_from(before.at, usual_interval())
        # What judges silence goes by arrival.
        only = frozenset(
            rule.id for rule in rules.values() if rule.rule.in_silence is not InSilence.EVALUA
        )
        if silent_at >= report.placed_at or not only:
            return None
        bound = cursor.event = event_bound("silencio", silent_at, report.received_at)
        return _of_event(server, cursor, bound, only)

    def silent_at(
        self, cursor: Cursor, until: int, usual_interval: Callable[[], int | None]
    ) -> int:
        """When the silence of a server begins; never, if it goes on, or is not before then."""
        heard = cursor.event
        if is_in_silence(cursor) or heard is None:
            return MAX_INTEGER
        if until - heard.received_at <= self._hearing.shortest_limit:
            return MAX_INTEGER
        begins = self._hearing.silent_from(heard.received_at, usual_interval())
        return begins if begins < until else MAX_INTEGER


def _of_event(
    server: JudgedServer, cursor: Cursor, bound: Bound, only: frozenset[str] | None
) -> Task:
    return Task(
        server,
        cursor.seq,
        bound.at,
        cursor,
        bound,
        event_digest(bound),
        is_silent=is_in_silence(cursor),
        only=only,
        told=Told(cursor.tag_id),
    )


def _of_report(
    server: JudgedServer,
    report: UnjudgedReport,
    cursor: Cursor,
    neighbours: Neighbours | None = None,
) -> Task:
    return Task(
        server,
        report.seq,
        report.placed_at,
        cursor,
        report.bound,
        report.digest.hex(),
        neighbours=neighbours,
        told=Told(cursor.tag_id),
    )


def is_in_silence(cursor: Cursor) -> bool:
    """Whether the server was judged in silence, and was not heard since."""
    return cursor.event is not None and (cursor.event.mark or "").startswith("silencio ")
