"""What may be a mistake in the rules of a folder, by the newest records and the tags of servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from service.policies.backtest.candidate import Candidates
from service.policies.backtest.runs import BackTest
from service.policies.guard.verdict import State
from service.policies.guard.warnings import applying_nowhere, tags_of_nobody
from service.policies.rules.faults import RuleFault


def warnings_of(test: BackTest, candidates: Candidates) -> list[RuleFault]:
    """Rules that apply to no server, and tags that none has. The guard has the rules loaded.

    Raises StorageUnavailableError.
    """
    asked = {
        rule.id: rule
        for rule in candidates.rules.values()
        if rule.rule.applies.systems or rule.rule.applies.query
    }
    states: dict[str, Mapping[State, int]] = {
        rule: Counter(verdict.state for verdict in verdicts)
        for rule, verdicts in test.verdicts_now(asked).items()
    }
    rules = [rule.rule for rule in candidates.rules.values()]
    of_tags = list(tags_of_nobody(rules, test.tags()))
    named = {fault.path for fault in of_tags}
    return [
        *of_tags,
        *(fault for fault in applying_nowhere(rules, states) if fault.path not in named),
    ]
