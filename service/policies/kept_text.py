"""What the database keeps of texts of rules: words that people read, and data they decide by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from service.policies.faults import InvalidRuleError
from service.policies.relations import HIDDEN, RELATIONS
from service.policies.rule import Rule
from service.policies.rule_file import parse_rule
from service.policies.workspace import KERNEL_THREADS


@lru_cache(maxsize=512)
def kept_rule(rule_id: str, source: str) -> Rule | None:
    """The rule of a kept text; null where this version of the service cannot read it any more."""
    try:
        return parse_rule(Path(f"{rule_id}.sql"), source, RELATIONS | HIDDEN)
    except InvalidRuleError:
        return None


def titles(rule_id: str, source: str) -> tuple[str | None, str | None]:
    """The title in Spanish and in English; null where the rule has none."""
    rule = kept_rule(rule_id, source)
    texts = {} if rule is None else rule.texts
    found = [texts[language].titulo if language in texts else None for language in ("es", "en")]
    return found[0], found[1]


def kept_tables(outsides: Iterable[str]) -> dict[str, Sequence[Sequence[str | None]]]:
    """The rows of the relations listas, redes and fin_de_vida as these texts were taken up with.

    outsides: of each text, what decides beside its file, as JSON.
    """
    entries: set[tuple[str, str]] = set()
    others: dict[str, set[tuple[str | None, ...]]] = {"redes": set(), "fin_de_vida": set()}
    for outside in map(json.loads, outsides):
        lists = {KERNEL_THREADS: outside.get(KERNEL_THREADS, []), **outside.get("listas", {})}
        entries |= {(name, entry) for name, of_list in lists.items() for entry in of_list}
        for name, rows in others.items():
            rows |= {tuple(row) for row in outside.get(name, [])}
    sorted_rows = {name: sorted(rows, key=str) for name, rows in others.items()}
    return {"listas": sorted(entries), **sorted_rows}
