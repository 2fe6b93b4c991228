"""Retires servers. Each retirement is in the audit log before it is in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from service import times
from service.auth.audit_log import AuditLog
from service.auth.overlay_entries import Named
from service.auth.retirement_entries import RetirementTold
from service.errors import (
    InvalidParameterError,
    ServerNotFoundError,
    ServerRetiredError,
    StorageUnavailableError,
)
from service.store.engines import Connection, Database

MOST_LETTERS = 500  # of a reason


class _Server(NamedTuple):
    """heard_at: when its newest record arrived."""

    named: Named
    heard_at: int
    is_retired: bool


class Retirements:
    """Its times rise, and no report that arrived later was stored before."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries = database, queries
        self._audit, self._clock = audit, clock

    def retire(
        self, server_id: int, reason: str, by: str | None, successor_id: int | None = None
    ) -> None:
        """Retires a server from now until its next report.

        successor_id: the server that took its place. Raises InvalidParameterError,
        ServerNotFoundError, ServerRetiredError, and StorageUnavailableError.
        """
        if successor_id == server_id:
            raise InvalidParameterError("sucesor", "expected another server")
        self._retire(server_id, reason, by, successor_id)

    def retire_unheard(self, server_id: int, reason: str, by: str, heard_at: int) -> bool:
        """Retires a server unless it was heard after this. Whether it did. Raises as retire()."""
        return self._retire(server_id, reason, by, heard_at=heard_at)

    def _retire(
        self,
        server_id: int,
        reason: str,
        by: str | None,
        successor_id: int | None = None,
        heard_at: int | None = None,
    ) -> bool:
        recorded: RetirementTold | None = None
        reason = _checked(reason)
        try:
            with self._database.transaction() as connection:
                # Within the transaction, so that all that arrives later is stored later.
                server = self._to_retire(connection, server_id)
                if heard_at is not None and server.heard_at > heard_at:
                    return False
                successor = (
                    None if successor_id is None else self._server(connection, successor_id).named
                )
                at = self._now(connection)
                told = recorded = RetirementTold(server.named, at, reason, successor)
                self._audit.record([told], by)
                row = {
                    "server_id": server_id,
                    "at": told.at,
                    "reason": reason,
                    "told_by": by,
                    "successor_id": successor_id,
                }
                connection.execute(self._queries["add_retirement"], row)
        except BaseException:
            if recorded is not None:
                with suppress(StorageUnavailableError):
                    self._audit.record([replace(recorded, is_withdrawn=True)], by)
            raise
        return True

    def _to_retire(self, connection: Connection, server_id: int) -> _Server:
        server = self._server(connection, server_id)
        if server.is_retired:
            raise ServerRetiredError(server_id)
        return server

    def _server(self, connection: Connection, server_id: int) -> _Server:
        query = self._queries["server_to_retire"]
        row = connection.execute(query, {"server_id": server_id}).fetchone()
        if row is None:
            raise ServerNotFoundError(server_id)
        return _Server(Named(row[0], row[1]), row[2], bool(row[3]))

    def _now(self, connection: Connection) -> int:
        """Its times rise, and are after the newest record, also if our own clock was set back."""
        now = self._clock()
        (last,) = connection.execute(self._queries["last_retirement_at"], {"now": now}).fetchone()
        return max(now, int(last) + 1)


def _checked(reason: str) -> str:
    """Raises InvalidParameterError."""
    text = reason.strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        text = ""
    if not 0 < len(text) <= MOST_LETTERS or any(ord(letter) < 32 for letter in text):
        raise InvalidParameterError(
            "motivo", f"expected why it is retired, in one line of at most {MOST_LETTERS} letters"
        )
    return text
