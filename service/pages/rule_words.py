"""What pages about rules share: their texts in a language, and links to one moment."""

from __future__ import annotations

from typing import NamedTuple

from service import times
from service.http.filters import AT_MOMENT, KNOWN_AT
from service.pages.site import PageQuery
from service.policies.rules.kept_text import kept_rule
from service.policies.rules.rule import Rule, Texts
from service.store.read.moments import Moment
from service.store.read.policies import PolicyRow

WORST_FIRST = ("critica", "alta", "media", "baja")


class Words(NamedTuple):
    """What a rule's file says to people. language: that of the texts, which may lack the page's.

    texts, rule: null where this version of the service cannot read the file.
    """

    title: str
    language: str | None
    texts: Texts | None
    rule: Rule | None


def words_of(policy: PolicyRow, language: str) -> Words:
    """The texts of a rule in this language, or in the one that it has."""
    return words_of_text(policy.rule, policy.source, language)


def words_of_text(rule_id: str, source: str, language: str) -> Words:
    """The same of a text that need not be in force."""
    rule = kept_rule(rule_id, source)
    if rule is None:
        return Words(rule_id, None, None, None)
    chosen = language if language in rule.texts else next(iter(rule.texts))
    return Words(rule.texts[chosen].titulo, chosen, rule.texts[chosen], rule)


def links_to_moment(query: PageQuery, moment: Moment) -> dict[str, str]:
    """The parameters of the moment that a page shows, also where none was asked for.

    A list at this address has what the page counted, whatever was reported since.
    """
    asked = {each.name: query.text(each) for each in AT_MOMENT if query.text(each)}
    return asked or {KNOWN_AT.name: times.to_text(moment.at)[:19]}
