"""Notes transitions for those who are to be told, in the transaction that makes them.

What is told, and when it is due, is decided by the code that a back-test counts alerts with. Whom
it is told is the sender's matter: service/notify/.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from service import times
from service.policies.evaluator.in_force import RuleInForce
from service.policies.machine.alerts import AlertKind, alerts
from service.policies.machine.events import Fin
from service.policies.machine.opening import UNSTABLE
from service.policies.rules.rule import Severity
from service.store.engines import Connection
from service.store.rule_state import RuleState, Transition
from service.store.verdict_rows import Violation
from service.store.write.notices import (
    NamedServer,
    NewNotice,
    NoticeStore,
    bound_of,
    digest_of,
    subject_of,
)

CONTINUES = "continua"  # unannounced to those who were told of its case
QUIET = "callada"  # its key is unstable


class Notices:
    """Makes a notice of each transition, as it is at that moment."""

    def __init__(self, store: NoticeStore) -> None:
        self._store = store
        self._rules: dict[str, RuleInForce] = {}

    def use(self, rules: Mapping[str, RuleInForce]) -> None:
        """Replaces the rules. What a retired one has open still ends by its own words."""
        self._rules |= rules

    def add(
        self, connection: Connection, transitions: Iterable[tuple[RuleState, Transition]]
    ) -> None:
        """Call once the violations are stored. A notice that is there already stays as it is."""
        servers: dict[int, NamedServer] = {}
        for state, (violation, is_end) in transitions:
            if violation.server_id not in servers:
                servers[violation.server_id] = self._store.server(connection, violation.server_id)
            server = servers[violation.server_id]
            rule = self._rules.get(state.rule)
            severity = Severity.ALTA if rule is None else rule.rule.severity
            if is_end:
                is_repaired = violation.ended_as == Fin.RESUELTA
                kind = "resuelta" if is_repaired else "cerrada"
                at = due_at = violation.ended_known_at or times.now()
            else:
                kind, due_at = self._opening(connection, state.rule, violation, severity)
                at = (violation.confirmed or violation.opened_in).received_at
            document = _document(state.rule, rule, violation, server)
            of_server = server.identity, server.sibling
            notice = NewNotice(
                digest=digest_of(violation.digest.hex(), "fin" if is_end else "abierta", 1),
                kind=kind,
                violation_digest=violation.digest,
                case_digest=violation.case or violation.digest,
                subject=subject_of(state.rule, *of_server, violation.kind, violation.key),
                rule=state.rule,
                severity=severity,
                at=at,
                due_at=due_at,
                made_at=times.now(),
                document=json.dumps(document, ensure_ascii=False),
            )
            self._store.add(connection, notice)

    def _opening(
        self, connection: Connection, rule: str, violation: Violation, severity: Severity
    ) -> tuple[str, int]:
        """Its kind, and when it is due."""
        confirmed = violation.confirmed or violation.opened_in
        if violation.continues is not None:
            return CONTINUES, max(confirmed.received_at, violation.grace_until_at or 0)
        of_key = self._store.of_key(connection, rule, violation)
        for alert in alerts(of_key, severity):
            if alert.violation.digest == violation.digest:
                is_unstable = alert.kind is AlertKind.ABIERTA and violation.kind == UNSTABLE
                return AlertKind.INESTABLE if is_unstable else alert.kind, alert.at
        return QUIET, confirmed.received_at


def _document(
    rule_id: str, rule: RuleInForce | None, violation: Violation, server: NamedServer
) -> dict[str, Any]:
    """What was so. Rules that read command lines show what they found to administrators only."""
    is_reserved = rule is None or rule.reads_command_lines
    texts = {} if rule is None else rule.rule.texts
    motives = {"es": violation.motive_es, "en": violation.motive_en}
    page = urlencode({"politica": rule_id, "servidor": violation.server_id})
    return {
        "violacion": violation.digest.hex(),
        "politica": rule_id,
        "version": None if rule is None else rule.rule.version,
        "responsable": None if rule is None else rule.rule.owner,
        "titulo": {language: text.titulo for language, text in texts.items()},
        "servidor": violation.server_id,
        "ip_server": server.ipaddress,
        "nombre_host": server.nombre_host,
        "clase": violation.kind,
        "clave": None if is_reserved else json.loads(violation.key),
        "motivo": {} if is_reserved else {k: text for k, text in motives.items() if text},
        "filas": violation.total,
        "abierta_entre": [bound_of(violation.opened_after), bound_of(violation.opened_in)],
        "confirmada": bound_of(violation.confirmed),
        "vista": bound_of(violation.seen),
        "terminada": bound_of(violation.ended),
        "fin": violation.ended_as,
        "tardia": violation.is_late,
        "pagina": f"/incumplimientos?{page}",
    }
