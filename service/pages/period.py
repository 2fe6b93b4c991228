"""/auditoria: a period by control, rule and server, to be printed and signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import falcon

from service import times
from service.http.filters import KNOWN_AT, MOMENT, OF_PERIODS, SINCE, UNTIL, period_filter
from service.http.parameters import CURSOR
from service.pages.language import request_language
from service.pages.rule_words import words_of
from service.pages.site import Site
from service.policies.rules.controls import FRAMEWORKS
from service.store.read.period_filter import Known, PeriodFilter
from service.store.read.period_totals import PeriodTotals, ServerTotal, Total
from service.store.read.periods import ANSWER_SECONDS, PeriodStore
from service.store.read.policies import PolicyStore
from service.times import DAY

MOST_SERVERS = 100  # that a page shows by themselves
MOST_GAPS = 20  # of a server

_USUAL = 30 * DAY


class PeriodPage:
    answer_seconds = ANSWER_SECONDS

    def __init__(self, site: Site, periods: PeriodStore, policies: PolicyStore) -> None:
        self._site, self._periods, self._policies = site, periods, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, *OF_PERIODS, CURSOR)
        progress, settled = self._policies.settled()
        criteria = _as_known(_usual(period_filter(query), settled.at), settled.at)
        known = self._periods.known(criteria, settled.at)
        if query.after:
            totals = None
            page = self._periods.page(known, query.after, query.limit, only_failed=True)
        else:
            totals, page = self._periods.overview(known, query.limit)
        # The period itself, also where it was left to the page: numbers and lists agree.
        at = {SINCE.name: _text(known.since), UNTIL.name: _text(criteria.until or known.until)}
        at |= _known_at(known)
        language = request_language(req)
        self._site.show(
            req,
            resp,
            "period.html",
            known=known,
            progress=progress,
            totals=totals,
            controls=_by_framework(totals),
            servers=_worst_first(totals),
            most_servers=MOST_SERVERS,
            most_gaps=MOST_GAPS,
            rows=page.rows,
            words={row.rule: words_of(row, language) for row in self._policies.rows()},
            values={each.name: query.text(each) for each in (*OF_PERIODS, CURSOR)},
            at=at,
            went_on=_went_on(known),
            at_the_end=_at_the_end(known),
            address=query.address,
            next_page=query.address_after(req.path, page.after, **at) if page.after else None,
        )


def _usual(criteria: PeriodFilter, judged_until: int) -> PeriodFilter:
    """The last 30 days, where no period is named."""
    if criteria.since is not None or criteria.until is not None:
        return criteria
    until = judged_until if criteria.known_at is None else min(judged_until, criteria.known_at)
    return replace(criteria, since=max(until - _USUAL, 0), until=until)


def _as_known(criteria: PeriodFilter, settled_at: int) -> PeriodFilter:
    """As it is known at the settled moment, where none was asked for."""
    return criteria if criteria.known_at is not None else replace(criteria, known_at=settled_at)


def _went_on(known: Known) -> Mapping[str, str]:
    """The parameters of violations of the period."""
    found = {SINCE.name: _text(known.since), UNTIL.name: _text(known.until)}
    return found | _known_at(known)


def _at_the_end(known: Known) -> Mapping[str, str]:
    """The parameters of the last moment of the period."""
    return {MOMENT.name: _text(max(known.until - 1, 0))} | _known_at(known)


def _known_at(known: Known) -> dict[str, str]:
    known_at = known.criteria.known_at
    return {} if known_at is None else {KNOWN_AT.name: _text(known_at)}


def _by_framework(
    totals: PeriodTotals | None,
) -> Mapping[str, Sequence[tuple[str, Sequence[str], Total]]]:
    """Controls by framework, those that failed longest first."""
    if totals is None:
        return {}
    found: dict[str, list[tuple[str, Sequence[str], Total]]] = {each: [] for each in FRAMEWORKS}
    for (framework, control), (rules, total) in totals.controls.items():
        found[framework].append((control, rules, total))
    for controls in found.values():
        controls.sort(key=lambda each: (*_badness(each[2]), each[0]))
    return {framework: controls for framework, controls in found.items() if controls}


def _worst_first(totals: PeriodTotals | None) -> Sequence[ServerTotal]:
    if totals is None:
        return ()
    return sorted(
        totals.servers,
        key=lambda each: (*_badness(each.total), -each.server.silent_time, each.server.id),
    )


def _badness(total: Total) -> tuple[int, int]:
    return -total.time("falla"), -total.time("desconocido")


def _text(moment: int) -> str:
    return times.to_text(moment)
