"""/cumplimiento: the fleet against the rules, the worst first."""

from __future__ import annotations

from typing import NamedTuple

import falcon

from service.http.filters import AT_MOMENT, FRAMEWORK, SEVERITY, TAG, moment_of
from service.http.parameters import CURSOR
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
from service.store.read.matrix import Matrix, MatrixStore, worst_first
from service.store.read.policies import PolicyStore


class Column(NamedTuple):
    """A rule that does not pass everywhere. position: in the matrix."""

    position: int
    rule: str
    severity: str
    words: Words
    failing: int
    unknown: int


class MatrixPage:
    def __init__(self, site: Site, matrix: MatrixStore, policies: PolicyStore) -> None:
        self._site, self._matrix, self._policies = site, matrix, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        parameters = (SEVERITY, FRAMEWORK, TAG, *AT_MOMENT, CURSOR)
        query = self._site.query(req, resp, *parameters)
        asked = moment_of(query)
        progress, settled = self._policies.settled()
        moment = shown_moment(asked, settled)
        whole = self._matrix.matrix(moment, query[TAG])
        matrix = whole.of_rules(query[SEVERITY], query[FRAMEWORK])
        language, at = request_language(req), links_to_moment(query, moment)
        words = {row.rule: words_of(row, language) for row in self._policies.rows()}
        columns = _columns(matrix, words)
        servers = worst_first(matrix)
        end = query.after + query.limit
        shown = {column.rule for column in columns}
        self._site.show(
            req,
            resp,
            "matrix.html",
            moment=asked,
            shown=moment,
            progress=progress,
            columns=columns,
            passing=[(r.rule, words[r.rule]) for r in matrix.rules if r.rule not in shown],
            servers=[
                (server, [(column, server.verdict(column.position)) for column in columns])
                for server in servers[query.after : end]
            ],
            count=len(servers),
            failing_servers=sum(bool(server.failing) for server in servers),
            values={each.name: query.text(each) for each in parameters},
            **links(query, moment),
            address=query.address,
            next_page=query.address_after(req.path, end, **at) if end < len(servers) else None,
        )


def _columns(matrix: Matrix, words: dict[str, Words]) -> list[Column]:
    """The rules that fail somewhere, by severity, the most servers first; then the unknown."""
    failing = matrix.counts(server.failing for server in matrix.servers)
    unknown = matrix.counts(server.unknown for server in matrix.servers)
    found = [
        Column(position, rule.rule, rule.severity, words[rule.rule], fail, tell_not)
        for position, (rule, fail, tell_not) in enumerate(
            zip(matrix.rules, failing, unknown, strict=True)
        )
        if fail or tell_not
    ]
    return sorted(
        found,
        key=lambda each: (
            not each.failing,
            WORST_FIRST.index(each.severity),
            -each.failing,
            -each.unknown,
            each.rule,
        ),
    )
