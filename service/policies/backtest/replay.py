"""Replays what servers reported through the evaluator's own machine, server by server.

It reads the database only. Each server is read in a snapshot of its own, so that no long one keeps
the write-ahead log from being put back; records never change, so they all tell of one past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from service.policies.backtest.history import Histories, Period
from service.policies.backtest.recorder import Found, Recorder
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.task import Task, as_server, event_of
from service.policies.machine.events import Terms
from service.policies.rules.rule import Scope
from service.store.engines import Connection, Database
from service.store.read.past import PastServer


class Judge(Protocol):
    """Gives tasks of one server their verdicts, and hands them on in their order."""

    def judged(self, connection: Connection, tasks: Iterator[Task]) -> Iterator[Task]: ...


class EveryReport:
    """Judges every record as the evaluator does: copied out of the database, one at a time."""

    def __init__(self, judge: RecordJudge) -> None:
        self._judge = judge

    def judged(self, connection: Connection, tasks: Iterator[Task]) -> Iterator[Task]:
        del connection  # copies are read by a connection of their own
        for task in tasks:
            self._judge.judge([task])
            yield task


class ServerFound(NamedTuple):
    """What was found on a server, by rule."""

    server: PastServer
    rules: Mapping[str, Found]


class Replay:
    """Rules about one server."""

    def __init__(
        self, database: Database, histories: Histories, judge: Judge, rules: Rules, period: Period
    ) -> None:
        self._database, self._histories, self._judge = database, histories, judge
        self._rules, self._period = rules, period
        self._terms = {
            rule.id: Terms.of(rule.rule, rule.text_id, rule.hash)
            for rule in rules.values()
            if rule.rule.scope is Scope.SERVIDOR
        }

    def run(self, servers: Iterable[PastServer]) -> Iterator[ServerFound]:
        """Raises StorageUnavailableError."""
        for server in servers:
            yield ServerFound(server, self._of_server(server.id))

    def _of_server(self, server_id: int) -> dict[str, Found]:
        recorders: dict[str, Recorder] = {}
        with self._database.snapshot() as connection:
            tasks = self._histories.tasks(connection, server_id, self._rules, self._period)
            for task in self._judge.judged(connection, tasks):
                if task.leaves:
                    for recorder in recorders.values():
                        recorder.leave(task.bound)
                for rule, verdict in task.verdicts.items():
                    terms = self._terms[rule]
                    if rule not in recorders:
                        recorders[rule] = Recorder(as_server(task.server), terms, self._period)
                    recorders[rule].take(event_of(task, verdict, terms), verdict)
                for rule, recorder in recorders.items():
                    if rule not in task.verdicts:
                        recorder.leave_out(task.bound)
        return {rule: recorder.end(self._period.until) for rule, recorder in recorders.items()}
