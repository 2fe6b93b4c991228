"""Notifications: what waits, what was sent, what was set aside, and how each receiver does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from service import times
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read import deafness

BATCH = 1000  # messages of a list that is read whole

_QUERIES = {
    None: "messages",
    "esperando": "messages_waiting",
    "enviado": "messages_sent",
    "fallido": "messages_failed",
}
STATES = tuple(filter(None, _QUERIES))


class SenderState(StrEnum):
    """SIN_RECEPTORES: COMPLIANCE_NOTIFY names no file, so nothing is sent."""

    ACTIVO = "activo"
    PARADO = "parado"
    SIN_RECEPTORES = "sin_receptores"


class MessageRow(NamedTuple):
    """A message to one receiver.

    digest: the id that the receiver got, in hex. title: null before its first try. rule, severity,
    server_id, ip_server, nombre_host: of the transition that it tells; null of others. due_at: of
    the next try, while it waits. carried_by: the digest that tells it. again_of: the id of the
    message that it repeats.
    """

    id: int
    digest: str
    receiver: str
    kind: str
    state: str
    title: str | None
    rule: str | None
    severity: str | None
    server_id: int | None
    ip_server: str | None
    nombre_host: str | None
    made_at: int
    due_at: int | None
    attempts: int
    tried_at: int | None
    ended_at: int | None
    error: str | None
    carried_by: int | None
    again_of: str | None


class ReceiverRow(NamedTuple):
    """A receiver. kind, place: as the file says that the sender reads; place: its host.

    place: null if the file names it no more. waiting_since: when the oldest message that waits was
    made. failures: in a row. paused_until: nothing is tried before.
    """

    name: str
    kind: str | None
    place: str | None
    waiting: int
    waiting_since: int | None
    failed: int
    sent_at: int | None
    error: str | None
    error_at: int | None
    failures: int
    paused_until: int


class Backlog(NamedTuple):
    """Messages that should have left by now, since when, and those that were set aside."""

    waiting: int
    due_since: int | None
    failed: int


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages, the newest first; `after` is the cursor of the next page, or null."""

    messages: list[MessageRow]
    receivers: list[ReceiverRow]
    after: int | None


class NotificationStore:
    """sender: the file by which a sender tells that it runs; null where nobody is to be told."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        sender: Path | None,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries = database, queries
        self._sender, self._clock = sender, clock

    def sender(self) -> SenderState:
        if self._sender is None:
            return SenderState.SIN_RECEPTORES
        heard_at = deafness.heard_at(self._sender)
        is_running = heard_at is not None and self._clock() - heard_at <= deafness.NOTICED
        return SenderState.ACTIVO if is_running else SenderState.PARADO

    def backlog(self, now: int) -> Backlog:
        """Of all receivers that the file names."""
        with self._database.snapshot() as connection:
            row = connection.execute(self._queries["message_backlog"], {"now": now}).fetchone()
        return Backlog(*row)

    def page(self, receiver: str | None, state: str | None, after: int, limit: int) -> MessagePage:
        """The newest messages, and all receivers; after: the cursor, 0 for the first page."""
        with self._database.snapshot() as connection:
            rows = self._rows(connection, receiver, state, after, limit + 1)
            receivers = connection.execute(self._queries["receivers_shown"])
            shown = [ReceiverRow(*row) for row in receivers]
        page = rows[:limit]
        return MessagePage(page, shown, page[-1].id if len(rows) > limit else None)

    def batches(
        self, receiver: str | None, state: str | None, after: int
    ) -> Iterator[list[MessageRow]]:
        """All of them, in batches, each of a snapshot of its own."""
        position: int | None = after
        while position is not None:
            page = self.page(receiver, state, position, BATCH)
            yield page.messages
            position = page.after

    def _rows(
        self, connection: Connection, receiver: str | None, state: str | None, after: int, most: int
    ) -> list[MessageRow]:
        wanted = {"receiver": receiver, "before": after or MAX_INTEGER, "limit": most}
        rows = connection.execute(self._queries[_QUERIES[state]], wanted)
        return [_message(row) for row in rows]


def _message(row: Sequence[Any]) -> MessageRow:
    number, digest, receiver, kind, state, title, rule, severity, document = row[:9]
    made_at, due_at, attempts, tried_at, ended_at, error, carried_by, again_of = row[9:]
    rule = rule or None  # of an event of the server itself
    facts = {} if document is None else json.loads(document)
    is_waiting = state == "esperando"
    server = (facts.get(name) for name in ("servidor", "ip_server", "nombre_host"))
    return MessageRow._make(
        (
            *(number, digest.hex(), receiver, kind, state, title, rule, severity, *server),
            *(made_at, max(due_at, made_at) if is_waiting else None, attempts, tried_at, ended_at),
            *(error, carried_by, None if again_of is None else again_of.hex()),
        )
    )
