"""Changes tags of servers. Each change is in the audit log before it is in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from service import times
from service.auth.audit_log import AuditLog
from service.auth.tag_entries import TagTold
from service.errors import (
    InvalidParameterError,
    ServerNotFoundError,
    StorageUnavailableError,
    TagNotFoundError,
)
from service.store.engines import Connection, Database
from service.store.read.tags import TagReader, Told
from service.store.tag_format import MOST_A_SERVER, RETIRE_AFTER, days_of, key_of, value_of


class TagEdit(NamedTuple):
    """What to tell of a tag. value: null to remove it.

    since_at: since when it holds, as people say; microseconds, null for now. It is shown, and
    decides nothing: until now, the service answered by what it was told.
    """

    server_id: int
    key: str
    value: str | None
    since_at: int | None = None


class TagChanges:
    """Tells tags. Its times rise, and no report that arrived later was stored before."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries = database, queries
        self._audit, self._clock = audit, clock
        self._reader = TagReader(queries)

    def tell(self, edits: Sequence[TagEdit], by: str | None) -> int:
        """Makes all changes at once, or none. How many; what is so already is none.

        by: who tells them. Raises InvalidParameterError, ServerNotFoundError, TagNotFoundError for
        one to remove that is not there, and StorageUnavailableError.
        """
        recorded: list[TagTold] = []
        try:
            with self._database.transaction() as connection:
                # Within the transaction, so that all that arrives later is stored later.
                changes = self._changes(connection, edits, self._now(connection))
                entries = [entry for _, entry in changes]
                if entries:
                    recorded = entries
                    self._audit.record(entries, by)
                    self._store(connection, changes, by)
        except BaseException:
            if recorded:
                withdrawn = [replace(entry, is_withdrawn=True) for entry in recorded]
                with suppress(StorageUnavailableError):
                    self._audit.record(withdrawn, by)
            raise
        return len(changes)

    def _now(self, connection: Connection) -> int:
        """Its times rise, and are after the newest record, also if our own clock was set back."""
        (last,) = connection.execute(self._queries["last_told_at"]).fetchone()
        return max(self._clock(), int(last) + 1)

    def _changes(
        self, connection: Connection, edits: Sequence[TagEdit], now: int
    ) -> list[tuple[int, TagTold]]:
        known: dict[int, dict[str, tuple[str, int]]] = {}  # value and since_at, by key
        found: list[tuple[int, TagTold]] = []
        for edit in edits:
            since_at = _checked_since(edit, now)
            identity, sibling = self._server(connection, edit.server_id)
            if edit.server_id not in known:
                tags = self._reader.of_server(connection, edit.server_id, Told())
                known[edit.server_id] = {tag.key: (tag.value, tag.since_at) for tag in tags}
            if _change(known[edit.server_id], edit, since_at):
                told = TagTold(identity, sibling, edit.key, edit.value, since_at, now)
                found.append((edit.server_id, told))
        return found

    def _server(self, connection: Connection, server_id: int) -> tuple[str, int]:
        query = self._queries["named_server"]
        row = connection.execute(query, {"server_id": server_id}).fetchone()
        if row is None:
            raise ServerNotFoundError(server_id)
        return str(row[0]), int(row[1])

    def _store(
        self, connection: Connection, changes: Sequence[tuple[int, TagTold]], by: str | None
    ) -> None:
        (after,) = connection.execute(self._queries["report_before_tags"]).fetchone()
        for server_id, told in changes:
            row = {
                "server_id": server_id,
                "key": told.key,
                "value": told.value,
                "since_at": told.since_at,
                "told_at": told.told_at,
                "told_by": by,
                "after_report_id": after,
            }
            connection.execute(self._queries["add_tag_change"], row)


def _checked_since(edit: TagEdit, now: int) -> int:
    """Since when it is said to hold. Raises InvalidParameterError for any fault of the edit."""
    key_of(edit.key)
    if edit.value is not None:
        value_of(edit.value)
        if edit.key == RETIRE_AFTER:
            days_of(edit.value)  # a slip would retire a server that was to stay
    since_at = now if edit.since_at is None else edit.since_at
    if since_at > now:
        raise InvalidParameterError("desde", "expected a time that is not in the future")
    return since_at


def _change(tags: dict[str, tuple[str, int]], edit: TagEdit, since_at: int) -> bool:
    """Whether it changes the tags of a server; it does so here."""
    before = tags.get(edit.key)
    if edit.value is None:
        if before is None:
            raise TagNotFoundError(edit.key)
        del tags[edit.key]
        return True
    is_same_time = edit.since_at is None or (before is not None and before[1] == since_at)
    if before is not None and before[0] == edit.value and is_same_time:
        return False
    if before is None and len(tags) >= MOST_A_SERVER:
        raise InvalidParameterError("clave", f"expected at most {MOST_A_SERVER} tags on a server")
    tags[edit.key] = edit.value, since_at
    return True
