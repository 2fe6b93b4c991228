"""Retires servers. Each retirement is in the audit log before it is in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from service import times
from service.auth.audit_log import AuditLog
from service.auth.retirement_entries import Named, RetirementTold
from service.errors import (
    InvalidParameterError,
    ServerNotFoundError,
    ServerRetiredError,
    StorageUnavailableError,
)
from service.store.engines import Connection, Database

MOST_LETTERS = 500  # of a reason


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
    ) -> int:
        """Retires a server from now until its next report. Since when, in microseconds.

        successor_id: the server that took its place. Raises InvalidParameterError,
        ServerNotFoundError, ServerRetiredError, and StorageUnavailableError.
        """
        reason = _checked(reason)
        if successor_id == server_id:
            raise InvalidParameterError("por", "expected another server")
        recorded: RetirementTold | None = None
        try:
            with self._database.transaction() as connection:
                # Within the transaction, so that all that arrives later is stored later.
                server, placed_at = self._to_retire(connection, server_id)
                successor = None
                if successor_id is not None:
                    successor, _, _ = self._server(connection, successor_id)
                told = RetirementTold(server, self._now(connection, placed_at), reason, successor)
                recorded = told
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
        return told.at

    def _to_retire(self, connection: Connection, server_id: int) -> tuple[Named, int]:
        server, placed_at, is_retired = self._server(connection, server_id)
        if is_retired:
            raise ServerRetiredError(server_id)
        return server, placed_at

    def _server(self, connection: Connection, server_id: int) -> tuple[Named, int, bool]:
        """Its names, the place of its newest record, and whether it is retired."""
        query = self._queries["server_to_retire"]
        row = connection.execute(query, {"server_id": server_id}).fetchone()
        if row is None:
            raise ServerNotFoundError(server_id)
        return Named(row[0], row[1]), row[2], bool(row[3])

    def _now(self, connection: Connection, placed_at: int) -> int:
        """Moments before the newest record are closed, also if our own clock was set back."""
        (last,) = connection.execute(self._queries["last_retirement_at"]).fetchone()
        return max(self._clock(), int(last) + 1, placed_at + 1)


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
