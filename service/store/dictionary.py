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

    def known(self, connection: sqlite3.Connection, texts: Sequence[Texts]) -> Sequence[int] | None:
        """The id of each of these texts; null if any is new. Call within a snapshot."""
        ids = list(map(self._committed.get, texts))
        for at, some in enumerate(texts):
            if ids[at] is None:
                row = self._select(connection, some)
                if row is None:
                    return None
                ids[at] = self._committed[some] = row
        return ids  # type: ignore[return-value]  # no null is left

    def ids_of(self, connection: sqlite3.Connection, texts: Sequence[Texts]) -> Sequence[int]:
        """The id of each of these texts; the new ones are added. Call within a transaction."""
        known = map(self._committed.get, texts)
        return [
            self._find_or_add(connection, some) if an_id is None else an_id
            for an_id, some in zip(known, texts, strict=True)
        ]

    def _find_or_add(self, connection: sqlite3.Connection, texts: Texts) -> int:
        known = self._found.get(texts) or self._select(connection, texts)
        if known is None:
            row = connection.execute(self._add, self._named(texts)).fetchone()
            known = int(row[0])
        self._found[texts] = known
        return known

    def _select(self, connection: sqlite3.Connection, texts: Texts) -> int | None:
        row = connection.execute(self._find, self._named(texts)).fetchone()
        return None if row is None else int(row[0])

    def _named(self, texts: Texts) -> dict[str, str | None]:
        return dict(zip(self._parameters, texts, strict=True))

    def committed(self) -> None:
        """The transaction is on disk: what was found in it may be remembered."""
        if len(self._committed) > _MOST_REMEMBERED:
            self._committed.clear()
        self._committed.update(self._found)
        self._found.clear()

    def rolled_back(self) -> None:
        self._found.clear()
