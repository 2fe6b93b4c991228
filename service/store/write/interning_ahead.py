"""Interns the texts of a large report before the transaction that stores it.

100,000 new texts take seconds, and every other writer would wait. So they are added in small
transactions, between which others have their turns. A row that no span uses yet means nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from typing import Final

from service.store.engines import Database
from service.store.write.interning import InternTable, Key, Values

FEW: Final = 1000  # texts that are left to the transaction that stores their report
_AT_ONCE = 2000  # texts a transaction
_PAUSE_SECONDS = 0.001  # so that a waiting thread gets the lock, which is not fair


def intern_ahead(database: Database, table: InternTable, rows: Sequence[Values]) -> list[int]:
    """The ids of the rows; empty if the rows are few. Raises StorageUnavailableError."""
    unknown = dict.fromkeys(rows)
    if len(unknown) <= FEW:
        return []
    keyed = table.keyed(unknown)
    with database.snapshot() as connection:
        ids = table.find(connection, keyed)
    missing = ((key, row) for key, row in keyed.items() if row not in ids)
    ordered = iter(sorted(missing, key=_in_index_order))
    while some := dict(islice(ordered, _AT_ONCE)):
        ids |= _intern(database, table, some)
        time.sleep(_PAUSE_SECONDS)
    return [ids[row] for row in rows]


def _in_index_order(pair: tuple[Key, Values]) -> tuple[bytes | str | int, ...]:
    """Neighbours are on the same page, which is then written once."""
    return tuple("" if part is None else part for part in pair[0])


def _intern(database: Database, table: InternTable, keyed: dict[Key, Values]) -> dict[Values, int]:
    with database.transaction() as connection:
        found = table.find(connection, keyed)
        return found | table.add(connection, keyed, found)
