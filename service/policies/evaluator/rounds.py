"""One round of the evaluator: some servers, one event each, judged and stored together.

Judging holds no lock: a snapshot is read, the guard judges copies, and one short transaction stores
what changed with the cursors. A round that is not stored is judged again, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from service.policies.evaluator import trouble_log
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.server_events import ServerEvents
from service.policies.evaluator.task import Task, as_server, event_of
from service.policies.evaluator.timeline import is_in_silence
from service.policies.evaluator.verdict_writer import VerdictWriter
from service.policies.machine.events import Ended, Fin, Terms
from service.policies.machine.machine import changes_nothing, step
from service.store.engines import Connection, Database
from service.store.server_event import RULES, SILENCE
from service.store.write.verdicts import States, VerdictStore


class Rounds:
    """Judges tasks by the rules in force."""

    def __init__(
        self,
        database: Database,
        judge: RecordJudge,
        store: VerdictStore,
        writer: VerdictWriter,
        events: ServerEvents,
    ) -> None:
        self._database, self._judge, self._store = database, judge, store
        self._writer, self._events = writer, events
        self._in_force: Collection[str] = ()
        self._terms: dict[str, Terms] = {}
        self._formerly: dict[str, str] = {}

    def use(self, rules: Mapping[str, RuleInForce], in_force: Collection[str]) -> None:
        """Replaces the rules. The guard has them loaded already.

        in_force: the ids of these rules, and of those that cannot be judged now.
        """
        self._in_force = in_force
        self._formerly = {
            rule.id: rule.rule.formerly for rule in rules.values() if rule.rule.formerly
        }
        self._terms = {
            rule.id: Terms.of(rule.rule, rule.text_id, rule.hash) for rule in rules.values()
        }
        self._judge.use(rules)

    def run(self, tasks: Sequence[Task]) -> None:
        """Judges and stores. Of each server there is one task. Raises StorageUnavailableError."""
        self._judge.judge(tasks)
        with self._database.snapshot() as connection:
            unchanged = self._unchanged(connection, tasks)
            changing = [
                task
                for task in tasks
                if not task.is_plain_report
                or any((task.server.id, rule) not in unchanged for rule in task.verdicts)
            ]
            states = self._load(connection, changing, unchanged)
            events = self._events.of(connection, tasks)
        silent = [task for task in changing if _speaks_of_silence(states, task)]
        self._retire(states, changing)
        self._leave(states, changing)
        # What a renamed rule continues has ended now.
        states.continue_renamed(self._formerly, [task.server.id for task in changing])
        for task in changing:
            server = as_server(task.server)
            for rule, verdict in task.verdicts.items():
                if (task.server.id, rule) not in unchanged:
                    event = event_of(task, verdict, self._terms[rule])
                    step(states[task.server.id, rule], server, self._terms[rule], event)
        unspoken = [task for task in silent if not _speaks_of_silence(states, task)]
        if unspoken:
            with self._database.snapshot() as connection:
                events += self._events.unspoken(connection, unspoken)
        lines = trouble_log.troubles(states)
        self._writer.save(states, [task.cursor for task in tasks], events=events)
        trouble_log.log(lines)

    def _unchanged(self, connection: Connection, tasks: Sequence[Task]) -> set[tuple[int, str]]:
        """The servers and rules of which nothing has to be stored, nor loaded.

        Most reports find a server as the one before did, and to load what is known of its rules
        costs about as much as to judge them.
        """
        reports = [task for task in tasks if task.is_plain_report]
        standings = self._store.standings(connection, [task.server.id for task in reports])
        return {
            (task.server.id, rule)
            for task in reports
            for rule, verdict in task.verdicts.items()
            if rule not in self._formerly  # what is pending under its former id is its own
            and changes_nothing(standings.get((task.server.id, rule)), self._terms[rule], verdict)
        }

    def _load(
        self,
        connection: Connection,
        tasks: Sequence[Task],
        unchanged: Collection[tuple[int, str]],
    ) -> States:
        servers = [task.server.id for task in tasks]
        states = self._store.load(connection, servers, unchanged=unchanged)
        for task in tasks:
            if task.neighbours is not None:
                before, after = task.neighbours
                self._store.load_late(
                    connection,
                    states,
                    task.server.id,
                    task.bound.at if before is None else before.at,
                    task.bound.at if after is None else after.at,
                )
        return states

    def _leave(self, states: States, tasks: Sequence[Task]) -> None:
        """Ends what servers that are retired have open; of rules about the fleet, a tick does."""
        leaving = {task.server.id: task for task in tasks if task.leaves}
        for state in states:
            task, terms = leaving.get(state.server_id), self._terms.get(state.rule)
            if task is not None and (terms is None or not terms.is_fleet):
                step(state, as_server(task.server), None, Ended(task.bound, Fin.RETIRADO))

    def _retire(self, states: States, tasks: Sequence[Task]) -> None:
        """Ends what rules have open that are not in force any more."""
        ending = {task.server.id: task for task in tasks if task.retired is not None}
        for state in states:
            task = ending.get(state.server_id)
            if task is not None and task.retired is not None and state.rule not in self._in_force:
                event = Ended(task.retired, Fin.REGLA_RETIRADA)
                step(state, as_server(task.server), None, event)


def _speaks_of_silence(states: States, task: Task) -> bool:
    """Whether the rule about silence fails on a server whose silence goes on."""
    goes_on = task.report_at is None and task.neighbours is None and not task.leaves
    return (
        goes_on and is_in_silence(task.cursor) and bool(states[task.server.id, RULES[SILENCE]].open)
    )
