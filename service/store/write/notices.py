"""Notes what happened to violations, for those who are to be told: the evaluator's side."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from service import times
from service.store.engines import Connection
from service.store.verdict_rows import Bound, Violation

_NEWEST = 50  # violations of a key: more than decide whether the next one is told


class NewNotice(NamedTuple):
    """A transition. at: when it was known; due_at: not told before. Microseconds.

    digest: the same whenever the same reports are judged again. subject: what messages are told
    in the order of. document: JSON.
    """

    digest: bytes
    kind: str
    violation_digest: bytes
    case_digest: bytes
    subject: bytes
    rule: str
    severity: str
    at: int
    due_at: int
    made_at: int
    document: str


class NamedServer(NamedTuple):
    """How messages name a server."""

    identity: str
    sibling: int
    ipaddress: str
    nombre_host: str | None


def subject_of(rule: str, identity: str, sibling: int, kind: str, key: str) -> bytes:
    """What messages are told in the order of: the key of a rule on a server."""
    return digest_of(rule, identity, sibling, kind, key)


def digest_of(*what: object) -> bytes:
    text = json.dumps(what, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def bound_of(bound: Bound | None) -> dict[str, Any] | None:
    """A bound, as messages have it."""
    if bound is None:
        return None
    return {
        "id_serv": bound.report_id,
        "fecha_hora": times.to_text(bound.at),
        "recibido": times.to_text(bound.received_at),
        "marca": bound.mark,
    }


class NoticeStore:
    """Its methods are called within the transaction that makes the transition."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def add(self, connection: Connection, notice: NewNotice) -> None:
        """Nothing, where it was noted before."""
        connection.execute(self._queries["add_notice"], notice._asdict())

    def server(self, connection: Connection, server_id: int) -> NamedServer:
        row = connection.execute(
            self._queries["notice_server"], {"server_id": server_id}
        ).fetchone()
        return NamedServer("", 0, "", None) if row is None else NamedServer(*row)

    def of_key(self, connection: Connection, rule: str, violation: Violation) -> list[Violation]:
        """The newest violations of the key of this one, itself included if it is stored."""
        wanted = {
            "rule": rule,
            "server_id": violation.server_id,
            "key": violation.key,
            "kind": violation.kind,
            "limit": _NEWEST,
        }
        rows = connection.execute(self._queries["violations_of_key"], wanted)
        return [Violation.of_row(tuple(row)) for row in rows]
