"""What people read of a rule, from the text of it that the database keeps."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from service.policies.rules.faults import InvalidRuleError
from service.policies.rules.folders import ADJUSTED, adjusted
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule import Rule
from service.policies.rules.rule_file import parse_rule


@lru_cache(maxsize=512)
def kept_rule(rule_id: str, source: str) -> Rule | None:
    """The rule of a kept text; null where this version of the service cannot read it any more."""
    try:
        return parse_rule(Path(f"{rule_id}.sql"), source, RELATIONS | HIDDEN)
    except InvalidRuleError:
        return None


def key_columns(rule_id: str, source: str) -> tuple[str, ...]:
    """The columns of its `clave`; none where this version of the service cannot read it."""
    rule = kept_rule(rule_id, source)
    return () if rule is None else tuple(rule.key)


@lru_cache(maxsize=512)
def names_control(rule_id: str, source: str, framework: str) -> bool:
    """Whether a rule names a control of a framework."""
    rule = kept_rule(rule_id, source)
    return rule is not None and bool(rule.controls.get(framework))


def adjusted_rule(rule_id: str, source: str, outside: str) -> Rule | None:
    """The same as ajustes.toml has it. outside: what decides beside the text, as JSON."""
    rule = kept_rule(rule_id, source)
    adjustments = json.loads(outside).get(ADJUSTED, {})
    try:
        return adjusted(rule, adjustments) if rule is not None and adjustments else rule
    except InvalidRuleError:
        return None


def titles(rule_id: str, source: str) -> tuple[str | None, str | None]:
    """The title in Spanish and in English; null where the rule has none."""
    rule = kept_rule(rule_id, source)
    texts = {} if rule is None else rule.texts
    found = [texts[language].titulo if language in texts else None for language in ("es", "en")]
    return found[0], found[1]
