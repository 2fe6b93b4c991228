"""What may be a mistake in rules that are right by themselves. It needs to know the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.policies.guard.verdict import State
from service.policies.rules.faults import RuleFault
from service.policies.rules.rule import Rule


def is_tag_of_nobody(rule: Rule, tags: Mapping[str, frozenset[str]]) -> bool:
    if rule.applies.tag is None:
        return False
    key, equals, value = rule.applies.tag.partition("=")
    return key not in tags or bool(equals and value not in tags[key])


def tags_of_nobody(
    rules: Iterable[Rule], tags: Mapping[str, frozenset[str]]
) -> Iterator[RuleFault]:
    """Rules whose `aplica` names a tag that no server has. tags: the values of each key."""
    for rule in rules:
        if is_tag_of_nobody(rule, tags):
            yield RuleFault(
                rule.path, rule.lines.get("aplica"), f"no server has the tag {rule.applies.tag}"
            )


def applying_nowhere(
    rules: Iterable[Rule], states: Mapping[str, Mapping[State, int]]
) -> Iterator[RuleFault]:
    """Rules that apply to no server. states: by rule, how many servers have each verdict."""
    for rule in rules:
        counts = states.get(rule.id, {})
        if counts and counts.keys() <= {State.NO_APLICA}:
            yield RuleFault(rule.path, rule.lines.get("aplica"), "the rule applies to no server")
