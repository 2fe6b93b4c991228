"""One round of the evaluator: some servers, one event each, judged and stored together.

Judging holds no lock: a snapshot is read, the guard judges copies, and one short transaction stores
what changed with the cursors. A round that is not stored is judged again, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from service.policies.evaluator import trouble_log
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.known_states import KnownStates
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.server_events import ServerEvents
from service.policies.evaluator.task import Task, as_server, event_of
from service.policies.evaluator.timeline import is_in_silence
from service.policies.evaluator.verdict_writer import VerdictWriter
from service.policies.machine.events import Ended, Fin, Terms
from service.policies.machine.machine import step
from service.store.engines import Database
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
        self._known = KnownStates(store)

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
        self._known.use(self._terms, self._formerly)
        self._judge.use(rules)

    def run(self, tasks: Sequence[Task]) -> None:
        """Judges and stores. Of each server there is one task. Raises StorageUnavailableError."""
        self._judge.judge(tasks)
        with self._database.snapshot() as connection:
            taken = self._known.take(connection, tasks)
            states = taken.states
            for task in tasks:
                if task.neighbours is not None:
                    before, after = (
                        task.bound if found is None else found for found in task.neighbours
                    )
                    server_id = task.server.id
                    self._store.load_late(connection, states, server_id, before.at, after.at)
            events = self._events.of(connection, tasks)
        changing = [task for task in tasks if not taken.is_settled(task)]
        silent = [task for task in changing if _speaks_of_silence(states, task)]
        self._retire(states, changing)
        self._leave(states, changing)
        # What a renamed rule continues has ended now.
        states.continue_renamed(self._formerly, [task.server.id for task in changing])
        for task in changing:
            server = as_server(task.server)
            settled = taken.settled.get(task.server.id, {})
            for rule, verdict in task.verdicts.items():
                if rule not in settled:
                    event = event_of(task, verdict, self._terms[rule])
                    step(states[task.server.id, rule], server, self._terms[rule], event)
        unspoken = [task for task in silent if not _speaks_of_silence(states, task)]
        if unspoken:
            with self._database.snapshot() as connection:
                events += self._events.unspoken(connection, unspoken)
        lines = trouble_log.troubles(states)
        self._writer.save(states, [task.cursor for task in tasks], events=events)
        self._known.keep(tasks, taken)
        trouble_log.log(lines)

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
