"""What the guard needs of a rule, as it crosses to the guard's process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from service.policies.rules.rule import Applies, Fact, InSilence, Rule, Scope, Semantics
from service.policies.rules.sql_text import without_double_quotes


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """What the guard needs of a rule. reads: what its two statements read, as SQLite tells."""

    id: str
    sql: str
    scope: Scope
    semantics: Semantics
    in_silence: InSilence
    applies: Applies
    requires: tuple[Fact, ...]
    requires_to_pass: tuple[Fact, ...]
    key: tuple[str, ...]
    evidence: tuple[str, ...]
    motives: Mapping[str, str]
    grace_after_boot: int
    reads: frozenset[tuple[str, str]] = frozenset()
    applies_reads: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Without its reads, which the guard finds out."""
        query = rule.applies.query
        return cls(
            id=rule.id,
            sql=without_double_quotes(rule.sql),
            scope=rule.scope,
            semantics=rule.semantics,
            in_silence=rule.in_silence,
            applies=Applies(
                rule.applies.tag,
                rule.applies.systems,
                None if query is None else without_double_quotes(query),
            ),
            requires=rule.requires,
            requires_to_pass=rule.requires_to_pass,
            key=rule.key,
            evidence=rule.evidence,
            motives={language: texts.motivo for language, texts in rule.texts.items()},
            grace_after_boot=rule.deadlines.grace_after_boot,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "sql": self.sql,
            "scope": self.scope,
            "semantics": self.semantics,
            "in_silence": self.in_silence,
            "applies": [self.applies.tag, self.applies.systems, self.applies.query],
            "requires": self.requires,
            "requires_to_pass": self.requires_to_pass,
            "key": self.key,
            "evidence": self.evidence,
            "motives": dict(self.motives),
            "grace_after_boot": self.grace_after_boot,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        tag, systems, query = value["applies"]
        return cls(
            id=value["id"],
            sql=value["sql"],
            scope=Scope(value["scope"]),
            semantics=Semantics(value["semantics"]),
            in_silence=InSilence(value["in_silence"]),
            applies=Applies(tag, tuple(systems), query),
            requires=tuple(map(Fact, value["requires"])),
            requires_to_pass=tuple(map(Fact, value["requires_to_pass"])),
            key=tuple(value["key"]),
            evidence=tuple(value["evidence"]),
            motives=value["motives"],
            grace_after_boot=value["grace_after_boot"],
        )
