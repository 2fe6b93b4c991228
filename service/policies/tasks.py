"""Makes the tasks of a round: which record of which server is judged, as which event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from service.policies.hearing import Hearing
from service.policies.in_force import RuleInForce
from service.policies.rounds import Task
from service.policies.rule import Clock, InSilence, Scope
from service.store.engines import Connection, Database
from service.store.read.unjudged import JudgedServer, UnjudgedReader, UnjudgedReport
from service.store.verdict_rows import (
    Bound,
    Cursor,
    day_bound,
    event_bound,
    event_digest,
    hour_bound,
)
from service.store.write.verdicts import VerdictStore
from service.times import DAY, HOUR

Rules = Mapping[str, RuleInForce]


class TaskMaker:
    """Each of its methods reads one snapshot. Servers have one task at most."""

    def __init__(
        self,
        database: Database,
        reader: UnjudgedReader,
        store: VerdictStore,
        hearing: Hearing,
    ) -> None:
        self._database, self._reader, self._store = database, reader, store
        self._hearing = hearing

    def of_reports(self, report_ids: Iterable[int], epoch: int) -> list[Task]:
        """Reports, each the next one of its server."""
        with self._database.snapshot() as connection:
            reports = [self._reader.report(connection, number) for number in report_ids]
            cursors = self._store.cursors(connection, [report.server_id for report in reports])
            return [
                self._of_report(connection, report, cursors.get(report.server_id), epoch)
                for report in reports
            ]

    def _of_report(
        self, connection: Connection, report: UnjudgedReport, cursor: Cursor | None, epoch: int
    ) -> Task:
        server = self._reader.server(connection, report.server_id)
        if cursor is None:
            begin = self._reader.begin(connection, report.server_id)
            cursor = Cursor(report.server_id, *begin, epoch=epoch)
        task = Task(server, report.seq, report.placed_at, cursor, report.bound, report.digest.hex())
        if report.seq < 0:
            cursor.late_seq = report.seq
            task.neighbours = self._reader.neighbours(
                connection, report.server_id, report.placed_at
            )
            return task
        cursor.seq, cursor.event = report.seq, report.bound
        if cursor.hour_at is None:  # hours and days count from the first report on
            cursor.hour_at = report.received_at // HOUR * HOUR
            cursor.day_at = report.received_at // DAY * DAY
        task.report_at = report.placed_at
        task.longest_gap = self._hearing.limit(server)
        return task

    def of_texts(self, servers: Sequence[int], rules: Rules, epoch: int, now: int) -> list[Task]:
        """Other texts are in force: servers are judged anew on the record that was judged last."""
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

        They see that it is silent. The others continue what was open as if it were heard.
        """
        is_silent = _is_in_silence(cursor)
        waiting = [rule for rule in changed if rule.rule.in_silence is not InSilence.EVALUA]
        judged = waiting if is_silent and waiting else changed
        if judged == changed:
            cursor.epoch = epoch
        server = self._reader.server(connection, cursor.server_id)
        at = max((rule.taken_up_at for rule in judged), default=now)
        bound = event_bound("texto", at, at, sorted(rule.hash for rule in judged))
        return Task(
            server,
            cursor.seq,
            at,
            cursor,
            bound,
            event_digest(bound),
            only=frozenset(rule.id for rule in judged),
            longest_gap=self._hearing.limit(server),
            is_silent=is_silent and not waiting,
            continues_only=is_silent,
            retired=event_bound("retirada", at, at),
        )

    def of_silence(self, now: int) -> list[Task]:
        """Servers whose silence has begun."""
        with self._database.snapshot() as connection:
            before = now - self._hearing.shortest_limit
            tasks = []
            for server_id in self._reader.heard_before(connection, before):
                server = self._reader.server(connection, server_id)
                at = self._hearing.silent_from(server)
                if at < now:
                    (cursor,) = self._store.cursors(connection, [server_id]).values()
                    bound = event_bound("silencio", at, max(at, now))
                    tasks.append(self._on_newest(server, cursor, bound, at))
                    cursor.event = bound
            return tasks

    def of_clocks(self, rules: Rules, now: int) -> list[Task]:
        """Servers that are to be judged at the last whole hour or day, by rules with `reloj`."""
        clocks = {rule.rule.clock for rule in rules.values() if rule.rule.scope is Scope.SERVIDOR}
        if clocks <= {Clock.NO}:
            return []
        hour, day = now // HOUR * HOUR, now // DAY * DAY
        with self._database.snapshot() as connection:
            tasks = []
            servers = self._reader.to_tick(connection, hour, day)
            for server_id, cursor in self._store.cursors(connection, servers).items():
                is_day = (cursor.day_at or 0) < day
                asked = {Clock.DIA} if is_day else {Clock.HORA}
                bound = day_bound(day) if is_day else hour_bound(hour)
                server = self._reader.server(connection, server_id)
                task = self._on_newest(server, cursor, bound, day if is_day else hour)
                task.only = frozenset(r for r, rule in rules.items() if rule.rule.clock in asked)
                if is_day:
                    cursor.day_at = day
                else:
                    cursor.hour_at = hour
                tasks.append(task)
            return tasks

    def _on_newest(self, server: JudgedServer, cursor: Cursor, bound: Bound, now: int) -> Task:
        return Task(
            server,
            cursor.seq,
            now,
            cursor,
            bound,
            event_digest(bound),
            is_silent=self._hearing.silent_from(server) <= now,
            longest_gap=self._hearing.limit(server),
        )


def _is_in_silence(cursor: Cursor) -> bool:
    """Whether the server was judged in silence, and was not heard since."""
    return cursor.event is not None and (cursor.event.mark or "").startswith("silencio ")
