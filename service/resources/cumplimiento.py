"""/servers/{id_serv}/cumplimiento: what each rule says of a server, now or at a moment."""

from __future__ import annotations

import falcon

from service.http.filters import AT_MOMENT, moment_of
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.policies.rules.kept_text import titles
from service.resources.veredictos import (
    asked_moment,
    bound_cells,
    bound_columns,
    bound_times,
    how_far,
)
from service.store.read.history import HistoryStore
from service.store.read.moments import Moment
from service.store.read.policies import PolicyRow, PolicyStore, ServerCompliance
from service.store.read.progress import Progress
from service.store.read.verdict_at import VerdictRow

_BOUNDS = ("desde_tras", "desde", "evaluado")
VERDICT = (
    "veredicto",
    "razon",
    "detalle",
    "confirmada",
    "en_gracia",
    "exenta",
    "exencion",
    "falla_desde",
    *bound_columns(*_BOUNDS),
    "momento",
)
VERDICT_TIMES = bound_times(*_BOUNDS) | {"falla_desde"}
_COLUMNS = (
    "politica",
    "titulo_es",
    "titulo_en",
    "severidad",
    "version",
    "hash",
    *VERDICT,
    "violaciones_abiertas",
    "antes_de",
)


class Compliance:
    def __init__(self, history: HistoryStore, policies: PolicyStore) -> None:
        self._history = history
        self._policies = policies

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, *AT_MOMENT, FORMAT)
        server_id, moment = self._history.server_of(id_serv), moment_of(query)
        progress = self._policies.progress_of(server_id)
        found = self._policies.of_server(server_id, moment)
        show_whole(req, resp, query, compliance_listing(server_id, moment, progress, found))


def compliance_listing(
    server_id: int, moment: Moment | None, progress: Progress, found: ServerCompliance
) -> Listing:
    return Listing(
        "cumplimiento",
        _COLUMNS,
        [_row(found, policy) for policy in found.policies if is_shown(found, policy)],
        times=VERDICT_TIMES | {"antes_de"},
        of={"servidor": server_id} | how_far(progress),
        beside=asked_moment(moment),
    )


def is_shown(found: ServerCompliance, policy: PolicyRow) -> bool:
    """A rule that is no longer in force is shown where it was so at the moment asked about."""
    return policy.retired_at is None or policy.rule in found.verdicts


def verdict_cells(verdict: VerdictRow | None) -> tuple[object, ...]:
    """The values of VERDICT; all null where the rule had not judged the server."""
    if verdict is None:
        return (None,) * len(VERDICT)
    fails = verdict.state == "falla"
    return (
        verdict.state,
        verdict.reason,
        verdict.detail,
        verdict.confirmed if fails else None,
        verdict.in_grace if fails else None,
        verdict.waiver is not None if fails else None,
        None if verdict.waiver is None else verdict.waiver.id,
        verdict.failing_since,
        *bound_cells(verdict.after),
        *bound_cells(verdict.since),
        *bound_cells(verdict.judged),
        "cerrado" if verdict.is_closed else "abierto",
    )


def _row(found: ServerCompliance, policy: PolicyRow) -> tuple[object, ...]:
    verdict = found.verdicts.get(policy.rule)
    return (
        policy.rule,
        *titles(policy.rule, policy.source),
        policy.severity,
        policy.version if verdict is None else verdict.version,
        policy.text_hash if verdict is None else verdict.text_hash,
        *verdict_cells(verdict),
        found.open_violations.get(policy.rule, 0),
        found.judged_since.get(policy.rule) if verdict is None else None,
    )
