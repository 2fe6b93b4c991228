"""/matriz: every server against all rules, the worst first."""

from __future__ import annotations

import falcon

from service.http.filters import AT_MOMENT, FRAMEWORK, SEVERITY, TAG, moment_of
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.resources.veredictos import asked_moment, how_far
from service.store.read.matrix import Matrix, MatrixStore, worst_first
from service.store.read.policies import PolicyStore

_COLUMNS = (
    "servidor",
    "ip_server",
    "nombre_host",
    "falla",
    "desconocido",
    "cumple",
    "no_aplica",
    "reglas_que_falla",
    "reglas_desconocidas",
    "exentas",
    "reglas_exentas",
)


class FleetMatrix:
    def __init__(self, matrix: MatrixStore, policies: PolicyStore) -> None:
        self._matrix, self._policies = matrix, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, SEVERITY, FRAMEWORK, TAG, *AT_MOMENT, FORMAT)
        moment = moment_of(query)
        progress = self._policies.progress()
        whole = self._matrix.matrix(moment, query[TAG])
        matrix = whole.of_rules(query[SEVERITY], query[FRAMEWORK])
        listing = Listing(
            "servidores",
            _COLUMNS,
            _rows(matrix),
            of=how_far(progress),
            beside=asked_moment(moment),
        )
        show_whole(req, resp, query, listing)


def _rows(matrix: Matrix) -> list[tuple[object, ...]]:
    return [
        (
            server.server_id,
            server.ip_server,
            server.nombre_host,
            server.failing.bit_count(),
            server.unknown.bit_count(),
            server.passing.bit_count(),
            server.not_applicable.bit_count(),
            " ".join(matrix.names(server.failing)),
            " ".join(matrix.names(server.unknown)),
            server.waived.bit_count(),
            " ".join(matrix.names(server.waived)),
        )
        for server in worst_first(matrix)
    ]
