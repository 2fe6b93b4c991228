"""Tells and revokes waivers. Each change is in the audit log before it is in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from service import times
from service.auth.audit_log import AuditLog
from service.auth.waiver_entries import Change, WaiverRevoked, WaiverTold
from service.errors import (
    InvalidParameterError,
    ServerNotFoundError,
    StorageUnavailableError,
    WaiverEndedError,
    WaiverNotFoundError,
)
from service.store.engines import Connection, Database
from service.store.waiver_format import Target, checked_end, key_of, reason_of


@dataclass(frozen=True, slots=True)
class NewWaiver:
    """What to waive. key: values of columns of the rule's `clave`; null for all.

    until_at: microseconds, a whole minute.
    """

    rule: str
    target: Target
    until_at: int
    reason: str
    key: Mapping[str, object] | None = None


class Waivers:
    """key_columns: the columns of a rule's `clave`, from its id and its file."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        key_columns: Callable[[str, str], Sequence[str]],
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries, self._audit = database, queries, audit
        self._key_columns, self._clock = key_columns, clock

    def waive(self, new: NewWaiver, by: str | None) -> int:
        """Waives a rule from now on; the number of the waiver.

        Raises InvalidParameterError, ServerNotFoundError, and StorageUnavailableError.
        """
        reason, recorded = reason_of(new.reason), list[Change]()
        try:
            with self._database.transaction() as connection:
                key = key_of(new.key, self._columns(connection, new.rule))
                identity, sibling = self._named(connection, new.target.server_id)
                (number,) = connection.execute(self._queries["next_waiver_id"]).fetchone()
                at = self._now(connection)
                checked_end(new.until_at, at, self._clock())
                tag_key, tag_value = new.target.tag or (None, None)
                told = WaiverTold(
                    number,
                    new.rule,
                    identity,
                    sibling,
                    tag_key,
                    tag_value,
                    new.target.network,
                    key,
                    reason,
                    at,
                    new.until_at,
                )
                recorded.append(told)
                self._audit.record([told], by)
                row = {
                    "id": number,
                    "rule": new.rule,
                    "server_id": new.target.server_id,
                    "tag_key": tag_key,
                    "tag_value": tag_value,
                    "network": new.target.network,
                    "key": key,
                    "reason": reason,
                    "told_by": by,
                    "at": at,
                    "until_at": new.until_at,
                }
                connection.execute(self._queries["add_waiver"], row)
        except BaseException:
            self._withdraw(recorded, by)
            raise
        return int(number)

    def revoke(self, waiver_id: int, by: str | None) -> None:
        """Ends a waiver from now on.

        Raises WaiverNotFoundError, WaiverEndedError, and StorageUnavailableError.
        """
        recorded = list[Change]()
        try:
            with self._database.transaction() as connection:
                at = self._told_at(connection, waiver_id)
                told = WaiverRevoked(waiver_id, at, self._now(connection))
                recorded.append(told)
                self._audit.record([told], by)
                ended = {"id": waiver_id, "revoked_at": told.revoked_at, "revoked_by": by}
                connection.execute(self._queries["revoke_waiver"], ended)
        except BaseException:
            self._withdraw(recorded, by)
            raise

    def _withdraw(self, recorded: Sequence[Change], by: str | None) -> None:
        if recorded:
            with suppress(StorageUnavailableError):
                self._audit.record([replace(told, is_withdrawn=True) for told in recorded], by)

    def _told_at(self, connection: Connection, waiver_id: int) -> int:
        """Of one that holds. Raises WaiverNotFoundError, WaiverEndedError."""
        query = self._queries["waiver_of_id"]
        row = connection.execute(query, {"id": waiver_id}).fetchone()
        if row is None:
            raise WaiverNotFoundError(waiver_id)
        at, until_at, revoked_at = row
        if revoked_at is not None or until_at <= self._clock():
            raise WaiverEndedError(waiver_id)
        return int(at)

    def _columns(self, connection: Connection, rule: str) -> Sequence[str]:
        row = None
        if rule.isprintable():  # no half of a surrogate pair, which an argument may have
            row = connection.execute(self._queries["rule_to_waive"], {"rule": rule}).fetchone()
        if row is None:
            raise InvalidParameterError("politica", f"no rule with id {rule[:64]!r} is in force")
        return self._key_columns(rule, row[0])

    def _named(
        self, connection: Connection, server_id: int | None
    ) -> tuple[str | None, int | None]:
        if server_id is None:
            return None, None
        query = self._queries["named_server"]
        row = connection.execute(query, {"server_id": server_id}).fetchone()
        if row is None:
            raise ServerNotFoundError(server_id)
        return row[0], row[1]

    def _now(self, connection: Connection) -> int:
        """Its times rise, and are after the newest record, also if our own clock was set back."""
        (last,) = connection.execute(self._queries["last_waiver_at"]).fetchone()
        return max(self._clock(), int(last) + 1)
