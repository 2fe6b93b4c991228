"""/incumplimientos: violations, with what fails, since when, and the evidence."""

from __future__ import annotations

from dataclasses import replace

import falcon

from service.http.authentication import sees_command_lines
from service.http.filters import (
    AT_MOMENT,
    OF_VIOLATIONS,
    SINCE,
    UNTIL,
    moment_of,
    violation_filter,
)
from service.http.parameters import CURSOR
from service.pages.language import request_language
from service.pages.rule_words import links, links_to_moment, shown_moment, words_of
from service.pages.site import Site
from service.store.read.policies import PolicyStore
from service.store.read.violations import ViolationStore


class ViolationsPage:
    def __init__(self, site: Site, policies: PolicyStore, violations: ViolationStore) -> None:
        self._site = site
        self._policies = policies
        self._violations = violations

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        period = (SINCE, UNTIL)
        query = self._site.query(req, resp, *OF_VIOLATIONS, *period, *AT_MOMENT, CURSOR)
        asked = moment_of(query)
        progress, settled = self._policies.settled()
        moment = shown_moment(asked, settled)
        criteria = replace(violation_filter(query), moment=moment)
        page = self._violations.page(criteria, query.after, query.limit)
        language, at = request_language(req), links_to_moment(query, moment)
        self._site.show(
            req,
            resp,
            "violations.html",
            moment=asked,
            shown=moment,
            progress=progress,
            violations=page.violations,
            words={row.rule: words_of(row, language) for row in self._policies.rows()},
            sees_command_lines=sees_command_lines(req),
            values={
                each.name: query.text(each)
                for each in (*OF_VIOLATIONS, *period, *AT_MOMENT, CURSOR)
            },
            filtered=any(query.text(each) for each in (*OF_VIOLATIONS, *period)),
            since=query[SINCE],
            until=query[UNTIL],
            **links(query, moment),
            address=query.address,
            next_page=query.address_after(req.path, page.after, **at) if page.after else None,
        )
