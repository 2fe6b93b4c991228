"""Verdicts stored as the evaluator stores them, so that answers about them can be asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from service.policies.guard.evidence import Finding
from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.machine.events import Ended, Event, Judged, Late, Server, Terms
from service.policies.machine.machine import step
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule import Rule, Threshold, digest
from service.policies.rules.rule_file import read_rule
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.verdict_rows import Bound, Cursor, event_bound, event_digest
from service.store.write.verdicts import VerdictStore

PASSES = Verdict(State.CUMPLE)
SILENT = Verdict(State.DESCONOCIDO, Reason.SILENCIO)
NO_NAMES = Verdict(State.DESCONOCIDO, Reason.SIN_DATO, "nombres")
ANOTHER_SYSTEM = Verdict(State.NO_APLICA, Reason.SISTEMA, "Windows")


def fails(*keys: str) -> Verdict:
    """A verdict of minero, with a finding for each of these programs."""
    found = tuple(
        Finding(
            (name, "ana"),
            ({"name": name, "username": "ana", "ejecutable": None, "n": 1},),
            1,
            {"es": f"{name} se ejecuta como ana.", "en": f"{name} runs as ana."},
        )
        for name in keys
    )
    return Verdict(State.FALLA, findings=found, total=len(found))


class Judging:
    """Takes up rules and stores verdicts of stored reports."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = VerdictStore(load_queries())
        self._terms: dict[str, Terms] = {}

    def take_up(
        self,
        name: str,
        at: int,
        *,
        command_lines: bool = False,
        confirm: int = 1,
        resolve: int = 1,
        grace: int = 0,
        severity: str | None = None,
        text: str = "",
    ) -> str:
        """Takes up a shipped rule; its hash. grace: seconds. text: what makes it another text."""
        rule = read_rule(SHIPPED_FOLDER / f"{name}.sql", RELATIONS | HIDDEN)
        text_hash = digest([rule.hash, text])
        severity = severity or str(rule.severity)
        row = _text_row(rule, text_hash, at) | {"command_lines": int(command_lines)}
        with self._database.transaction() as connection:
            _put(connection, "policy_text", row)
            ((text_id,),) = connection.execute("SELECT max(id) FROM policy_text").fetchall()
            words = {"severity": severity, "controls": json.dumps(rule.controls)}
            connection.execute("DELETE FROM policy WHERE rule = :rule", {"rule": name})
            of_rule = {"rule": name, "text_id": text_id, **words}
            _put(
                connection,
                "policy",
                {
                    **of_rule,
                    "owner": rule.owner,
                    "source": row["source"],
                    "outside": "{}",
                    "taken_up_at": at,
                },
            )
            _put(connection, "policy_change", {**of_rule, "at": at, "kind": "taken_up"})
        self._terms[name] = Terms.of(rule, text_id, text_hash)._replace(
            confirm=Threshold(confirm), resolve=Threshold(resolve), grace_for_new=grace
        )
        return text_hash

    def report(self, id_serv: int, **verdicts: Verdict) -> None:
        """The verdicts of a report in order; minero=PASSES. A - of a name is written as _."""
        bound, seq, server_id, document = self._record(id_serv)
        event = Judged(bound, document, PASSES, bound.at)
        self._step(server_id, event, verdicts, self._cursor(server_id, seq, bound))

    def late(self, id_serv: int, after: int, until: int, **verdicts: Verdict) -> None:
        """The verdicts of a late report between two records."""
        bound, _, server_id, document = self._record(id_serv)
        neighbours = self._record(after)[0], self._record(until)[0]
        self._step(server_id, Late(bound, document, PASSES, *neighbours), verdicts)

    def event(self, server_id: int, name: str, at: int, **verdicts: Verdict) -> None:
        """Silence, a tag, a text: verdicts of the newest report."""
        bound = event_bound(name, at, at, server_id)
        with self._database.snapshot() as connection:
            ((seq,),) = connection.execute(
                "SELECT max(seq) FROM report WHERE server_id = :id", {"id": server_id}
            ).fetchall()
        event = Judged(bound, event_digest(bound), PASSES, None)
        self._step(server_id, event, verdicts, self._cursor(server_id, seq, bound))

    def _cursor(self, server_id: int, seq: int, event: Bound) -> Cursor:
        """All late reports that the server has sent so far count as judged, and its tags."""
        with self._database.snapshot() as connection:
            ((late_seq,),) = connection.execute(
                "SELECT min(seq, 0) FROM report WHERE server_id = :id ORDER BY seq LIMIT 1",
                {"id": server_id},
            ).fetchall()
            ((tag_id,),) = connection.execute(
                "SELECT coalesce(max(id), 0) FROM tag_change WHERE server_id = :id",
                {"id": server_id},
            ).fetchall()
        return Cursor(server_id, seq, late_seq, 1, event, tag_id=tag_id)

    def fault(self, path: str, line: int | None, reason: str) -> None:
        with self._database.transaction() as connection:
            row = {"path": path, "line": line, "reason": reason, "digest": ""}
            _put(connection, "policy_fault", row)

    def _step(
        self,
        server_id: int,
        event: Judged | Late,
        verdicts: Mapping[str, Verdict],
        cursor: Cursor | None = None,
    ) -> None:
        with self._database.transaction() as connection:
            server = Server(
                *connection.execute(
                    "SELECT id, identity, sibling, (SELECT min(placed_at) FROM report"
                    " WHERE server_id = server.id AND seq > 0) FROM server WHERE id = :id",
                    {"id": server_id},
                ).fetchone()
            )
            states = self._store.load(connection, [server_id])
            for name, verdict in verdicts.items():
                terms = self._terms[name.replace("_", "-")]
                state = states[server_id, terms.rule]
                happened: Event = event._replace(verdict=verdict)
                assert not isinstance(happened, Ended)
                step(state, server, terms, happened)
            self._store.save(connection, states, () if cursor is None else [cursor])

    def _record(self, id_serv: int) -> tuple[Bound, int, int, str]:
        """A record as a bound, its number, its server and its document's digest."""
        with self._database.snapshot() as connection:
            at, received_at, clock, *of_record, document = connection.execute(
                "SELECT placed_at, received_at, clock, seq, server_id, digest FROM report"
                " WHERE id = :id",
                {"id": id_serv},
            ).fetchone()
        seq, server_id = of_record
        return Bound(id_serv, at, received_at, clock), seq, server_id, document.hex()


def _text_row(rule: Rule, text_hash: str, at: int) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "hash": text_hash,
        "file_hash": rule.hash,
        "version": rule.version,
        "source": rule.path.read_text(encoding="utf-8"),
        "outside": "{}",
        "is_shipped": 1,
        "is_fleet": int(rule.scope == "flota"),
        "clock": str(rule.clock),
        "first_seen_at": at,
    }


def _put(connection: Any, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)
