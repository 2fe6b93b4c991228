"""A rule in force: its model, the text that decides its verdicts, and where that is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from service.policies.guard.inspection import Inspection
from service.policies.guard.text_hash import Silence, outside, text_hash
from service.policies.rules.data_files import DataFiles
from service.policies.rules.folders import ADJUSTED, adjusted
from service.policies.rules.relations import HIDDEN, RELATIONS, Reads, reads_command_lines
from service.policies.rules.rule import Rule, Scope
from service.policies.rules.rule_file import parse_rule
from service.store.write.rule_texts import NewText, StoredText


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule, adjusted. source: the whole file. outside: what decides beside it, as JSON.

    text_id: the number of the text in the database; 0 until it is stored. is_judged: false where
    the rule stays in force but cannot be judged as it was, because its file or its lists are gone.
    """

    rule: Rule
    hash: str  # of the text
    source: str
    outside: str  # its adjustments included
    inspection: Inspection = field(default_factory=Inspection)
    text_id: int = 0
    taken_up_at: int = 0  # microseconds
    is_judged: bool = True

    @property
    def id(self) -> str:
        return self.rule.id

    @property
    def adjustments(self) -> dict[str, Any]:
        """Its table of `ajustes.toml`."""
        found: dict[str, Any] = json.loads(self.outside).get(ADJUSTED, {})
        return found

    @property
    def reads_first_sight(self) -> bool:
        """Whether it asks when programs or users were first seen."""
        return _reads_first_sight(self.reads)

    @property
    def applies_by_first_sight(self) -> bool:
        """Whether that decides where it applies."""
        return _reads_first_sight(self.inspection.applies_reads)

    @property
    def reads_command_lines(self) -> bool:
        """Whether its rows are for `admin` alone."""
        return reads_command_lines(self.reads)

    @property
    def reads_state(self) -> bool:
        """Whether silence is one of the facts that it reads."""
        return ("servers_vigentes", "estado") in self.reads

    @property
    def reads(self) -> frozenset[tuple[str, str]]:
        """What its two statements read: (relation, column)."""
        return self.inspection.reads | self.inspection.applies_reads

    def to_store(self, *, is_shipped: bool) -> NewText:
        file = parse_rule(self.rule.path, self.source, RELATIONS | HIDDEN)
        return NewText(
            rule=self.id,
            hash=self.hash,
            file_hash=file.hash,
            version=self.rule.version,
            source=self.source,
            outside=self.outside,
            is_shipped=is_shipped,
            command_lines=self.reads_command_lines,
            is_fleet=self.rule.scope is Scope.FLOTA,
            clock=self.rule.clock,
            severity=self.rule.severity,
            controls=json.dumps(self.rule.controls, sort_keys=True),
            owner=self.rule.owner,
        )


def _reads_first_sight(reads: Reads) -> bool:
    return any(
        column == "visto_desde" and relation != "servers_vigentes" for relation, column in reads
    )


def in_force(  # noqa: PLR0913, PLR0917 — all that a text is made of
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
        beside[ADJUSTED] = dict(adjustments)
    return RuleInForce(
        rule,
        text_hash(rule, inspection, data, silence),
        source,
        json.dumps(beside, sort_keys=True, ensure_ascii=False),
        inspection,
    )


def stored_rule(folder: Path, stored: StoredText) -> RuleInForce:
    """The rule of a text that was stored, not inspected yet. Raises InvalidRuleError."""
    rule = parse_rule(folder / f"{stored.rule}.sql", stored.source, RELATIONS | HIDDEN)
    made = RuleInForce(
        rule,
        stored.hash,
        stored.source,
        stored.outside,
        text_id=stored.text_id,
        taken_up_at=stored.taken_up_at,
    )
    return replace(made, rule=adjusted(rule, made.adjustments)) if made.adjustments else made
