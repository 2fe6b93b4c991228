"""Everything that pages say at moments, so that it can be asked for again later."""

from __future__ import annotations

from collections.abc import Collection

from service import times
from service.config import Config
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.read.matrix import MatrixStore
from service.store.read.moments import Moment
from service.store.read.policies import PolicyStore
from service.store.read.silence import Silence
from service.store.read.verdict_at import VerdictFilter
from service.store.read.violations import ViolationFilter, ViolationStore
from service.times import SECOND


class AnswersSeen:
    """The moments that answers stood for, and what they said."""

    def __init__(self, config: Config, database: Database) -> None:
        queries = load_queries()
        silence = Silence(config.silent_after * SECOND, config.silent_intervals, times.now)
        self._policies = PolicyStore(
            database, queries, config.evaluator_lock, times.now, silence, config.alive
        )
        self._violations = ViolationStore(database, queries, times.now)
        self._matrix = MatrixStore(database, queries, times.now)
        self.seen: dict[Moment, tuple[frozenset[str], list[object]]] = {}

    def look(self) -> int:
        """Notes what is said now, as of the settled moment; that moment."""
        moment = self._policies.settled()[1]
        rules = frozenset(row.rule for row in self._policies.rows())
        said = self.said_at(moment, rules)
        rules, before = self.seen.setdefault(moment, (rules, said))
        assert self.said_at(moment, rules) == before, times.to_text(moment.at)
        return moment.at

    def said_at(self, moment: Moment, rules: Collection[str]) -> list[object]:
        """What these rules say: of ones that are newer, a moment before them tells nothing."""
        policies, counts = self._policies.policies(moment)
        policies = [policy for policy in policies if policy.rule in rules]
        open_ones = self._violations.page(ViolationFilter(is_open=True, moment=moment), 0, 1000)
        verdicts = [
            (verdict.rule, verdict.server_id, verdict.state, verdict.waiver)
            for policy in policies
            for verdict in self._policies.verdicts(
                VerdictFilter(policy.rule, None, moment), 0, 1000
            ).verdicts
        ]
        number = self._policies.open_violations(moment)
        assert number == len(open_ones.violations)
        return [
            [(policy.rule, policy.severity, policy.retired_at) for policy in policies],
            [counts[policy.rule] for policy in policies],
            verdicts,
            sorted((row.digest, row.severity, row.waiver) for row in open_ones.violations),
            self._matrix.matrix(moment, None),
        ]

    def assert_lasting(self) -> None:
        """Whatever was said of a moment is said of it now."""
        for moment, (rules, said) in self.seen.items():
            assert self.said_at(moment, rules) == said, times.to_text(moment.at)
