"""/controles: the frameworks. /controles/{id}: the controls of one, and their evidence."""

from __future__ import annotations

import falcon

from service.http.filters import AT_MOMENT, TAG, moment_of
from service.pages.language import request_language
from service.pages.rule_words import links, shown_moment, words_of
from service.pages.site import Site
from service.policies.rules.controls import FRAMEWORKS
from service.policies.rules.frameworks import framework_of
from service.store.read.matrix import MatrixStore
from service.store.read.policies import PolicyStore


class ControlsPage:
    def __init__(self, site: Site, matrix: MatrixStore, policies: PolicyStore) -> None:
        self._site, self._matrix, self._policies = site, matrix, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, TAG, *AT_MOMENT)
        asked = moment_of(query)
        progress, settled = self._policies.settled()
        moment = shown_moment(asked, settled)
        matrix = self._matrix.matrix(moment, query[TAG])
        self._site.show(
            req,
            resp,
            "controls.html",
            moment=asked,
            shown=moment,
            progress=progress,
            frameworks=[framework_of(matrix, framework) for framework in FRAMEWORKS],
            **links(query, moment),
            values={TAG.name: query.text(TAG)},
            address=query.address,
        )


class FrameworkPage:
    def __init__(self, site: Site, matrix: MatrixStore, policies: PolicyStore) -> None:
        self._site, self._matrix, self._policies = site, matrix, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response, framework: str) -> None:
        query = self._site.query(req, resp, TAG, *AT_MOMENT)
        asked = moment_of(query)
        progress, settled = self._policies.settled()
        moment = shown_moment(asked, settled)
        language = request_language(req)
        found = framework_of(self._matrix.matrix(moment, query[TAG]), framework)
        self._site.show(
            req,
            resp,
            "framework.html",
            moment=asked,
            shown=moment,
            progress=progress,
            framework=found,
            words={row.rule: words_of(row, language) for row in self._policies.rows()},
            **links(query, moment),
            values={TAG.name: query.text(TAG)},
            address=query.address,
            path=req.path,
        )
