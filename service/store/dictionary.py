"""Texts that many rows share, each kept once: programs (name and user) and accounts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

Texts = tuple[str | None, ...]

_MOST_REMEMBERED = 50_000  # a fleet knows a few thousand; names that never come twice may come


class Dictionary:
    """One dictionary table, by its queries: find_<kind> and add_<kind>.

    Rows are never changed or deleted, so an id that was committed stays true and is remembered.
    """

    def __init__(self, queries: Mapping[str, str], kind: str, parameters: tuple[str, ...]) -> None:
        self._find = queries[f"find_{kind}"]
        self._add = queries[f"add_{kind}"]
        self._parameters = parameters
        self._committed: dict[Texts, int] = {}
        self._found: dict[Texts, int] = {}

    def ids_of(self, connection: sqlite3.Connection, texts: Sequence[Texts]) -> Sequence[int]:
        """The id of each of these texts; the new ones are added. Call within a transaction."""
        known = map(self._committed.get, texts)
        return [
            self._find_or_add(connection, some) if an_id is None else an_id
            for an_id, some in zip(known, texts, strict=True)
        ]

    def _find_or_add(self, connection: sqlite3.Connection, texts: Texts) -> int:
        known = self._found.get(texts)
        if known is None:
            parameters = dict(zip(self._parameters, texts, strict=True))
            row = connection.execute(self._find, parameters).fetchone()
            if row is None:
                row = connection.execute(self._add, parameters).fetchone()
            known = self._found[texts] = int(row[0])
        return known

    def committed(self) -> None:
        """The transaction is on disk: what was found in it may be remembered."""
        if len(self._committed) > _MOST_REMEMBERED:
            self._committed.clear()
        self._committed.update(self._found)
        self._found.clear()

    def rolled_back(self) -> None:
        self._found.clear()
