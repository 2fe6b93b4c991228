"""Makes the tasks of a round: which record of which server is judged, as which event.

The events of a server come in the order of arrival: what was told, silence, hours and days stand
where they fell between its reports, whether they are judged then or later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from service import times
from service.policies.evaluator.clock_events import Clocks, Rules, last_of
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.task import Task
from service.policies.evaluator.timeline import Timeline, ToldEvent, is_in_silence
from service.policies.rules.rule import Clock, InSilence, Scope
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.retirements import RetirementReader, is_retired, next_told
from service.store.read.tags import Before, TagReader, Told
from service.store.read.unjudged import UNDER_WAY, JudgedServer, UnjudgedReader, UnjudgedReport
from service.store.verdict_rows import Bound, Cursor, event_bound, event_digest
from service.store.write.verdicts import VerdictStore
from service.times import DAY, HOUR


class TaskMaker:
    """Each of its methods reads one snapshot. Servers have one task at most."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        database: Database,
        reader: UnjudgedReader,
        store: VerdictStore,
        hearing: Hearing,
        tags: TagReader,
        retirements: RetirementReader,
    ) -> None:
        self._database, self._reader, self._store = database, reader, store
        self._tags, self._retirements = tags, retirements
        self._hearing = hearing
        self._timeline = Timeline(hearing, Clocks())

    def of_reports(self, report_ids: Iterable[int], rules: Rules, epoch: int) -> list[Task]:
        """What comes next of servers with these reports: each the next one of its server."""
        with self._database.snapshot() as connection:
            self._hearing.look(connection)
            reports = [self._reader.report(connection, number) for number in report_ids]
            cursors = self._store.cursors(connection, [report.server_id for report in reports])
            return [
                self._until_report(connection, report, cursors.get(report.server_id), rules)
                or self._of_report(connection, report, cursors.get(report.server_id), rules, epoch)
                for report in reports
            ]

    def _until_report(
        self, connection: Connection, report: UnjudgedReport, cursor: Cursor | None, rules: Rules
    ) -> Task | None:
        """What time changed, and what was told, before a report arrived."""
        if cursor is None or cursor.seq <= 0:
            return None
        event = self._next_told(connection, cursor, Before(report.id))
        task = self._of_time(connection, cursor, rules, report.received_at, event)
        if task is not None or report.seq < 0:
            return task
        server = self._reader.server(connection, report.server_id)

        def usual_interval() -> int | None:
            return self._reader.usual_interval(connection, cursor.server_id, cursor.seq)

        return self._timeline.of_gap(server, cursor, rules, report, usual_interval)

    def _of_report(
        self,
        connection: Connection,
        report: UnjudgedReport,
        cursor: Cursor | None,
        rules: Rules,
        epoch: int,
    ) -> Task:
        server = self._reader.server(connection, report.server_id)
        if cursor is None:
            begin = self._reader.begin(connection, report.server_id)
            cursor = Cursor(report.server_id, *begin, epoch=epoch)
            if (task := self._before_rules(connection, server, report, cursor)) is not None:
                return task
        if cursor.event is None:  # nothing was judged by earlier tags
            cursor.tag_id = self._tags.last_before(connection, server.id, Before(report.id))
        if report.seq < 0:
            around = self._reader.neighbours(connection, report)
            return self._timeline.of_late_report(server, report, cursor, around)
        interval = self._reader.interval_before(connection, report.server_id, report.seq)
        previous = self._report_at(connection, cursor)
        task = self._timeline.of_report(server, report, cursor, rules, interval)
        task.previous = previous
        return task

    def _report_at(self, connection: Connection, cursor: Cursor) -> Bound | None:
        """The report in order that was judged last."""
        if cursor.event is None or cursor.event.report_id is not None:
            return cursor.event
        report = self._reader.report_at_cursor(connection, cursor.server_id, cursor.seq)
        return None if report is None else report.bound

    def _before_rules(
        self,
        connection: Connection,
        server: JudgedServer,
        report: UnjudgedReport,
        cursor: Cursor,
    ) -> Task | None:
        """The first task of a server whose newest report is older than all rules: judges nothing.

        The texts are then judged on that report as new ones, from the time that they were taken up
        on: nobody knew of them before. If the server was silent by then, they open nothing.
        """
        since = self._reader.first_text_at(connection)
        if report.seq < 0 or report.received_at >= since:
            return None
        told = self._tags.last_id(connection, since)
        first = replace(cursor, seq=report.seq, event=report.bound, epoch=0, tag_id=told)
        until = min(since, times.now(), self._hearing.known_until)

        def usual_interval() -> int | None:
            return self._reader.usual_interval(connection, report.server_id, report.seq)

        silent_at = self._timeline.silent_at(first, until, usual_interval)
        if silent_at < MAX_INTEGER:
            first.event = event_bound("silencio", silent_at, silent_at)
        bound, digest = report.bound, report.digest.hex()
        return Task(server, report.seq, report.placed_at, first, bound, digest, only=frozenset())

    def of_texts(self, servers: Sequence[int], rules: Rules, epoch: int, now: int) -> list[Task]:
        """Other texts are in force: servers are judged anew on the record that was judged last.

        now: when they were taken up, or others were retired.
        """
        about_servers = [rule for rule in rules.values() if rule.rule.scope is Scope.SERVIDOR]
        with self._database.snapshot() as connection:
            cursors = self._store.cursors(connection, servers)
            states = self._store.load(connection, servers)
            tasks: list[Task] = []
            for server_id in servers:
                changed = [
                    rule
                    for rule in about_servers
                    if (judgement := states[server_id, rule.id].judgement) is None
                    or judgement.text_id != rule.text_id
                ]
                tasks.append(self._of_text(connection, cursors[server_id], changed, epoch, now))
            return tasks

    def _of_text(
        self,
        connection: Connection,
        cursor: Cursor,
        changed: Sequence[RuleInForce],
        epoch: int,
        now: int,
    ) -> Task:
        """On a silent server, rules that judge in silence come in a round of their own.

        They see that it is silent. The others continue what was open as if it were heard. A server
        that is retired is judged by its next report.
        """
        if is_retired(cursor):
            changed = []
        is_silent = is_in_silence(cursor)
        waiting = [rule for rule in changed if rule.rule.in_silence is not InSilence.EVALUA]
        judged = waiting if is_silent and waiting else changed
        if judged == changed:
            cursor.epoch = epoch
        server = self._reader.server(connection, cursor.server_id)
        at = max((rule.taken_up_at for rule in judged), default=now)
        if cursor.event is not None and at < cursor.event.received_at:
            at = now  # their files were gone when the server was heard, and are back
        bound = event_bound("texto", at, at, sorted(rule.hash for rule in judged))
        return Task(
            server,
            cursor.seq,
            at,
            cursor,
            bound,
            event_digest(bound),
            only=frozenset(rule.id for rule in judged),
            is_silent=is_silent and not waiting,
            continues_only=is_silent,
            told=Told(cursor.tag_id),
            retired=event_bound("retirada", at, at),
        )

    def of_silence(self, rules: Rules, now: int) -> list[Task]:
        """Servers whose silence has begun."""
        until = now - UNDER_WAY
        with self._database.snapshot() as connection:
            self._hearing.look(connection)
            before = until - self._hearing.shortest_limit
            servers = self._reader.heard_before(connection, before)
            return self._of_times(connection, servers, rules, until)

    def of_clocks(self, rules: Rules, now: int) -> list[Task]:
        """Servers that are to be judged at a whole hour or day, by rules with `reloj`."""
        until = now - UNDER_WAY
        hour, day = last_of(until, HOUR, rules, Clock.HORA), last_of(until, DAY, rules, Clock.DIA)
        if not hour and not day:
            return []
        with self._database.snapshot() as connection:
            self._hearing.look(connection)
            servers = self._reader.to_tick(connection, hour, day)
            return self._of_times(connection, servers, rules, until)

    def of_tags(self, rules: Rules, now: int) -> list[Task]:
        """Servers whose tags were changed."""
        until = now - UNDER_WAY
        with self._database.snapshot() as connection:
            self._hearing.look(connection)
            servers = self._tags.servers_with_new(connection, until)
            return self._of_times(connection, servers, rules, until)

    def of_retirements(self, rules: Rules, now: int) -> list[Task]:
        """Servers that were retired."""
        until = now - UNDER_WAY
        with self._database.snapshot() as connection:
            self._hearing.look(connection)
            servers = self._retirements.servers_with_new(connection, until)
            return self._of_times(connection, servers, rules, until)

    def of_what_time_changed(
        self, rules: Rules, now: int, *, without: Collection[int]
    ) -> list[Task]:
        """Of what has begun or was told, by its kinds, the first of which there is anything."""
        for make in (self.of_silence, self.of_clocks, self.of_tags, self.of_retirements):
            tasks = [task for task in make(rules, now) if task.server.id not in without]
            if tasks:
                return tasks
        return []

    def of_times(self, servers: Sequence[int], rules: Rules, until: int) -> list[Task]:
        """What time changed of these servers until then, and what was told."""
        with self._database.snapshot() as connection:
            self._hearing.look(connection)
            return self._of_times(connection, servers, rules, until)

    def _of_times(
        self, connection: Connection, servers: Sequence[int], rules: Rules, until: int
    ) -> list[Task]:
        """Not of servers with earlier reports that wait: events come in the order of arrival."""
        cursors = self._store.cursors(connection, servers)
        waiting = {
            server_id
            for server_id, number in (
                self._reader.next_reports_of(connection, cursors) or {}
            ).items()
            if self._reader.report(connection, number).received_at <= until
        }
        tasks = (
            self._of_time(
                connection,
                cursor,
                rules,
                until,
                self._next_told(connection, cursor, Before(told_until=until)),
            )
            for cursor in cursors.values()
            if cursor.server_id not in waiting
        )
        return [task for task in tasks if task is not None]

    def _of_time(
        self,
        connection: Connection,
        cursor: Cursor,
        rules: Rules,
        until: int,
        event: ToldEvent | None,
    ) -> Task | None:
        """What time changed until then, or until something was told; else what that changes."""

        def usual_interval() -> int | None:
            return self._reader.usual_interval(connection, cursor.server_id, cursor.seq)

        server = self._reader.server(connection, cursor.server_id)
        if event is None:
            return self._timeline.of_time(server, cursor, rules, until, usual_interval)
        until = min(until, event.bound.received_at)
        task = self._timeline.of_time(server, cursor, rules, until, usual_interval)
        if task is not None:
            return task
        if self._timeline.is_open(server, cursor, rules, until, usual_interval):
            return None
        return self._timeline.of_told(server, cursor, event)

    def _next_told(
        self, connection: Connection, cursor: Cursor, before: Before
    ) -> ToldEvent | None:
        return next_told(connection, self._tags, self._retirements, cursor, before)
