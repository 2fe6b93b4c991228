"""The numbers of records (id_serv): given in their order, without gaps, and never twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.store.engines import Connection, Database

Gap = tuple[int, int]  # the first and the last number, both included


class NumberStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def emptied_tables(self) -> list[str]:
        """The tables of reports and of tokens, where all rows were removed: no one of ours does."""
        with self._database.snapshot() as connection:
            return [name for (name,) in connection.execute(self._queries["emptied_tables"])]

    def last(self) -> int:
        """The greatest number that was ever given; 0 where none was."""
        with self._database.snapshot() as connection:
            return int(connection.execute(self._queries["last_number"]).fetchone()[0])

    def keep(self, last: int) -> None:
        """Gives no number up to this one any more. At least one record must have been stored."""
        with self._database.transaction() as connection:
            connection.execute(self._queries["keep_numbers"], {"last": last})

    def gaps(self) -> tuple[list[Gap], list[Gap]]:
        """The gaps that nobody noted yet, and the others."""
        with self._database.snapshot() as connection:
            return gaps(connection, self._queries)

    def note(self, found: Sequence[Gap], now: int) -> None:
        """Notes gaps, which are known then."""
        with self._database.transaction() as connection:
            for first, last in found:
                row = {"first_id": first, "last_id": last, "now": now}
                connection.execute(self._queries["note_gap"], row)


def gaps(connection: Connection, queries: Mapping[str, str]) -> tuple[list[Gap], list[Gap]]:
    """Ranges of numbers whose records were removed: those that nobody noted, and the others."""
    found = [
        (int(first), int(last)) for first, last in connection.execute(queries["missing_numbers"])
    ]
    (last_given,) = connection.execute(queries["last_number"]).fetchone()
    (greatest,) = connection.execute(queries["greatest_number"]).fetchone()
    if greatest < last_given:
        found.append((greatest + 1, last_given))
    noted = set(connection.execute(queries["noted_gaps"]).fetchall())
    return [gap for gap in found if gap not in noted], [gap for gap in found if gap in noted]
