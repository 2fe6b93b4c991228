"""Restores tags of servers from entries of the audit log, and describes the stored ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.auth.overlay_entries import Entry
from service.auth.tag_entries import TagTold
from service.store.engines import Database


class TagRecovery:
    """Its methods raise StorageUnavailableError."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database, self._queries = database, queries

    def stored(self) -> list[TagTold]:
        """All changes of tags, in their order."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["recorded_tags"]).fetchall()
        return [TagTold(*row) for row in rows]

    def apply(self, entries: Sequence[Entry[TagTold]]) -> int:
        """Adds what the database lacks, in the order of the entries. How many.

        What is told of a server that is not known is left out; so is what is older than what is
        stored of the same tag.
        """
        restored = 0
        with self._database.transaction() as connection:
            for told, by in ((entry.told, entry.by) for entry in entries):
                row = {
                    "identity": told.identity,
                    "sibling": told.sibling,
                    "key": told.key,
                    "value": told.value,
                    "since_at": told.since_at,
                    "told_at": told.told_at,
                    "told_by": by,
                }
                result = connection.execute(self._queries["restore_tag"], row)
                restored += result.fetchone() is not None
        return restored
