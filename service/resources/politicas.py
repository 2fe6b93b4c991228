"""/politicas: the rules, with counts. /politicas/{id}: one, and what it says of each server."""

from __future__ import annotations

import falcon

from service import times
from service.http.filters import AT_MOMENT, FRAMEWORK, SEVERITY, TAG, VERDICT, moment_of
from service.http.listing import FORMAT, Listing, csv_is_wanted, show_page, show_whole, stream_csv
from service.http.parameters import PAGING, Query
from service.policies.rules.kept_text import kept_rule, names_control, titles
from service.policies.rules.rule import Rule
from service.resources import cumplimiento
from service.resources.veredictos import asked_moment, how_far
from service.store.read.policies import PolicyRow, PolicyStore
from service.store.read.rule_counts import Counts
from service.store.read.verdict_at import VerdictFilter, VerdictRow

_COLUMNS = (
    "id",
    "titulo_es",
    "titulo_en",
    "severidad",
    "responsable",
    "version",
    "hash",
    "ambito",
    "origen",
    "estado",
    "tomada_en",
    "ausente_desde",
    "retirada_en",
    "cumple",
    "falla",
    "desconocido",
    "no_aplica",
    "sin_evaluar",
    "proporcion",
    "violaciones_abiertas",
    "exentas",
)
_TIMES = frozenset({"tomada_en", "ausente_desde", "retirada_en"})
_VERDICTS = ("servidor", "ip_server", "nombre_host", "version", "hash", *cumplimiento.VERDICT)


class Policies:
    def __init__(self, policies: PolicyStore) -> None:
        self._policies = policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, SEVERITY, FRAMEWORK, TAG, *AT_MOMENT, FORMAT)
        moment = moment_of(query)
        progress = self._policies.progress()
        policies, counts = self._policies.policies(moment, query[TAG])
        faults = [
            {"fichero": fault.path, "linea": fault.line, "motivo": fault.reason}
            for fault in self._policies.faults()
        ]
        listing = Listing(
            "politicas",
            _COLUMNS,
            [
                _row(policy, counts[policy.rule])
                for policy in policies
                if is_asked_for(policy, query[SEVERITY], query[FRAMEWORK])
            ],
            times=_TIMES,
            of=how_far(progress),
            beside={"rechazadas": faults} | asked_moment(moment),
        )
        show_whole(req, resp, query, listing)


class OnePolicy:
    def __init__(self, policies: PolicyStore) -> None:
        self._policies = policies

    def on_get(self, req: falcon.Request, resp: falcon.Response, rule: str) -> None:
        query = Query(req.query_string, VERDICT, TAG, *AT_MOMENT, *PAGING, FORMAT)
        moment = moment_of(query)
        asked = VerdictFilter(rule, query[VERDICT], moment, query[TAG])
        progress = self._policies.progress()
        policy, counts = self._policies.policy(rule, moment, asked.tag)
        if csv_is_wanted(req, resp, query):
            listing = Listing(
                "veredictos",
                _VERDICTS,
                (),
                times=cumplimiento.VERDICT_TIMES,
                of={"politica": rule} | how_far(progress),
            )
            batches = self._policies.all_verdicts(asked, query.after)
            stream_csv(req, resp, listing, (map(_verdict, batch) for batch in batches))
            return
        page = self._policies.verdicts(asked, query.after, query.limit)
        about = dict(zip(_COLUMNS, _row(policy, counts), strict=True))
        for name in _TIMES:
            value = about[name]
            about[name] = times.to_text(value) if isinstance(value, int) else None
        listing = Listing(
            "veredictos",
            _VERDICTS,
            [_verdict(row) for row in page.verdicts],
            times=cumplimiento.VERDICT_TIMES,
            of=about | self._text(policy) | asked_moment(moment) | how_far(progress),
        )
        show_page(req, resp, query, listing, page.after)

    def _text(self, policy: PolicyRow) -> dict[str, object]:
        """What the rule's file says; null where this version cannot read it."""
        rule = kept_rule(policy.rule, policy.source)
        return {
            "textos": None if rule is None else _texts(rule),
            "referencias": [] if rule is None else rule.references,
            "controles": {} if rule is None else rule.controls,
            "sql": None if rule is None else rule.sql,
            "fichero": policy.source,
            "historial": [
                {
                    "hash": text.text_hash,
                    "version": text.version,
                    "tomada_en": times.to_text(text.first_seen_at),
                }
                for text in self._policies.texts(policy.rule)
            ],
        }


def _texts(rule: Rule) -> dict[str, dict[str, str]]:
    return {
        language: {
            name: getattr(texts, name)
            for name in ("titulo", "descripcion", "justificacion", "remedio")
        }
        for language, texts in rule.texts.items()
    }


def _row(policy: PolicyRow, counts: Counts) -> tuple[object, ...]:
    return (
        policy.rule,
        *titles(policy.rule, policy.source),
        policy.severity,
        policy.owner,
        policy.version,
        policy.text_hash,
        "flota" if policy.is_fleet else "servidor",
        "producto" if policy.is_shipped else "propia",
        state_of(policy),
        policy.taken_up_at,
        policy.missing_since,
        policy.retired_at,
        counts.passing,
        counts.failing,
        counts.unknown,
        counts.not_applicable,
        counts.not_judged,
        counts.share,
        counts.open_violations,
        counts.waived,
    )


def is_asked_for(policy: PolicyRow, severity: str | None, framework: str | None) -> bool:
    """Whether a rule has this severity, and names a control of this framework; null: any."""
    return severity in {None, policy.severity} and (
        framework is None or names_control(policy.rule, policy.source, framework)
    )


def state_of(policy: PolicyRow) -> str:
    """vigente, ausente: its file is gone, and it will be retired; retirada."""
    if policy.retired_at is not None:
        return "retirada"
    return "vigente" if policy.missing_since is None else "ausente"


def _verdict(row: VerdictRow) -> tuple[object, ...]:
    return (
        row.server_id,
        row.ip_server,
        row.nombre_host,
        row.version,
        row.text_hash,
        *cumplimiento.verdict_cells(row),
    )
