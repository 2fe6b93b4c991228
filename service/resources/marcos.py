"""/marcos: frameworks of controls. /marcos/{id}: one, and what its controls rest on."""

from __future__ import annotations

import falcon

from service.http.filters import AT_MOMENT, TAG, moment_of
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.policies.rules.controls import FRAMEWORKS
from service.policies.rules.frameworks import Control, Framework, framework_of
from service.resources.veredictos import asked_moment, how_far
from service.store.read.matrix import MatrixStore
from service.store.read.policies import PolicyStore

_FRAMEWORK = (
    "id",
    "controles_total",
    "con_evidencia",
    "fallan",
    "desconocidos",
    "cumplen",
    "exentos",
)
_CONTROL = (
    "control",
    "veredicto",
    "reglas",
    "cumple",
    "falla",
    "desconocido",
    "no_aplica",
    "proporcion",
    "exenta",
    "exentas",
)


class Frameworks:
    def __init__(self, matrix: MatrixStore, policies: PolicyStore) -> None:
        self._matrix, self._policies = matrix, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, TAG, *AT_MOMENT, FORMAT)
        moment = moment_of(query)
        progress = self._policies.progress()
        matrix = self._matrix.matrix(moment, query[TAG])
        listing = Listing(
            "marcos",
            _FRAMEWORK,
            [_framework(framework_of(matrix, framework)) for framework in FRAMEWORKS],
            of=how_far(progress),
            beside=asked_moment(moment),
        )
        show_whole(req, resp, query, listing)


class OneFramework:
    def __init__(self, matrix: MatrixStore, policies: PolicyStore) -> None:
        self._matrix, self._policies = matrix, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response, framework: str) -> None:
        query = Query(req.query_string, TAG, *AT_MOMENT, FORMAT)
        moment = moment_of(query)
        progress = self._policies.progress()
        found = framework_of(self._matrix.matrix(moment, query[TAG]), framework)
        listing = Listing(
            "controles",
            _CONTROL,
            [_control(control) for control in found.controls],
            of={"marco": found.id} | how_far(progress),
            beside={
                "controles_total": found.size,
                "con_evidencia": found.with_evidence,
                "sin_reglas": found.unspoken,
            }
            | asked_moment(moment),
        )
        show_whole(req, resp, query, listing)


def _framework(found: Framework) -> tuple[object, ...]:
    states = (found.in_state(state) for state in ("falla", "desconocido", "cumple"))
    return (found.id, found.size, found.with_evidence, *states, found.waived)


def _control(control: Control) -> tuple[object, ...]:
    return (
        control.id,
        control.state,
        " ".join(control.rules),
        control.passing,
        control.failing,
        control.unknown,
        control.not_applicable,
        control.share,
        control.is_waived,
        control.waived,
    )
