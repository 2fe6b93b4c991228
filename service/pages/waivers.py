"""/dispensas: waivers, what each covers, until when and why; those that ended as well."""

from __future__ import annotations

from collections import Counter

import falcon

from service.http.authentication import sees_command_lines
from service.http.filters import AT_MOMENT, POLICY, WAIVER_STATE, moment_of
from service.pages.language import request_language
from service.pages.rule_words import links_to_moment, shown_moment, words_of
from service.pages.site import Site
from service.pages.waive import WaiveForm
from service.store.read.policies import PolicyStore
from service.store.read.waivers import WaiverStore

_STATES = ("por_vencer", "vigente", "ociosa", "terminada")  # in the order of the page


class WaiversPage:
    def __init__(
        self, site: Site, policies: PolicyStore, waivers: WaiverStore, form: WaiveForm
    ) -> None:
        self._site, self._policies, self._waivers = site, policies, waivers
        self._form = form

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, POLICY, WAIVER_STATE, *AT_MOMENT)
        asked, language = moment_of(query), request_language(req)
        # A waiver is shown as soon as it is told; what it covers is of the moment that lists show.
        progress, settled = self._policies.settled()
        judged = shown_moment(asked, settled)
        rule, state = query[POLICY], query[WAIVER_STATE]
        found = [
            each for each in self._waivers.all(asked, judged) if rule in {None, each.waiver.rule}
        ]
        counts = Counter(each.state for each in found)
        self._site.show(
            req,
            resp,
            "waivers.html",
            moment=asked,
            judged_at=judged.at,
            progress=progress,
            counts=[(name, counts[name]) for name in _STATES],
            waivers=sorted(
                (each for each in found if state in {None, each.state}),
                key=lambda each: _STATES.index(each.state),
            ),
            words={row.rule: words_of(row, language) for row in self._policies.rows()},
            sees_command_lines=sees_command_lines(req),
            values={each.name: query.text(each) for each in (POLICY, WAIVER_STATE, *AT_MOMENT)},
            at_moment=query.at_moment,
            at=links_to_moment(query, judged),
            address=query.address,
        )

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tells a waiver, and shows it."""
        self._form.take(req, resp)
