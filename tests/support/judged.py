"""Rows of rules and of what they found, written as the evaluator writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from service.policies.places import SHIPPED_FOLDER
from service.policies.relations import HIDDEN, RELATIONS
from service.policies.rule import Rule
from service.policies.rule_file import read_rule

_BOUND = ("report_id", "at", "received_at", "mark")

# (id_serv, or null for an event; place in time; arrival; mark)
BoundRow = tuple[int | None, int, int, str | None]


class Client(Protocol):
    """What runs statements on the database: a LiveService or an Engine."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None: ...


def report_bound(client: Client, id_serv: int) -> BoundRow:
    """The bound that a stored report is."""
    ((at, received_at, clock),) = client.rows(
        "SELECT placed_at, received_at, clock FROM report WHERE id = ?", (id_serv,)
    )
    return id_serv, at, received_at, clock


class JudgedRows:
    """Writes rows of sql/createdb/0007_policies.sql."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def rule(self, name: str, *, at: int, command_lines: bool = False, **changes: object) -> int:
        """Takes up a shipped rule; the id of its text."""
        rule = read_rule(SHIPPED_FOLDER / f"{name}.sql", RELATIONS | HIDDEN)
        source = rule.path.read_text(encoding="utf-8")
        return self.text(rule, source, at=at, command_lines=command_lines, **changes)

    def text(
        self, rule: Rule, source: str, *, at: int, command_lines: bool = False, **changes: object
    ) -> int:
        number = self._insert(
            "policy_text",
            {
                "rule": rule.id,
                "hash": hashlib.sha256(f"{rule.hash}{at}".encode()).hexdigest(),
                "file_hash": rule.hash,
                "version": rule.version,
                "source": source,
                "outside": "{}",
                "is_shipped": 1,
                "command_lines": int(command_lines),
                "is_fleet": int(rule.scope == "flota"),
                "clock": str(rule.clock),
                "first_seen_at": at,
            },
        )
        words = {"severity": str(rule.severity), "controls": json.dumps(rule.controls)}
        self._client.execute("DELETE FROM policy WHERE rule = ?", (rule.id,))
        self._insert(
            "policy",
            {
                "rule": rule.id,
                "text_id": number,
                **words,
                "owner": rule.owner,
                "source": source,
                "outside": "{}",
                "taken_up_at": at,
                "missing_since": None,
                "retired_at": None,
                **changes,
            },
        )
        self.change(rule.id, number, at=at, **words)
        return number

    def change(self, rule: str, text: int, *, at: int, severity: str, controls: str = "{}") -> None:
        self._insert(
            "policy_change",
            {
                "rule": rule,
                "at": at,
                "kind": "words",
                "text_id": text,
                "severity": severity,
                "controls": controls,
            },
        )

    def judged(
        self, server: int, text: int, since: BoundRow, until: BoundRow | None = None
    ) -> None:
        self._insert(
            "judgement",
            {"server_id": server, "text_id": text, "is_known": 1}
            | _columns("since", since)
            | _columns("until", until)
            | _columns("known", since),
        )

    def cursor(self, server: int, event: BoundRow) -> None:
        """All reports of the server in order are judged."""
        ((seq,),) = self._client.rows("SELECT max(seq) FROM report WHERE server_id = ?", (server,))
        self._client.execute("DELETE FROM judged WHERE server_id = ?", (server,))
        self._insert(
            "judged",
            {"server_id": server, "seq": seq, "late_seq": 0, "epoch": 1} | _columns("event", event),
        )

    def span(
        self,
        server: int,
        text: int,
        first: BoundRow,
        *,
        state: str = "desconocido",
        reason: str = "silencio",
        after: BoundRow | None = None,
        last: BoundRow | None = None,
        until: BoundRow | None = None,
    ) -> None:
        self._insert(
            "verdict_span",
            {"server_id": server, "text_id": text, "state": state, "reason": reason}
            | _columns("after", after)
            | _columns("first", first)
            | _columns("last", last)
            | _columns("until", until),
        )

    def violation(
        self,
        server: int,
        text: int,
        opened: BoundRow,
        *,
        key: Mapping[str, object] | None = None,
        bounds: Mapping[str, BoundRow] | None = None,
        **changes: object,
    ) -> str:
        """A violation, open if `bounds` has no `ended`; its digest, in hex.

        bounds: opened_after, confirmed, seen, cleared, ended.
        """
        digest = hashlib.sha256(json.dumps([server, text, key, opened]).encode()).digest()
        row: dict[str, object] = {
            "digest": digest,
            "server_id": server,
            "text_id": text,
            "kind": "clave",
            "key": json.dumps(key or {}),
            "relapses": 0,
            "is_late": 0,
            "case_digest": digest,
            "case_since_at": opened[1],
            **dict.fromkeys(("yes_count", "yes_time", "no_count", "no_time", "is_pending"), 0),
            "total": 1,
            "evidence": json.dumps([dict(key or {})]),
            "motive_es": "Motivo.",
            "motive_en": "Motive.",
        }
        for name, bound in {"opened_in": opened, **(bounds or {})}.items():
            row |= _columns(name, bound)
        if bounds and "ended" in bounds:
            row |= {"ended_as": "resuelta", "ended_known_at": bounds["ended"][2]}
        self._insert("violation", row | changes)
        return digest.hex()

    def _insert(self, table: str, row: Mapping[str, object]) -> int:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self._client.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",
            tuple(row.values()),
        )
        if table == "policy":  # its key is the rule
            return 0
        ((number,),) = self._client.rows(f"SELECT max(rowid) FROM {table}")
        return int(number)


def _columns(name: str, bound: BoundRow | None) -> dict[str, object]:
    values = bound or (None,) * len(_BOUND)
    return {f"{name}_{part}": value for part, value in zip(_BOUND, values, strict=True)}
