"""/reglas: the rules, and how many servers pass. /regla/{id}: one, and which servers fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import falcon

from service.http.filters import AT_MOMENT, FRAMEWORK, SEVERITY, TAG, VERDICT, moment_of
from service.http.parameters import CURSOR
from service.pages.backtest_picture import picture_of
from service.pages.backtests import DAYS
from service.pages.language import request_language
from service.pages.rule_words import (
    WORST_FIRST,
    Words,
    links,
    links_to_moment,
    shown_moment,
    words_of,
)
from service.pages.site import Site
from service.policies.backtest.job_result import read_result
from service.policies.guard.warnings import is_tag_of_nobody
from service.policies.rules.kept_text import adjusted_rule, names_control
from service.store.backtest_jobs import BackTestJobStore
from service.store.past_openings import PastOpeningStore
from service.store.read.policies import PolicyRow, PolicyStore
from service.store.read.rule_counts import Counts
from service.store.read.verdict_at import VerdictFilter

_FILTERS = (SEVERITY, FRAMEWORK, TAG)
_JOBS = 5  # back-tests that the page of a rule names


class RulesPage:
    def __init__(self, site: Site, policies: PolicyStore) -> None:
        self._site = site
        self._policies = policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, *_FILTERS, *AT_MOMENT)
        asked = moment_of(query)
        progress, settled = self._policies.settled()
        moment = shown_moment(asked, settled)
        policies, counts = self._policies.policies(moment, query[TAG])
        language = request_language(req)
        severity, framework = query[SEVERITY], query[FRAMEWORK]
        rows = [
            (row, words_of(row, language), counts[row.rule])
            for row in policies
            if severity in {None, row.severity}
            and (framework is None or names_control(row.rule, row.source, framework))
        ]
        self._site.show(
            req,
            resp,
            "rules.html",
            moment=asked,
            shown=moment,
            progress=progress,
            rules=_sorted(each for each in rows if each[0].retired_at is None),
            retired=[each for each in rows if each[0].retired_at is not None],
            faults=self._policies.faults(),
            warnings={} if asked else _warnings(rows, self._policies.tag_values()),
            values={each.name: query.text(each) for each in _FILTERS},
            **links(query, moment),
            address=query.address,
        )


class RulePage:
    def __init__(
        self,
        site: Site,
        policies: PolicyStore,
        jobs: BackTestJobStore,
        past: PastOpeningStore,
    ) -> None:
        self._site = site
        self._policies = policies
        self._jobs = jobs
        self._past = past

    def on_get(self, req: falcon.Request, resp: falcon.Response, rule: str) -> None:
        query = self._site.query(req, resp, VERDICT, TAG, *AT_MOMENT, CURSOR)
        asked = moment_of(query)
        progress, settled = self._policies.settled()
        moment = shown_moment(asked, settled)
        policy, counts = self._policies.policy(rule, moment, query[TAG])
        wanted = VerdictFilter(rule, query[VERDICT], moment, query[TAG])
        page = self._policies.verdicts(wanted, query.after, query.limit)
        at = links_to_moment(query, moment)
        tried = self._jobs.newest_of_text(rule, policy.text_hash)
        result = None if tried is None else read_result(tried.result)
        self._site.show(
            req,
            resp,
            "rule.html",
            moment=asked,
            shown=moment,
            progress=progress,
            policy=policy,
            words=words_of(policy, request_language(req)),
            counts=counts,
            texts=self._policies.texts(rule),
            warning=None if asked else _warning(policy, counts, self._policies.tag_values()),
            jobs=self._jobs.newest(rule, _JOBS),
            tried=tried,
            result=result,
            picture=picture_of(result),
            can_start=req.context.is_admin,
            days=DAYS,
            text_past=self._past.of_rule(rule) if asked is None else None,
            past=self._past.first(rule=rule) if asked is None else {},
            page_of_verdicts=page.verdicts,
            values={each.name: query.text(each) for each in (VERDICT, TAG, *AT_MOMENT, CURSOR)},
            **links(query, moment),
            address=query.address,
            path=req.path,
            next_page=query.address_after(req.path, page.after, **at) if page.after else None,
        )


class RuleWarning(NamedTuple):
    """What may be a mistake in a rule in force. tag: that no server has; null if it is another."""

    tag: str | None


def _warnings(
    rows: Iterable[tuple[PolicyRow, Words, Counts]], tags: Mapping[str, frozenset[str]]
) -> dict[str, RuleWarning]:
    found = {policy.rule: _warning(policy, counts, tags) for policy, _, counts in rows}
    return {rule: warning for rule, warning in found.items() if warning is not None}


def _warning(
    policy: PolicyRow, counts: Counts, tags: Mapping[str, frozenset[str]]
) -> RuleWarning | None:
    """Now, of a rule in force."""
    if policy.retired_at is not None:
        return None
    rule = adjusted_rule(policy.rule, policy.text_source, policy.outside)
    if rule is not None and is_tag_of_nobody(rule, tags):
        return RuleWarning(rule.applies.tag)
    return RuleWarning(None) if counts.applies_to_none else None


def _sorted(
    rows: Iterable[tuple[PolicyRow, Words, Counts]],
) -> list[tuple[PolicyRow, Words, Counts]]:
    """The rules that most servers fail first, by severity."""
    return sorted(
        rows,
        key=lambda each: (
            not each[2].failing,
            WORST_FIRST.index(each[0].severity),
            -each[2].failing,
            each[0].rule,
        ),
    )
