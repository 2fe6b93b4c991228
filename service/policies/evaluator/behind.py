"""Servers whose reports waited when other texts were taken up: they send more than is judged.

Verdicts follow the order of arrival: what arrived before a text is judged by the text before it.
The texts of all must not wait for such a server, so it keeps those that judged it last meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace

from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.kept_data import with_kept
from service.policies.evaluator.progress import stored_rules
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.rounds import Rounds
from service.policies.evaluator.server_events import ServerEvents
from service.policies.evaluator.tasks import TaskMaker
from service.policies.evaluator.verdict_writer import VerdictWriter
from service.policies.guard.guard import Guard
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.data_files import DataFiles
from service.store.engines import Database
from service.store.engines.image import ImageBuilder
from service.store.read.unjudged import UnjudgedReader
from service.store.write.rule_texts import RuleTextStore
from service.store.write.verdicts import VerdictStore


class Behind:
    """Use it in a with statement. Its guard is started once it is needed."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        database: Database,
        queries: Mapping[str, str],
        reader: UnjudgedReader,
        store: VerdictStore,
        texts: RuleTextStore,
        tasks: TaskMaker,
        builder: ImageBuilder,
        writer: VerdictWriter,
        events: ServerEvents,
    ) -> None:
        self._database, self._queries, self._reader = database, queries, reader
        self._store, self._texts, self._tasks = store, texts, tasks
        self._builder, self._writer, self._events = builder, writer, events
        self._resources = ExitStack()
        self._guard: Guard | None = None
        self._loaded: Collection[int] = ()  # numbers of texts
        self._rules: dict[str, RuleInForce] = {}
        self._rounds: Rounds | None = None
        self._servers: set[int] = set()

    def judge(self, servers: Collection[int], until: int) -> set[int]:
        """Judges what comes next of those of these servers that are behind; which they are.

        servers: that were judged by other texts than those in force. until: when these were taken
        up.
        """
        self._servers.intersection_update(servers)
        with self._database.snapshot() as connection:
            waiting = self._reader.next_reports_of(connection, servers) or {}
            reports = {
                server: number
                for server, number in waiting.items()
                if self._reader.report(connection, number).received_at <= until
            }
            self._servers.update(reports)
            if not self._servers:
                return set()
            texts = self._texts.that_judge(connection, self._servers)
        chosen = next((found for found in texts.values() if found == self._loaded), None)
        if chosen is None:
            chosen = texts[min(texts)]
            self._load(chosen)
        alike = {server for server in self._servers if texts.get(server) == chosen}
        tasks = self._tasks.of_reports(
            [number for server, number in sorted(reports.items()) if server in alike],
            self._rules,
            epoch=0,
        )
        tasks += self._tasks.of_times(sorted(alike - reports.keys()), self._rules, until)
        if tasks and self._rounds is not None:
            self._rounds.run(tasks)
        self._servers -= alike - {task.server.id for task in tasks}
        if not self._servers:
            self.close()
        return set(self._servers)

    def _load(self, texts: Collection[int]) -> None:
        if self._guard is None:
            self._guard = self._resources.enter_context(Guard())
            judge = RecordJudge(self._queries, self._guard, self._builder)
            self._rounds = Rounds(self._database, judge, self._store, self._writer, self._events)
        rules = stored_rules(self._texts.texts(texts))
        data = with_kept(DataFiles(), (rule.outside for rule in rules.values()))
        judged = [JudgedRule.of(rule.rule) for rule in rules.values()]
        found = self._guard.load(judged, data.tables())
        self._rules = {rule: replace(rules[rule], inspection=found[rule]) for rule in rules}
        assert self._rounds is not None  # noqa: S101 — it is made with the guard
        self._rounds.use(self._rules, self._rules.keys())
        self._loaded = texts

    def close(self) -> None:
        """Ends the guard. Another one is started where it is needed."""
        self._guard = self._rounds = None
        self._loaded = ()
        self._resources.close()
