"""A rule in force: its model, the text that decides its verdicts, and where that is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.policies.data_files import DataFiles
from service.policies.folders import adjusted
from service.policies.judging import Inspection
from service.policies.relations import HIDDEN, RELATIONS, reads_command_lines
from service.policies.rule import Rule
from service.policies.rule_file import parse_rule
from service.policies.text_hash import Silence, outside, text_hash

_ADJUSTMENTS = "ajustes"


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """source: the whole file. outside: what decides beside it, as JSON, its adjustments included.

    text_id: the number of the text in the database; 0 until it is stored. judged: false where the
    rule stays in force, but cannot be judged as it was: its file is gone, or its lists.
    """

    rule: Rule
    hash: str  # of the text
    source: str
    outside: str
    inspection: Inspection
    text_id: int = 0
    judged: bool = True

    @property
    def id(self) -> str:
        return self.rule.id

    @property
    def reads_command_lines(self) -> bool:
        reads = self.inspection.reads | self.inspection.applies_reads
        return reads_command_lines(reads)

    @property
    def reads_first_sight(self) -> bool:
        reads = self.inspection.reads | self.inspection.applies_reads
        return any(
            column == "visto_desde" and relation != "servers_vigentes" for relation, column in reads
        )

    @property
    def reads_state(self) -> bool:
        """Whether silence is one of the facts that the rule reads."""
        reads = self.inspection.reads | self.inspection.applies_reads
        return ("servers_vigentes", "estado") in reads


def in_force(  # noqa: PLR0913 — all that a text is made of
    rule: Rule,
    source: str,
    inspection: Inspection,
    data: DataFiles,
    silence: Silence,
    adjustments: Mapping[str, Any],
) -> RuleInForce:
    """The rule as it would be in force. adjustments: its table of `ajustes.toml`."""
    beside = outside(rule, inspection, data, silence)
    if adjustments:
        beside[_ADJUSTMENTS] = dict(adjustments)
    return RuleInForce(
        rule,
        text_hash(rule, inspection, data, silence),
        source,
        json.dumps(beside, sort_keys=True, ensure_ascii=False),
        inspection,
    )


def stored_rule(folder: Path, rule_id: str, source: str, beside: str) -> tuple[Rule, dict[str, Any]]:
    """The rule of a text that was stored, and its adjustments. Raises InvalidRuleError."""
    rule = parse_rule(folder / f"{rule_id}.sql", source, RELATIONS | HIDDEN)
    adjustments = json.loads(beside).get(_ADJUSTMENTS, {})
    return (adjusted(rule, adjustments) if adjustments else rule), adjustments
