"""What pages about rules share: their texts in a language, and links to one moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from service import times
from service.http.filters import AT_MOMENT, KNOWN_AT, TAG
from service.http.parameters import Parameter
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


def shown_moment(asked: Moment | None, settled: Moment) -> Moment:
    """The moment of the numbers of a page.

    asked: null for now. One of the past is shown as it is known at the settled moment: what comes
    late may change it later.
    """
    if asked is None:
        return settled
    return asked if asked.known_at is not None else Moment(asked.at, settled.at)


def links_to_moment(query: PageQuery, moment: Moment) -> dict[str, str]:
    """The parameters of the moment that a page shows, also where none was asked for.

    A list at this address has what the page counted, whatever was reported since.
    """
    known_at = moment.at if moment.known_at is None else moment.known_at
    return {KNOWN_AT.name: times.to_text(known_at)[:19]} | _given(query, AT_MOMENT)


def links(query: PageQuery, moment: Moment) -> dict[str, object]:
    """Parameters for links to pages about rules.

    at: those of the moment, as links_to_moment(). within: with the tag as well. kept: what was
    asked for of both, as a part of an address; may be empty.
    """
    at, tag = links_to_moment(query, moment), _given(query, (TAG,))
    return {"at": at, "within": at | tag, "kept": urlencode(_given(query, AT_MOMENT) | tag)}


def _given(query: PageQuery, parameters: Iterable[Parameter[Any]]) -> dict[str, str]:
    return {each.name: query.text(each) for each in parameters if query.text(each)}
