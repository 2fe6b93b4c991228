"""The answers of the statements of rules that are kept from report to report."""

from __future__ import annotations

from collections.abc import Iterable

from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.kept_answer import KeptAnswer
from service.policies.guard.limits import Limits
from service.policies.guard.swept_relations import SweptRelations
from service.policies.guard.trial import Trial
from service.policies.rules.relations import Reads, reads_processes
from service.store.engines.sandbox import Rows


class KeptAnswers:
    """Those over the relations of one server after the other."""

    def __init__(self, rules: Iterable[JudgedRule], limits: Limits) -> None:
        """rules: inspected, and sound."""
        self._limits = limits
        self._trial: Trial | None = None
        self._kept: dict[str, KeptAnswer] = {}
        self._apart: set[str] = set()  # statements that read no processes
        self._is_blind = False  # one that reads them is not kept
        self._relations: SweptRelations | None = None
        for rule in rules:
            self._add(rule.sql, rule.reads)
            if rule.applies.query is not None:
                self._add(rule.applies.query, rule.applies_reads)

    def _add(self, sql: str, reads: Reads) -> None:
        if not reads_processes(reads):
            self._apart.add(sql)
            return
        made = KeptAnswer.of(sql, reads)
        if made is None:
            self._is_blind = True
        else:
            self._kept[sql] = made

    def follow(self, relations: SweptRelations | None) -> None:
        """Keeps the answers over these relations from now on; null: over none."""
        self._relations = relations

    def take(self) -> bool:
        """Takes what a report changed of processes. Whether that may change an answer."""
        relations = self._relations
        if relations is None or not relations.change:
            return False
        if self._trial is None:
            self._trial = Trial(self._limits)
        is_changed = self._is_blind
        for kept in self._kept.values():
            kept.take(relations.change, self._trial, relations)
            is_changed |= kept.refresh(self._trial, relations)
        return is_changed

    def rows(self, sql: str) -> Rows | None:
        """The rows of a statement; null where it is to be run: the relations hold what it reads."""
        if self._relations is None or sql in self._apart:
            return None
        kept = self._kept.get(sql)
        found = None if kept is None else kept.rows()
        if found is None:
            self._relations.settle()
        return found
