"""Runs rules in the sandbox, and judges servers by what they give. The guard's process calls it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from service import times
from service.policies.guard.facts import Told
from service.policies.guard.fleet_answers import FleetAnswers, named
from service.policies.guard.inspection import Inspection, inspect, reads_now, reads_only_day
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.kept_answers import KeptAnswers
from service.policies.guard.limits import Limits
from service.policies.guard.needs import Needs
from service.policies.guard.patience import Patience
from service.policies.guard.relevance import Relevance
from service.policies.guard.swept_relations import SweptRelations, empty_tables
from service.policies.guard.verdict import Answer, Reason, Situation, State, Verdict, judge
from service.policies.guard.workspace import Workspace
from service.policies.rules.relations import facts_read
from service.policies.rules.rule import Fact, Scope, Semantics

_OVER_AND_OVER = "it passed its limit again and again; it is tried again later"


class Judging:
    """The rules, and the image over which they run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._workspace = Workspace()
        self._rules: list[JudgedRule] = []
        self._situations: dict[int, Situation] = {}
        self._patience = Patience(self._limits.seconds)
        self._needs = Needs.of(())
        self._reads_now = False
        self._changes_at = 1  # microseconds: how long `:ahora` says the same
        self._broken: set[str] = set()  # rules of which it is not known what they read
        self._relevance: Relevance | None = None
        self._kept = KeptAnswers((), limits)

    def set_data(self, tables: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """The rows of listas, redes and fin_de_vida."""
        self._workspace.set_data(tables)

    def set_rules(self, rules: Iterable[JudgedRule]) -> Iterator[tuple[str, Inspection]]:
        """Replaces the rules, and tells of each whether it runs. One that does not is unknown."""
        # Whether it runs, and what it reads, must not depend on what was judged before.
        empty_tables(self._workspace.sandbox)
        self._situations.clear()
        self._rules = []
        self._patience = Patience(self._limits.seconds)
        self._broken, self._relevance = set(), None
        for rule in rules:
            found = inspect(self._workspace.sandbox, rule)
            if found.error is not None:
                self._broken.add(rule.id)
            self._rules.append(replace(rule, reads=found.reads, applies_reads=found.applies_reads))
            yield rule.id, found
        wanted: set[Fact] = set()
        for rule in self._rules:
            wanted |= {*rule.requires, *rule.requires_to_pass, *facts_read(rule.applies_reads)}
        self._workspace.wanted = wanted
        reads = {read for rule in self._rules for read in rule.reads | rule.applies_reads}
        self._workspace.matches_names = any(name == "procesos_listados" for name, _ in reads)
        start = any(rule.grace_after_boot for rule in self._rules)
        # What a statement reads that does not run at first is not known.
        self._needs = Needs.all(wanted) if self._broken else Needs.of(reads, wanted, start=start)
        statements = [sql for rule in self._rules for sql in (rule.sql, rule.applies.query)]
        self._reads_now = reads_now(*statements)
        self._changes_at = times.DAY if reads_only_day(*statements) else 1
        kept = () if self._broken else self._of(Scope.SERVIDOR)
        self._kept = KeptAnswers(kept, self._limits)

    def open(self, image: bytes) -> None:
        """Takes the image over which the next calls judge."""
        self._workspace.open(image)
        self._situations.clear()
        self._kept.follow(None)

    def judge_server(
        self,
        server: int,
        now: str,
        only: Collection[str] | None = None,
        told: Told | None = None,
    ) -> dict[str, Verdict]:
        """The verdicts of the rules about a server on one server of the image.

        now: `:ahora`. only: the rules to judge; null for all. told: as of a Request.
        """
        if told is None:
            return self._judged(self._situation(server), now, only)
        return self._judged(self._workspace.situation(server, told), now, only)

    def _judged(
        self, situation: Situation, now: str, only: Collection[str] | None
    ) -> dict[str, Verdict]:
        """The verdicts on the server that the relations show."""
        server = situation.server

        def run(sql: str) -> Answer:
            columns, rows, cut = self._kept.rows(sql) or self._workspace.sandbox.first(
                sql, {"ahora": now}, seconds=self._limits.seconds, max_rows=self._limits.rows
            )
            # The rows are those of this server, whether they say so or not.
            return Answer([{**named(columns, row), "servidor": server} for row in rows], cut)

        found: dict[str, Verdict] = {}
        for rule in self._of(Scope.SERVIDOR, only):
            if self._patience.has_run_out(rule.id, server):
                found[rule.id] = Verdict(State.DESCONOCIDO, Reason.LIMITE, _OVER_AND_OVER)
            else:
                found[rule.id] = judge(rule, situation, run)
                is_limit = found[rule.id].reason is Reason.LIMITE
                self._patience.note(rule.id, server, is_limit=is_limit)
        return found

    def sweep(
        self, programs: Iterable[Sequence[Any]], steps: Iterable[Mapping[str, Any]]
    ) -> Iterator[dict[str, Verdict]]:
        """The verdicts of the rules about a server at one report after the other.

        programs, steps: as SweptRelations takes them, with `now` and `only`. Where nothing changed
        that decides a verdict, or verdicts are equal, the very same dict comes again.
        """
        relations = SweptRelations(self._workspace.sandbox, self._workspace.names, self._needs)
        relations.use(programs)
        self._kept.follow(relations)
        rules = self._of(Scope.SERVIDOR)
        graces = {rule.grace_after_boot for rule in rules}
        shows_absences = any(rule.semantics is Semantics.FILA_ES_EXITO for rule in rules)
        reads_time = self._reads_now
        kept: dict[str, Verdict] = {}
        decided_by: object = None

        def deciding() -> object:
            """What decides the verdicts that are kept, beside the relations."""
            fails = any(verdict.state is State.FALLA for verdict in kept.values())
            return (
                only,
                now // self._changes_at if reads_time else None,
                situation.is_silent,
                sum(situation.is_within(grace) for grace in graces),
                situation.facts,
                situation.system,
                situation.names_listed() if fails and shows_absences else None,
            )

        for step in steps:
            is_changed = relations.apply(step) | self._kept.take()
            situation, now, only = relations.situation(), step["now"], step["only"]
            if is_changed or deciding() != decided_by:
                found = self._judged(situation, times.to_text(now) if reads_time else "", only)
                if found != kept:
                    kept = found
                # Time may decide on a limit.
                is_limit = any(verdict.reason is Reason.LIMITE for verdict in kept.values())
                decided_by = None if is_limit else deciding()
            yield kept

    @property
    def relevance(self) -> Relevance:
        """Which programs the rules about a server can see."""
        if self._relevance is None:
            rules, seconds = self._of(Scope.SERVIDOR), self._limits.seconds
            self._relevance = Relevance(self._workspace, rules, self._broken, seconds)
        return self._relevance

    def judge_fleet(
        self, now: str, only: Collection[str] | None = None
    ) -> Iterator[tuple[str, dict[int, Verdict]]]:
        """The verdicts of each rule about the fleet, by server of the image."""
        rules = self._of(Scope.FLOTA, only)
        situations = [self._situation(server) for server in self._workspace.servers() if rules]
        self._workspace.show(None)
        for rule in rules:
            answers = FleetAnswers(self._workspace.sandbox, now, self._limits)
            yield (
                rule.id,
                {
                    situation.server: judge(rule, situation, partial(answers.of, situation.server))
                    for situation in situations
                },
            )

    def _situation(self, server: int) -> Situation:
        if server not in self._situations:
            self._situations[server] = self._workspace.situation(server)
        else:
            self._workspace.show(server)
        return self._situations[server]

    def _of(self, scope: Scope, only: Collection[str] | None = None) -> list[JudgedRule]:
        return [
            rule
            for rule in self._rules
            if rule.scope is scope and (only is None or rule.id in only)
        ]
