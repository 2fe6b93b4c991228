"""One round of the evaluator: some servers, one event each, judged and stored together.

Judging holds no lock: a snapshot is read, the guard judges copies, and one short transaction stores
what changed with the cursors. A round that is not stored is judged again, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from service import times
from service.errors import GuardEndedError
from service.policies.events import Ended, Event, Fin, Judged, Late, Server, Terms
from service.policies.guard import Guard, Request
from service.policies.in_force import RuleInForce
from service.policies.machine import changes_nothing, step
from service.policies.rule import Scope
from service.policies.verdict import Reason, State, Verdict
from service.policies.verdict_writer import VerdictWriter
from service.store.engines import Connection, Database
from service.store.engines.image import ImageBuilder
from service.store.read.current import copy_server
from service.store.read.unjudged import JudgedServer
from service.store.verdict_rows import Bound, Cursor
from service.store.write.verdicts import States, VerdictStore

Verdicts = Mapping[str, Verdict]


@dataclass(slots=True)
class Task:
    """A report of a server to judge. now: `:ahora`, microseconds. only: the rules; null for all.

    neighbours: of a late report. cursor: as it is once the task is stored.
    """

    server: JudgedServer
    seq: int
    now: int
    cursor: Cursor
    bound: Bound
    digest: str
    is_silent: bool = False  # what the copy says of the server
    only: frozenset[str] | None = None
    report_at: int | None = None
    neighbours: tuple[Bound | None, Bound | None] | None = None
    longest_gap: int | None = None
    continues_only: bool = False  # the server is silent: a new text opens nothing on it
    retired: Bound | None = None  # ends what rules without a text in force have open
    verdicts: Verdicts = field(default_factory=dict)

    @property
    def is_plain_report(self) -> bool:
        """Whether it is a report in order of a server that is heard, and no rule ended."""
        return self.report_at is not None and self.neighbours is None and self.retired is None


class Rounds:
    """Judges tasks by the rules in force."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        database: Database,
        queries: Mapping[str, str],
        guard: Guard,
        builder: ImageBuilder,
        store: VerdictStore,
        writer: VerdictWriter,
    ) -> None:
        self._database, self._queries, self._writer = database, queries, writer
        self._guard, self._builder, self._store = guard, builder, store
        self._rules: Mapping[str, RuleInForce] = {}
        self._in_force: Collection[str] = ()
        self._terms: dict[str, Terms] = {}
        self._formerly: dict[str, str] = {}
        self._with_first_sight = False

    def use(self, rules: Mapping[str, RuleInForce], in_force: Collection[str]) -> None:
        """Replaces the rules. The guard has them loaded already.

        in_force: the ids of these rules, and of those that cannot be judged now.
        """
        self._rules, self._in_force = rules, in_force
        self._formerly = {
            rule.id: rule.rule.formerly for rule in rules.values() if rule.rule.formerly
        }
        self._terms = {
            rule.id: Terms.of(rule.rule, rule.text_id, rule.hash) for rule in rules.values()
        }
        self._with_first_sight = any(rule.reads_first_sight for rule in rules.values())

    @property
    def rules(self) -> Mapping[str, RuleInForce]:
        return self._rules

    def of_servers(self) -> list[str]:
        """The rules about one server."""
        return [r for r, rule in self._rules.items() if rule.rule.scope is Scope.SERVIDOR]

    def run(self, tasks: Sequence[Task]) -> None:
        """Judges and stores. Of each server there is one task. Raises StorageUnavailableError."""
        self._judge([task for task in tasks if task.only is None or task.only])
        with self._database.snapshot() as connection:
            unchanged = self._unchanged(connection, tasks)
            changing = [
                task
                for task in tasks
                if not task.is_plain_report
                or any((task.server.id, rule) not in unchanged for rule in task.verdicts)
            ]
            states = self._load(connection, changing, unchanged)
        self._retire(states, changing)
        # What a renamed rule continues has ended now.
        states.continue_renamed(self._formerly, [task.server.id for task in changing])
        for task in changing:
            server = as_server(task.server)
            for rule, verdict in task.verdicts.items():
                if (task.server.id, rule) not in unchanged:
                    event = self._event(task, verdict, rule)
                    step(states[task.server.id, rule], server, self._terms[rule], event)
        self._writer.save(states, [task.cursor for task in tasks])

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

    def _retire(self, states: States, tasks: Sequence[Task]) -> None:
        """Ends what rules have open that are not in force any more."""
        ending = {task.server.id: task for task in tasks if task.retired is not None}
        for state in states:
            task = ending.get(state.server_id)
            if task is not None and task.retired is not None and state.rule not in self._in_force:
                event = Ended(task.retired, Fin.REGLA_RETIRADA)
                step(state, as_server(task.server), None, event)

    def _event(self, task: Task, verdict: Verdict, rule: str) -> Event:
        if task.neighbours is not None:
            return Late(task.bound, task.digest, verdict, *task.neighbours)
        evaluates = self._terms[rule].evaluates_in_silence
        return Judged(
            task.bound,
            task.digest,
            verdict,
            task.report_at,
            task.longest_gap,
            is_silent=task.continues_only and not evaluates,
        )

    def _judge(self, tasks: Sequence[Task]) -> None:
        """Gives each task its verdicts."""
        about_servers = self.of_servers()
        if not about_servers or not tasks:
            return
        try:
            self._guard.open(self._image(tasks))
            requests = [
                Request(task.server.id, times.to_text(task.now), task.only) for task in tasks
            ]
            by_server = {task.server.id: task for task in tasks}
            for server_id, verdicts in self._guard.judge(requests):
                by_server[server_id].verdicts = verdicts
        except GuardEndedError as error:
            if len(tasks) > 1:  # one of them has more rows than the guard's process may hold
                middle = len(tasks) // 2
                self._judge(tasks[:middle])
                self._judge(tasks[middle:])
                return
            verdict = Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error))
            (task,) = tasks
            asked = about_servers if task.only is None else task.only
            task.verdicts = dict.fromkeys(asked, verdict)

    def _image(self, tasks: Iterable[Task]) -> bytes:
        with self._builder.filled() as image:
            for task in tasks:
                self._copy(image, task)
        return self._builder.image()

    def _copy(self, image: Connection, task: Task) -> None:
        copy_server(
            image,
            self._queries,
            task.server.id,
            task.seq,
            is_silent=task.is_silent,
            with_first_sight=self._with_first_sight,
        )


def as_server(server: JudgedServer) -> Server:
    """The server as violations name it."""
    return Server(server.id, server.identity, server.sibling, server.first_at)
