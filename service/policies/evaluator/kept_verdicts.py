"""Verdicts that were given, by what decided them: equal reports of a server are judged once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from service.policies.evaluator.sight import View
from service.policies.guard.evidence import absence
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.rules.placeholders import NAMES_LISTED
from service.policies.rules.rule import Rule, Semantics

_MOST_SERVERS = 10_000  # some kilobytes each
_MOST_EVIDENCE = 100  # rows of a server: a hostile report could have very many
# What time and chance have a part in; they may say something else of the same rows.
_CHANCE = {Reason.LIMITE, Reason.REGLA_ROTA}


class _Server(NamedTuple):
    """Verdicts by what decided them: frame and rows as of a View."""

    frame: bytes
    rows: frozenset[tuple[frozenset[str], bytes]]
    verdicts: Mapping[str, Verdict]


class KeptVerdicts:
    """The last ones of each server, of rules that need not be asked of each report."""

    def __init__(self, most: int = _MOST_SERVERS) -> None:
        """most: servers that are kept."""
        self._most = most
        self._servers: OrderedDict[int, _Server] = OrderedDict()
        self._fresh: Collection[str] = ()
        self._absences: dict[str, JudgedRule] = {}

    def use(self, rules: Collection[Rule], fresh: Collection[str]) -> None:
        """Replaces the rules, which are about servers. fresh: those to ask of each report."""
        self._servers.clear()
        self._fresh = fresh
        self._absences = {
            rule.id: JudgedRule.of(rule)
            for rule in rules
            if rule.semantics is Semantics.FILA_ES_EXITO
        }

    def of(self, server: int, view: View) -> dict[str, Verdict]:
        """The verdicts that follow from what was seen before; none of other rules."""
        kept = self._servers.get(server)
        if kept is None or kept.frame != view.frame:
            return {}
        found = dict(kept.verdicts)
        for rules, _ in kept.rows ^ view.rows:
            for rule in rules:
                found.pop(rule, None)
        for rule, judged in self._absences.items():
            if rule in found and found[rule].state is State.FALLA:
                found[rule] = _counting(found[rule], judged, view.told.names)
        return found

    def put(self, server: int, view: View, verdicts: Mapping[str, Verdict]) -> None:
        """All verdicts on a server."""
        kept: dict[str, Verdict] = {}
        left = _MOST_EVIDENCE
        for rule, found in verdicts.items():
            if rule in self._fresh or _CHANCE & {found.reason, found.detail}:
                continue
            rows = sum(len(finding.evidence) for finding in found.findings)
            if rows <= left:
                left -= rows
                kept[rule] = found if found.findings else _one(found)
        self._servers.pop(server, None)
        self._servers[server] = _Server(view.frame, view.rows, kept)
        if len(self._servers) > self._most:
            self._servers.popitem(last=False)


@lru_cache(1000)
def _one(verdict: Verdict) -> Verdict:
    """The same object for equal verdicts, most of which are those of many servers."""
    return verdict


def _counting(verdict: Verdict, rule: JudgedRule, names_listed: int) -> Verdict:
    """The verdict of an absence, whose evidence counts the names of the report."""
    (finding,) = verdict.findings
    if finding.evidence[0][NAMES_LISTED] == names_listed:
        return verdict
    return verdict._replace(findings=(absence(rule, names_listed),))
