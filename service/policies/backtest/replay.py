"""Replays what servers reported through the evaluator's own machine, server by server.

It reads the database only. Each server is read in a snapshot of its own, so that no long one keeps
the write-ahead log from being put back; records never change, so they all tell of one past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from service.policies.backtest.every_report import Judge
from service.policies.backtest.history import Histories, Period
from service.policies.backtest.leaps import Leaps
from service.policies.backtest.recorder import Found, Recorder, UnsettledError
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.task import Task, Verdicts, as_server, event_of
from service.policies.machine.events import Terms
from service.policies.rules.rule import Scope
from service.store.engines import Database
from service.store.read.past import PastServer


class ServerFound(NamedTuple):
    """What was found on a server, by rule."""

    server: PastServer
    rules: Mapping[str, Found]


class Replay:
    """Rules about one server."""

    def __init__(  # noqa: PLR0913, PLR0917 — what is replayed, by what
        self,
        database: Database,
        histories: Histories,
        judge: Judge,
        rules: Rules,
        period: Period,
        leaps: Leaps | None = None,
    ) -> None:
        """leaps: looks at the reports alone that change what the rules read, where it can."""
        self._database, self._histories, self._judge = database, histories, judge
        self._rules, self._period, self._leaps = rules, period, leaps
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
        with self._database.snapshot() as connection:
            if self._leaps is not None:
                leaping = self._leaps.judged(connection, server_id, self._rules, self._period)
                with suppress(UnsettledError):
                    if leaping is not None:
                        return self._found(leaping)
            tasks = self._histories.tasks(connection, server_id, self._rules, self._period)
            return self._found(self._judge.judged(connection, tasks))

    def _found(self, tasks: Iterator[Task]) -> dict[str, Found]:
        recorders: dict[str, Recorder] = {}
        before: Verdicts | None = None  # those of the task before, if it was a plain report
        for task in tasks:
            former, before = before, task.verdicts if task.is_plain_report else None
            if before is not None and before is former and _repeats(task, recorders):
                continue
            if task.leaves:
                for recorder in recorders.values():
                    recorder.leave(task.bound)
            for rule, verdict in task.verdicts.items():
                terms = self._terms[rule]
                if rule not in recorders:
                    recorders[rule] = Recorder(as_server(task.server), terms, self._period)
                recorders[rule].take(event_of(task, verdict, terms), verdict)
            for rule, recorder in recorders.items():
                if task.passed:
                    recorder.pass_over(task.bound, task.passed)
                elif rule not in task.verdicts:
                    recorder.leave_out(task.bound)
        return {rule: recorder.end(self._period.until) for rule, recorder in recorders.items()}


def _repeats(task: Task, recorders: Mapping[str, Recorder]) -> bool:
    """Takes a report that says the very same as the one before, if that changes nothing."""
    some = [recorders[rule] for rule in task.verdicts]
    if not all(recorder.is_settled for recorder in some):
        return False
    for recorder in some:
        recorder.repeat(task.bound)
    return True
